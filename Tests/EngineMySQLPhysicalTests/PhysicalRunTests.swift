import DrillTestSupport
import Foundation
import Glibc
import Testing

@Suite(
  "Whole runs of physical backups of MariaDB", .serialized, .enabled(if: PhysicalSample.isInstalled, "\(PhysicalSample.absence)"))
struct PhysicalRunTests {
  /// A site with a full and two incremental backups in directories, and logs.
  private func site(logs: Bool = true) async throws -> ScratchSite {
    let sample = try await PhysicalSample.shared()
    let site = ScratchSite()
    for (index, name) in ["full", "inc1", "inc2"].enumerated() {
      let age = Duration.seconds(7200 * (4 - index))
      let place = "\(site.path)/backups/\(name)_\(BackupStamp.ago(age))"
      try HostProgram.run("/bin/cp", ["-r", "\(sample.path)/\(name)", place])
      site.setAge(place, age)
    }
    try HostProgram.run("/bin/cp", ["-r", sample.logs, "\(site.path)/logs"])
    site.drill(
      "d",
      """
      backup: {from: ../backups, match: "*_%Y%m%d_%H%M%S", settle: 0\(logs ? ", logs: {from: ../logs}" : "")}
      restore: {engine: mysql-physical}
      checks:
        - rows: {table: orders, equals: 4992}
        - engine: {level: full}

      """)
    return site
  }

  @Test("a chain with logs passes, is dated by its logs, and names every artefact")
  func whole() async throws {
    let site = try await site()
    let run = await site.runJSON("d")
    #expect(run.record["verdict"].text == "passed", "\(run.said)")
    #expect(run.record["recovery_point"]["time_origin"].text == "metadata")
    #expect(run.record["recovery_point"]["artefacts"].items.count == 4, "\(run.said)")
    #expect(site.scratchEntries.isEmpty)
  }

  /// With the first incremental backup gone, so that the second continues nothing.
  private func broken(logs: Bool) async throws -> ScratchSite {
    let site = try await site(logs: logs)
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(site.path)/backups")
    let gone = try #require(names.first { $0.hasPrefix("inc1") })
    try FileManager.default.removeItem(atPath: "\(site.path)/backups/\(gone)")
    return site
  }

  @Test("a missing incremental backup is never green")
  func missing() async throws {
    let run = await (try await broken(logs: false)).runJSON("d")
    #expect(run.record["verdict"].text == "failed", "\(run.said)")
    #expect(run.said.contains("what it continues is missing"))
  }

  @Test("a missing incremental backup that the logs make up for is told, and does not fail the run")
  func bridged() async throws {
    let run = await (try await broken(logs: true)).runJSON("d")
    #expect(run.record["verdict"].text == "passed", "\(run.said)")
    #expect(run.record["recovery_point"]["rejected"].items.count == 1)
  }

  @Test("killed in any phase: nothing lives on, cleanup finishes, and the next run passes")
  func killed() async throws {
    let site = try await site()
    for step in ["began provision", "began restore", "ended restore", "began recover", "ended recover", "began verify", "began cleanup"] {
      let killed = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": step])
      #expect(killed.status == 128 + SIGKILL, "\(step): \(killed.said)")
      for _ in 0..<200 where !HostProcesses.withArgument(site.path).isEmpty { try await Task.sleep(for: .milliseconds(25)) }
      #expect(HostProcesses.withArgument(site.path).isEmpty, "\(step)")
      let cleanup = await site.run("cleanup")
      #expect(cleanup.status == 0 && site.scratchEntries.isEmpty, "\(step): \(cleanup.said)")
    }
    let next = await site.runJSON("d")
    #expect(next.record["verdict"].text == "passed", "\(next.said)")
  }
}
