import DrillModel
import DrillTestSupport
import Foundation
import Glibc
import Testing

@testable import EngineEtcd

/// Whole runs of the program over a snapstore.
@Suite("Drills of etcd", .serialized, .enabled(if: EtcdBench.isInstalled, "etcd-server and etcd-client are not installed"))
struct EtcdRunTests {
  private static let drill = """
    objectives: {rpo: 26h}
    backup: {from: ../backups, match: "v2/*"}
    restore: {engine: etcd}
    checks:
      - keys: {prefix: /reg/late, equals: 20}
      - keys: {prefix: /reg/, min: 30, required: [/reg/a1], absent: [/reg/txn1], revision: {equals: 41}}
      - engine: {level: full}

    """

  /// A site with a store whose last delta is an hour old.
  private func site() async throws -> ScratchSite {
    let material = try await EtcdMaterial.shared.value
    let site = ScratchSite()
    let now = Int64(time(nil))
    let history = material.history.shifted(to: now - 4000)
    let files: [(String, [UInt8], Int64)] = [
      ("Full-00000000-00000011-\(now - 7000)", material.early, 7000),
      ("Incr-00000012-00000020-\(now - 6000).zlib", try SampleStore.zlib(SampleStore.delta(history.events(12...20))), 6000),
      ("Incr-00000021-00000030-\(now - 5000).gz", try SampleStore.gzip(SampleStore.delta(history.events(21...30))), 5000),
      ("Incr-00000031-00000041-\(now - 3900)", SampleStore.delta(history.events(31...41)), 3900),
    ]
    mkdir("\(site.path)/backups/v2", 0o755)
    for (name, bytes, age) in files { site.backup("v2/\(name)", bytes, age: .seconds(age)) }
    site.drill("d", Self.drill)
    return site
  }

  @Test("a store is selected, restored, rolled forward and checked; the record names every artefact and the newest event's time")
  func passes() async throws {
    let site = try await site()
    let result = await site.runJSON("d")
    let record = result.record
    #expect(result.status == 0 && record["verdict"].text == "passed", "\(result.said)")
    #expect(record["recovery_point"]["artefacts"].items.count == 4)
    #expect(record["recovery_point"]["time_origin"].text == "metadata")
    let phases = record["rto"]["phases"].items.compactMap { $0["name"].text }
    #expect(phases.contains("recover") && phases.contains("ready"), "\(phases)")
    #expect(site.scratchEntries.isEmpty)
    let plan = await site.run("plan", "d")
    #expect(plan.status == 0, "\(plan.said)")
  }

  @Test("without its middle delta the run fails, though an older point restores") func withoutMiddle() async throws {
    let site = try await site()
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(site.path)/backups/v2")
    let middle = try #require(names.first { $0.contains("00000021-00000030") })
    unlink("\(site.path)/backups/v2/\(middle)")
    let result = await site.runJSON("d")
    #expect(result.status == 1 && result.record["verdict"].text == "failed", "\(result.said)")
    #expect(result.said.contains("middle delta is missing"), "\(result.said)")
  }

  @Test("without its last delta the run is of an older recovery point") func withoutLast() async throws {
    let site = try await site()
    let whole = await site.runJSON("d").record["rpo"]["artefact_age_s"].number ?? 0
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(site.path)/backups/v2")
    let last = try #require(names.first { $0.contains("00000031-00000041") })
    unlink("\(site.path)/backups/v2/\(last)")
    let record = await site.runJSON("d").record
    // The checks miss what the last delta brought, and the age shows how much older the point is.
    #expect(record["verdict"].text == "failed")
    #expect((record["rpo"]["artefact_age_s"].number ?? 0) >= whole + 9)
  }

  @Test("an empty place, and one without a full snapshot, have nothing to restore") func nothing() async throws {
    let site = try await site()
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(site.path)/backups/v2")
    for name in names where name.hasPrefix("Full-") { unlink("\(site.path)/backups/v2/\(name)") }
    var result = await site.runJSON("d")
    #expect(result.status == 1 && result.said.contains("no full snapshot"), "\(result.said)")
    for name in names { unlink("\(site.path)/backups/v2/\(name)") }
    result = await site.runJSON("d")
    #expect(result.status == 1 && result.record["verdict"].text == "failed", "\(result.said)")
  }

  @Test(
    "killed in any phase: no process lives on, cleanup finishes, and the next run passes",
    arguments: [
      "began fetch", "began provision", "began restore", "ended restore", "began recover", "ended recover", "began verify", "began cleanup",
    ])
  func killed(_ step: String) async throws {
    let site = try await site()
    let killed = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": step])
    #expect(killed.status == 128 + SIGKILL, "\(killed.said)")
    var left: [Int32] = []
    for _ in 0..<800 {
      left = HostProcesses.withArgument(site.path)
      if left.isEmpty { break }
      try await Task.sleep(for: .milliseconds(25))
    }
    #expect(left.isEmpty)
    let cleanup = await site.run("cleanup")
    #expect(cleanup.status == 0 && site.scratchEntries.isEmpty, "\(cleanup.said)")
    let next = await site.runJSON("d")
    #expect(next.record["verdict"].text == "passed", "\(next.said)")
  }
}
