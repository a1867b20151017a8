import Digesting
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Selecting
import Testing

/// Files that etcd 3.4 and etcd-backup-restore 0.20 wrote, with what is known of them (../shared/data/INDEX.md).
@Suite(
  "Real files of etcd", .enabled(if: ConformanceData.folder("data/etcd") != nil && EtcdBench.isInstalled, "\(ConformanceData.absence)"))
struct RealSnapshotTests {
  private var data: String { ConformanceData.folder("data/etcd") ?? "" }

  @Test("a snapshot of etcdctl has its six keys at revision 13") func plain() async throws {
    let bench = try EtcdBench()
    try await bench.restore("\(data)/snapshot_swathi_root.db") { probes, report in
      #expect(try await EtcdBench.count(probes) == 6)
      #expect(try await EtcdBench.count(probes, "mykey") == 4)
      #expect(try await probes.keys?.revision(timeout: EtcdBench.minute) == 13)
      #expect(report.engineTime > .zero)
      let deep = try #require(try await probes.deep?.check(.full, timeout: EtcdBench.minute))
      #expect(deep.findings == [])
      #expect(deep.scope.contains("6 keys"))
    }
  }

  @Test("a snapstore of version 2 is restored with its deltas to revision 16") func snapstore() async throws {
    let bench = try EtcdBench()
    let store = "\(data)/gardener-v2-snapstore/etcd-main"
    let survey = try await bench.survey(store)
    #expect(survey.rejected.isEmpty)
    #expect(survey.candidates.map(\.chain.count) == [0, 1, 2, 3, 4])
    try await bench.restore(store: store) { probes, report in
      #expect(try await EtcdBench.count(probes) == 8)
      #expect(try await EtcdBench.count(probes, "/reg/") == 8)
      #expect(try await probes.keys?.revision(timeout: EtcdBench.minute) == 16)
      let digests = try await probes.keys?.digests(
        ofValues: [Array("/reg/bin".utf8), Array("/reg/leased".utf8), Array("/reg/a2".utf8)], database: nil, timeout: EtcdBench.minute)
      #expect(digests == [SHA256.digest(of: [0x62, 0x69, 0x6E, 0x00, 0xFF, 0xFE]), SHA256.digest(of: Array("hello".utf8)), nil])
      #expect(report.notes.contains { $0.contains("leases are lost") })
      // The name of the last delta says 1795253942; the event itself came before it.
      let newest = try #require(report.dataTime)
      #expect(newest < Timestamp(seconds: 1_795_253_942))
      #expect(try await probes.deep?.check(.full, timeout: EtcdBench.minute).findings == [])
    }
  }

  @Test("without its last delta the store is an older recovery point, and says so") func withoutLast() async throws {
    let bench = try EtcdBench()
    let store = "\(data)/gardener-v2-snapstore/etcd-main"
    let points = try await bench.survey(store).candidates
    let older = try #require(points.dropLast().last)
    #expect(older.time == Timestamp(seconds: 1_795_253_866))
    #expect(points.last?.time == Timestamp(seconds: 1_795_253_942))
    try await bench.restore(store: store, point: older) { probes, _ in
      let (count, revision) = (try await EtcdBench.count(probes), try await probes.keys?.revision(timeout: EtcdBench.minute))
      #expect(count == 7)
      #expect(revision == 15)
    }
  }
}
