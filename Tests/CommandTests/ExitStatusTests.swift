import DrillTestSupport
import Glibc
import Testing

@Suite("Exit statuses", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct ExitStatusTests {
  @Test(
    "wrong usage ends with 64 and a hint, and makes nothing",
    arguments: [
      ["run"], ["run", "d", "--all"], ["run", "--all", "--tier", "gold"], ["run", "d", "--keep", "soon"], ["run", "--tier", "none"],
      ["run", "nosuch"], ["run", "d", "nosuch"], ["run", "d", "--frobnicate"], ["plan"], ["plan", "nosuch"], ["show"], ["log"],
      ["history", "--limit", "0"],
      ["next", "--cron", "61 * * * *"], ["next", "--cron", "* * * * *", "--count", "0"],
      ["next", "--cron", "* * * * *", "--timezone", "Mars/Olympus"], ["next", "--cron", "* * * * *", "--from", "yesterday"], ["schema"],
      ["schema", "nosuch"], ["manifest"], ["status", "nosuch"], ["cleanup", "extra"], ["frobnicate"], ["validate", "nosuch.yaml"],
    ])
  func wrongUsage(_ arguments: [String]) async {
    let site = await ScratchSite.sound()
    let result = await site.start(arguments).result()
    #expect(result.status == 64, "\(result.said)")
    #expect(!result.stderr.isEmpty || !result.stdout.isEmpty)
    #expect(!result.said.contains("Error Domain") && !result.said.contains("Fatal"))
    #expect(site.scratchEntries.isEmpty)
  }

  @Test(
    "an answer that standard output cannot take does not end with 0; one that nobody wants does",
    arguments: ["run d --json", "history --json", "audit verify", "status", "plan d"])
  func lostOutput(_ arguments: String) async {
    let site = await ScratchSite.sound()
    _ = await site.run("run", "d")
    let command = "\(ProgramUnderTest.path) \(arguments) --config \(site.path)/drillmark.yaml"
    let full = await HostCommand.run(["/bin/sh", "-c", "\(command) >/dev/full"])
    #expect(full.status == 2 && full.stderr.contains("standard output"), "\(full.said)")
    let closed = await HostCommand.run(["/bin/sh", "-c", "\(command) >&-"])
    #expect(closed.status == 0, "\(closed.said)")
    await site.expectClean()
  }

  @Test(
    "a site file that is missing, a directory without one, or invalid ends with 64, a place that cannot be read included",
    arguments: ["status", "run", "validate", "cleanup", "history", "doctor", "next", "audit"])
  func noSite(_ command: String) async {
    let site = ScratchSite()
    let words = [command] + (command == "run" ? ["--all"] : command == "audit" ? ["verify"] : [])
    for (name, text) in [("missing.yaml", nil), ("broken.yaml", "ledger: [\n"), ("wrong.yaml", "ledgre: state/x\n")] as [(String, String?)]
    {
      if let text { site.file(name, text) }
      let arguments = [ProgramUnderTest.path] + words + ["--config", "\(site.path)/\(name)"]
      let result = await HostCommand.run(arguments)
      #expect(result.status == 64, "\(name): \(result.said)")
      #expect(result.stderr.contains(name) || result.stdout.contains(name), "\(result.said)")
    }
  }

  @Test("an invalid drill beside a valid one: --all runs the valid one and then ends with 64, named runs go on")
  func invalidBeside() async {
    let site = await ScratchSite.sound()
    site.drill("bad", "backup: {from: ../backups, matsch: x}\nrestore: {engine: sqlite}\n")
    let all = await site.run("run", "--all", "--json")
    #expect(all.status == 64)
    #expect(all.records.compactMap { $0["verdict"].text } == ["passed"])
    #expect(all.stderr.contains("bad.yaml:2:") && all.stderr.contains("matsch"))
    #expect(await site.runJSON("d").status == 0)
    #expect(await site.runJSON("bad").status == 64)
    #expect(await site.run("status").status == 64)
    #expect(await site.run("validate").status == 64)
  }

  @Test("failed outranks what could not be verified, which outranks passed, in the status of run")
  func worstWins() async {
    let site = await ScratchSite.sound()
    site.drill("noverify", SampleDrill.sqlite(checks: ""))
    site.drill("bad", SampleDrill.sqlite(checks: "  - rows: {table: orders, equals: 99}\n"))
    #expect(await site.runJSON("d").status == 0)
    #expect(await site.run("run", "d", "noverify").status == 2)
    #expect(await site.run("run", "d", "noverify", "bad").status == 1)
    await site.expectClean()
  }

  @Test("a ledger in a place that cannot be written ends a run with 2, and says which place")
  func unwritableLedger() async {
    let site = await ScratchSite.sound()
    site.file("blocked", "a file where a directory is wanted")
    site.siteText("ledger: blocked/ledger.sqlite\nscratch: {directory: scratch}\n")
    let result = await site.runJSON("d")
    #expect(result.status == 2, "\(result.said)")
    #expect(result.stdout.isEmpty)
    #expect(result.stderr.contains("blocked"))
    #expect(site.scratchEntries.isEmpty)
    #expect(await site.run("cleanup").status == 2)
  }

  @Test("a file that is no ledger is left as it is, and told", arguments: ["not a database at all, but long enough to look at", ""])
  func foreignLedger(_ text: String) async {
    let site = await ScratchSite.sound()
    mkdir("\(site.path)/state", 0o755)
    site.file("state/ledger.sqlite", text)
    for words in [["run", "d"], ["cleanup"], ["audit", "verify"], ["status"], ["history"]] {
      let result = await site.start(words).result()
      #expect(result.status == 2, "\(words): \(result.said)")
      #expect(result.stderr.contains("ledger"))
    }
    #expect(TextFile.read(site.ledger) == text)
  }

  @Test("a backup directory that does not exist cannot be drilled, and no other user's directory either")
  func unreadableSource() async {
    let site = await ScratchSite.sound()
    site.drill("gone", SampleDrill.sqlite().replacing("../backups", with: "../nowhere"))
    let result = await site.runJSON("gone")
    #expect(result.status == 2)
    #expect(result.record["verdict"].text == "cannot_drill")
    #expect(result.record.reasonTexts.contains("nowhere"))
  }

  @Test(
    "as nobody: a directory that may not be listed and a ledger that may not be written say so",
    .enabled(if: geteuid() == 0, "only root can become nobody"))
  func asNobody() async {
    let site = await ScratchSite.sound()
    let nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    let noLedger = await site.start(["run", "d", "--json"], prefix: nobody).result()
    #expect(noLedger.status == 2, "\(noLedger.said)")
    #expect(noLedger.stderr.contains("state"))
    for name in ["state", "scratch"] {
      mkdir("\(site.path)/\(name)", 0o755)
      chown("\(site.path)/\(name)", 65534, 65534)
    }
    let fine = await site.start(["run", "d", "--json"], prefix: nobody).result()
    #expect(fine.record["verdict"].text == "passed", "\(fine.said)")
    chmod("\(site.path)/backups", 0o700)
    let result = await site.start(["run", "d", "--json"], prefix: nobody).result()
    #expect(result.status == 2, "\(result.said)")
    #expect(result.record["verdict"].text == "cannot_drill")
    #expect(result.record.reasonCodes.contains("permission_denied"), "\(result.record.reasonTexts)")
    #expect(site.scratchEntries.isEmpty)
  }

  @Test(
    "root without the right to end other users' processes cannot drill, is told so, and leaves nothing",
    .enabled(if: geteuid() == 0, "only root can lose a right"))
  func withoutKill() async {
    let site = await ScratchSite.sound()
    let limited = ["/usr/bin/setpriv", "--bounding-set=-kill", "--"]
    let result = await site.start(["run", "d", "--json"], prefix: limited).result()
    #expect(result.status == 2, "\(result.said)")
    #expect(result.record["verdict"].text == "cannot_drill")
    #expect(result.record.reasonCodes.contains("isolation_missing") && result.record.reasonTexts.contains("kill"))
    await site.expectClean()
  }

  @Test("validate, plan, doctor, next and manifest say what is right with 0")
  func rightUsage() async {
    let site = await ScratchSite.sound()
    #expect(await site.run("validate").status == 0)
    let plan = await site.run("plan", "d")
    #expect(plan.status == 0, "\(plan.said)")
    #expect(plan.stdout.contains("b_") && plan.stdout.contains("SQLite"))
    #expect(await site.run("plan", "d", "--verify", "--json").status == 0)
    let next = await site.run(
      "next", "--cron", "0 4 * * SUN", "--timezone", "Europe/Berlin", "--from", "2026-11-21T00:00:00Z", "--count", "1", "--json")
    #expect(next.stdout == "[\"2026-11-22T04:00:00+01:00\"]\n")
    #expect(await site.run("doctor").status != 64)
    #expect(site.scratchEntries.isEmpty)
    #expect(access(site.ledger, F_OK) != 0, "looking made a ledger")
  }

  @Test("every command has help with an example")
  func help() async {
    for command in [
      "init", "doctor", "validate", "plan", "run", "log", "next", "status", "history", "show", "cleanup", "manifest", "schema",
    ] {
      let result = await HostCommand.run([ProgramUnderTest.path, command, "--help"])
      #expect(result.status == 0)
      #expect(result.stdout.contains("drillmark \(command)"), "\(command)")
      #expect(result.stdout.contains("Example"), "\(command)")
    }
  }
}
