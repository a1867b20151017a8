import Digesting
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Testing

@testable import EngineEtcd

/// Backups that look odd and are good.
@Suite("Odd but good backups of etcd", .enabled(if: EtcdBench.isInstalled, "etcd-server and etcd-client are not installed"))
struct OddityTests {
  /// Restores a store and expects all of the history in it.
  private func expectWhole(_ files: [String: [UInt8]], _ look: (Probes, RestoreReport) async throws -> Void = { _, _ in }) async throws {
    let material = try await EtcdMaterial.shared.value
    let bench = try EtcdBench()
    try await bench.restore(store: try bench.write(files)) { probes, report in
      let (revision, count) = (try await probes.keys?.revision(timeout: EtcdBench.minute), try await EtcdBench.count(probes))
      #expect(revision == material.history.revision)
      #expect(count == material.history.count)
      let digests = try await EtcdBench.digests(probes, ["/reg/a1", "/reg/a9", "/reg/txn1", "/reg/txn3", "/reg/bin", "/reg/late20"])
      let values: [[UInt8]?] = [
        Array("second 1".utf8), Array("again".utf8), nil, [0, 255, 3], [], Array("late 20".utf8),
      ]
      #expect(digests == values.map { $0.map { SHA256.digest(of: $0) } })
      #expect(report.dataTime == Timestamp(seconds: 1_795_250_000 + material.history.revision))
      try await look(probes, report)
    }
  }

  @Test("a store without compression, in production's durability") func plain() async throws {
    try await expectWhole(try await EtcdMaterial.shared.value.store) { probes, _ in
      let deep = try await probes.deep?.check(.full, timeout: EtcdBench.minute)
      #expect(deep?.findings == [])
    }
  }

  @Test("every compression, mixed in one store, and the mark of a final full snapshot") func compressions() async throws {
    let material = try await EtcdMaterial.shared.value
    try await expectWhole([
      "\(EtcdMaterial.fullName).Z": SampleStore.lzw(material.early),
      "\(EtcdMaterial.firstName).zlib": try SampleStore.zlib(material.delta(12...20)),
      "\(EtcdMaterial.middleName).Z": SampleStore.lzw(material.delta(21...30)),
      "\(EtcdMaterial.lastName).gz": try SampleStore.gzip(material.delta(31...41)),
    ])
    try await expectWhole([
      "\(EtcdMaterial.fullName).zlib.final": try SampleStore.zlib(material.early), EtcdMaterial.firstName: material.delta(12...20),
      EtcdMaterial.middleName: material.delta(21...30), EtcdMaterial.lastName: material.delta(31...41),
    ])
  }

  @Test("the layout of version 1, beside that of version 2, with strangers and chunks") func layouts() async throws {
    let material = try await EtcdMaterial.shared.value
    try await expectWhole([
      "v1/Backup-1795250100/Full-00000000-00000011-1795250100": material.early,
      "v1/Backup-1795250100/Incr-00000012-00000020-1795250200": material.delta(12...20),
      "v2/Incr-00000021-00000030-1795250300": material.delta(21...30), "v2/Incr-00000031-00000041-1795250400": material.delta(31...41),
      "notes.txt": Array("hello".utf8), "v2/Full-00000000-00000041-1795250500/00001": [1, 2, 3],
    ])
  }

  @Test("a full snapshot ahead of its name: what its first delta repeats is skipped") func ahead() async throws {
    let material = try await EtcdMaterial.shared.value
    try await expectWhole([
      "v2/Full-00000000-00000011-1795250100": material.later, "v2/Incr-00000012-00000025-1795250200": material.delta(12...25),
      "v2/Incr-00000026-00000041-1795250300": material.delta(26...41),
    ]) { _, report in #expect(report.notes.contains { $0.contains("full snapshot already holds") }) }
  }

  @Test("a delta that the full snapshot holds wholly") func covered() async throws {
    let material = try await EtcdMaterial.shared.value
    try await expectWhole([
      "v2/Full-00000000-00000020-1795250150": material.later, "v2/Incr-00000012-00000021-1795250200": material.delta(12...21),
      "v2/Incr-00000022-00000041-1795250300": material.delta(22...41),
    ])
  }

  @Test("JSON written otherwise: spaces, names for types, unknown fields, escapes, previous values") func otherJSON() async throws {
    let material = try await EtcdMaterial.shared.value
    let json = String(decoding: material.delta(12...20).dropLast(32), as: UTF8.self)
      .replacingOccurrences(of: "\"type\":1", with: "\"type\" : \"DELETE\"")
      .replacingOccurrences(
        of: "{\"etcdEvent\":{", with: "\n { \"extra\": [1, {\"a\": null}, \"x\\\"y\"], \"etcdEvent\": {\"prev_kv\":{\"key\":\"YQ==\"},"
      )
      .replacingOccurrences(of: "/", with: "\\/")
    var store = material.store
    store[EtcdMaterial.firstName] = SampleStore.sealed(json)
    try await expectWhole(store)
  }

  @Test("a copied database is taken where the drill says so") func withoutHash() async throws {
    let material = try await EtcdMaterial.shared.value
    var bench = try EtcdBench()
    bench.options.skipsHashCheck = true
    let path = try bench.scratch.file("db", material.later.dropLast(32))
    try await bench.restore(path) { probes, report in
      let revision = try await probes.keys?.revision(timeout: EtcdBench.minute)
      #expect(revision == 21)
      #expect(report.notes.contains { $0.contains("no hash") })
    }
    // A file that carries one is checked all the same.
    var flipped = material.later
    flipped[9000] ^= 1
    #expect(try await bench.fault(snapshot: flipped)?.code == .checksumMismatch)
  }

  @Test("a snapshot of a server with passwords and short leases keeps every key, for everyone") func authenticated() async throws {
    let scratch = try EngineScratch()
    let server = try await SampleEtcd("\(scratch.path)/sample")
    try server.control("put", "/a", "1")
    let lease = try server.control("lease", "grant", "1").split(separator: " ")[1]
    try server.control("put", "--lease=\(lease)", "/leased", "2")
    try server.control("user", "add", "root:secret")
    try server.control("auth", "enable")
    let path = "\(scratch.path)/auth.db"
    try server.control("--user=root:secret", "snapshot", "save", path)
    await server.stop()
    let bench = try EtcdBench()
    try await bench.restore(path) { probes, report in
      #expect(report.notes.contains { $0.contains("authentication was on in the backup (1 users)") })
      #expect(report.notes.contains { $0.contains("1 leases") })
      try await Task.sleep(for: .seconds(3))
      let (count, revision) = (try await EtcdBench.count(probes), try await probes.keys?.revision(timeout: EtcdBench.minute))
      #expect(count == 2)
      #expect(revision == 3)
      let deep = try await probes.deep?.check(.full, timeout: EtcdBench.minute)
      #expect(deep?.findings == [])
    }
  }

  @Test("a snapshot of a server that holds nothing is restored; that it holds nothing is the checks' to judge") func empty() async throws {
    let scratch = try EngineScratch()
    let server = try await SampleEtcd("\(scratch.path)/sample")
    let path = try scratch.file("empty.db", try server.snapshot())
    await server.stop()
    try await EtcdBench().restore(path) { probes, _ in
      let (count, revision) = (try await EtcdBench.count(probes), try await probes.keys?.revision(timeout: EtcdBench.minute))
      #expect(count == 0)
      #expect(revision == 1)
    }
  }

  @Test("large values, keys of any bytes, and a revision that deletes a thousand keys") func large() async throws {
    let material = try await EtcdMaterial.shared.value
    var history = material.history
    let value = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    history.put([("/large", value)])
    history.put([("\u{1}\n<script>$(id) \u{202E}", Array("odd".utf8))])
    let many = (0..<1000).map { "/many/\($0)" }
    history.put(many.map { ($0, [1]) })
    history.delete(many)
    for number in 0..<300 {
      history.put("/flip", "\(number)")
      if number % 3 == 2 { history.delete(["/flip"]) }
    }
    var store = material.store
    let last = history.revision
    store["v2/Incr-00000042-\(last)-1795250500"] = SampleStore.delta(history.events(42...last))
    let bench = try EtcdBench()
    let count = history.count
    try await bench.restore(store: try bench.write(store)) { probes, _ in
      let (found, revision) = (try await EtcdBench.count(probes), try await probes.keys?.revision(timeout: EtcdBench.minute))
      #expect(found == count)
      #expect(revision == last)
      let digests = try await EtcdBench.digests(probes, ["/large", "\u{1}\n<script>$(id) \u{202E}", "/many/7", "/flip"])
      #expect(digests == [SHA256.digest(of: value), SHA256.digest(of: Array("odd".utf8)), nil, nil])
    }
  }
}
