import DrillTestSupport
import Foundation
import Glibc
import Testing

@Suite("Runs of drills of repositories", .serialized, .enabled(if: SampleRepositories.isPossible, "\(SampleRepositories.absence)"))
struct ToolRunTests {
  /// A site with the drill `d` of a copy of an encrypted repository, or of Barman's home, that a script may damage.
  private func site(_ tool: ToolBench.Tool = .pgBackRest, more: String = "", _ script: String = "true") async throws -> ScratchSite {
    let site = ScratchSite()
    let sample = try await SampleRepositories.shared.value.folder.path
    let names = tool == .barman ? ["home", "barman.conf"] : ["repo2", "pgbackrest.conf"]
    for name in names { try HostProgram.run("/bin/cp", ["-a", "\(sample)/\(name)", "\(site.path)/\(name)"]) }
    try HostProgram.run("/bin/bash", ["-ec", "sed -i 's,\(sample),\(site.path),g' \(names[1])\n" + script], directory: site.path)
    let from = tool == .barman ? "barman:srv\", config: ../barman.conf" : "pgbackrest:main\", config: ../pgbackrest.conf, repo: 2"
    site.drill(
      "d",
      """
      objectives: {rpo: 1h}
      backup: {from: "\(from), settle: 1s}
      restore: {engine: postgresql-physical}
      \(more)
      checks:
        - query: {sql: "select count(*) from t where id = 5001", equals: 1}
        - engine: {level: full}
      """)
    return site
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

  @Test("a run passes, its record names what the tool read, and no secret is anywhere", arguments: [ToolBench.Tool.pgBackRest, .barman])
  func passes(_ tool: ToolBench.Tool) async throws {
    let site = try await site(tool)
    let result = await site.runJSON("d")
    let record = result.record
    #expect(record["verdict"].text == "passed", "\(result.said)")
    #expect(record["recovery_point"]["time_origin"].text == "metadata" && record["rpo"]["verdict"].text == "met", "\(result.stdout)")
    #expect(result.stdout.contains("\"recover\"") && result.stdout.contains(tool == .barman ? "backup.info" : "backup.manifest"))
    #expect(result.stdout.contains(" files\"") && result.stdout.contains("no digest of the backup's bytes"))
    #expect(site.scratchEntries.isEmpty)
    #expect(!(result.said + site.durableText).contains(SampleRepositories.passPhrase))
    let plan = await site.run("plan", "d")
    #expect(
      plan.status == 0 && plan.stdout.contains(tool == .barman ? "Barman backup of PostgreSQL" : "pgBackRest full backup"), "\(plan.said)")
  }

  @Test("a tool that hangs fails at its deadline, and is gone") func hangs() async throws {
    // Reading a pipe that nobody writes never ends.
    let site = try await site(
      more: "deadlines: {restore: 3s}", "f=$(ls repo2/backup/main/*F/backup.manifest); rm $f $f.copy; mkfifo $f; chmod 666 $f")
    let result = await site.runJSON("d")
    #expect(result.record["verdict"].text == "failed" && result.stdout.contains("did not end within its deadline"), "\(result.said)")
    try await expectNothing(site, "after the deadline")
  }

  @Test("killed while the tool restores, nothing lives on and nothing is left; the next run passes") func killed() async throws {
    let site = try await site()
    for moment in ["began restore", "ended restore"] {
      let killed = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": moment])
      #expect(killed.status == 128 + SIGKILL, "\(moment): \(killed.said)")
      try await expectNothing(site, moment)
    }
    let command = site.start(["run", "d", "--json"])
    for _ in 0..<400 {
      if site.scratchEntries.contains(where: { FileManager.default.fileExists(atPath: "\(site.scratch)/\($0)/data/base") }) { break }
      try await Task.sleep(for: .milliseconds(10))
    }
    command.signal(SIGKILL)
    _ = await command.result()
    try await expectNothing(site, "in the middle of the restore")
    let next = await site.runJSON("d")
    #expect(next.record["verdict"].text == "passed", "\(next.said)")
  }

  @Test("damage is the backup's fault, a wrong pass phrase ours") func verdicts() async throws {
    let script = "f=$(find repo2/backup/main/*F/pg_data/base -size +4k -type f | sort | head -1); truncate -s -100 $f"
    let cut = try await site(.pgBackRest, script).runJSON("d")
    #expect(cut.status == 1 && cut.record["verdict"].text == "failed", "\(cut.said)")
    let phrase = "sed -i 's/^repo2-cipher-pass=.*/repo2-cipher-pass=hunter2hunter2/' pgbackrest.conf"
    let wrong = try await site(.pgBackRest, phrase).runJSON("d")
    #expect(wrong.status == 2 && wrong.record["verdict"].text == "cannot_drill" && !wrong.said.contains("hunter2"), "\(wrong.said)")
  }

  @Test("keys of these sources are checked where they stand") func validation() async throws {
    let site = ScratchSite()
    let rest = "restore: {engine: postgresql-physical}\nchecks: [{rows: {table: t, min: 1}}]\n"
    site.drill("a", "backup: {from: \"pgbackrest:../x\", repo: 1}\n\(rest)")
    site.drill("b", "backup:\n  from: pgbackrest:main\n  repo: 0\n\(rest)")
    site.drill("c", "backup:\n  from: barman:main\n  logs: {from: /wal}\n\(rest)")
    site.drill("e", "backup:\n  from: barman:main\n  repo: 1\n\(rest)")
    let said = await site.run("validate").said
    for place in ["a.yaml:2:16", "b.yaml:4:9", "c.yaml:4:9", "e.yaml:4:3"] { #expect(said.contains(place), "\(place): \(said)") }
    #expect(said.contains("the repository holds its own log"))
  }
}
