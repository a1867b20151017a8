import DrillTestSupport
import Foundation
import Glibc
import Testing

@Suite("Runs of physical drills", .serialized, .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct PhysicalRunTests {
  private static let checks = """
    checks:
      - query: {sql: "select count(*) from t where id = 2001", equals: 1}
      - query: {sql: "select count(*) from t where id > 2001", equals: 0}
    """

  /// A site with the drill `d`: a base backup with its log, to be recovered to the restore point.
  private func site(_ target: String = "{name: before_loss}", checks: String = PhysicalRunTests.checks) async throws -> ScratchSite {
    let site = ScratchSite()
    let sample = try await SampleCluster.shared.value
    let name = "base_\(BackupStamp.ago(.seconds(7200)))"
    try HostProgram.run("/bin/cp", ["-r", sample.plain, "\(site.path)/backups/\(name)"])
    try HostProgram.run("/bin/cp", ["-r", sample.log, "\(site.path)/wal"])
    site.setAge("\(site.path)/backups/\(name)", .seconds(7200))
    site.drill(
      "d",
      """
      backup: {from: ../backups, match: "base_%Y%m%d_%H%M%S", logs: {from: ../wal}}
      restore: {engine: postgresql-physical, target: \(target)}
      \(checks)
      """)
    return site
  }

  @Test("a passed run has a recover phase, the log in its record, and the last transaction as its recovery point") func passes()
    async throws
  {
    let site = try await site()
    let result = await site.runJSON("d")
    #expect(result.record["verdict"].text == "passed", "\(result.said)")
    #expect(result.stdout.contains("\"recover\"") && result.record["recovery_point"]["time_origin"].text == "metadata")
    #expect(
      result.record["environment"]["engine"].text?.hasPrefix("postgresql 15") == true || SamplePostgreSQL.binaries?.contains("15") != true)
    #expect(site.scratchEntries.isEmpty)
  }

  @Test("a hole in the log fails the run, and says which segment") func fails() async throws {
    let site = try await site("latest")
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(site.path)/wal").filter { $0.count == 24 }.sorted()
    try FileManager.default.removeItem(atPath: "\(site.path)/wal/\(names[names.count - 2])")
    let result = await site.runJSON("d")
    #expect(result.status == 1 && result.stdout.contains("has a hole: \(names[names.count - 2])"), "\(result.said)")
    #expect(site.scratchEntries.isEmpty)
  }

  @Test("killed in every phase, nothing lives on, cleanup finishes, and the next run passes") func killed() async throws {
    let site = try await site()
    for phase in ["select", "provision", "fetch", "restore", "recover", "ready", "verify", "cleanup"] {
      for moment in ["began", "ended"] where !(moment == "ended" && ["select", "fetch", "ready"].contains(phase)) {
        let killed = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": "\(moment) \(phase)"])
        #expect(killed.status == 128 + SIGKILL, "\(moment) \(phase): \(killed.said)")
        try await expectNothing(site, "\(moment) \(phase)")
      }
    }
    // In the middle of a recovery, at moments that nobody chose.
    for milliseconds in [900, 1400, 2000] {
      let command = site.start(["run", "d", "--json"])
      try await Task.sleep(for: .milliseconds(milliseconds))
      command.signal(SIGKILL)
      _ = await command.result()
      try await expectNothing(site, "after \(milliseconds) ms")
    }
    let next = await site.runJSON("d")
    #expect(next.record["verdict"].text == "passed", "\(next.said)")
    #expect(await site.run("audit", "verify").status == 0)
  }

  private func expectNothing(_ site: ScratchSite, _ what: String) async throws {
    var left: [Int32] = []
    for _ in 0..<800 {
      left = HostProcesses.withArgument(site.path)
      if left.isEmpty { break }
      try await Task.sleep(for: .milliseconds(25))
    }
    #expect(left.isEmpty, "\(what): \(left.map { TextFile.read("/proc/\($0)/cmdline").replacing("\0", with: " ") })")
    let cleanup = await site.run("cleanup")
    #expect(cleanup.status == 0 && site.scratchEntries.isEmpty, "\(what): \(cleanup.said)")
  }
}
