import DrillTestSupport
import Glibc
import Testing

@Suite("Looking back: status, show, history, audit, log", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct LookingTests {
  @Test("status: never tested and failed are 1, passed is 0, not verified is 2, overdue is 1")
  func status() async throws {
    let site = await ScratchSite.sound()
    #expect(await site.run("status").status == 1)
    #expect(JSONValue(await site.run("status", "--json").stdout)?.items.first?["standing"].text == "never_tested")
    _ = await site.runJSON("d")
    #expect(await site.run("status").status == 0)
    site.drill("d", SampleDrill.sqlite(checks: ""))
    _ = await site.runJSON("d")
    #expect(await site.run("status").status == 2)
    site.drill("d", SampleDrill.sqlite(checks: "  - rows: {table: nothing}\n"))
    _ = await site.runJSON("d")
    #expect(await site.run("status").status == 1)
  }

  @Test("status of named drills is theirs alone")
  func statusOfSome() async throws {
    let site = await ScratchSite.sound()
    site.drill("other", SampleDrill.sqlite(checks: "").replacing("drill: d", with: "drill: other"))
    _ = await site.runJSON("d")
    #expect(await site.run("status").status == 1)
    let one = await site.run("status", "d", "--json")
    #expect(one.status == 0)
    #expect(JSONValue(one.stdout)?.items.map { $0["drill"].text } == ["d"])
    #expect(await site.run("status", "d", "other").status == 1)
  }

  @Test("a drill that must run every second is overdue soon after it passed, and failed outranks overdue")
  func overdue() async throws {
    let site = await ScratchSite.sound(drill: SampleDrill.sqlite(more: "objectives: {every: 1s}\n"))
    #expect(await site.runJSON("d").status == 0)
    try await Task.sleep(for: .seconds(1.6))
    let result = await site.run("status", "--json")
    #expect(result.status == 1)
    #expect(JSONValue(result.stdout)?.items.first?["standing"].text == "overdue")
    site.drill("d", SampleDrill.sqlite(checks: "  - rows: {table: nothing}\n", more: "objectives: {every: 1s}\n"))
    _ = await site.runJSON("d")
    try await Task.sleep(for: .seconds(1.6))
    #expect(JSONValue(await site.run("status", "--json").stdout)?.items.first?["standing"].text == "failed")
  }

  @Test("show takes an unambiguous beginning of a run's id, in either case; an ambiguous one lists them; an unknown one is 64")
  func prefixes() async {
    let site = await ScratchSite.sound()
    let first = await site.runJSON("d").record["run"].text ?? ""
    let second = await site.runJSON("d").record["run"].text ?? ""
    #expect(await site.run("show", first, "--json").record["run"].text == first)
    #expect(await site.run("show", String(second.prefix(24)).lowercased(), "--json").record["run"].text == second)
    let ambiguous = await site.run("show", "01")
    #expect(ambiguous.status == 64)
    #expect(ambiguous.stderr.contains(first) && ambiguous.stderr.contains(second))
    for nothing in ["ZZZZ", "", "01'; --"] { #expect(await site.run("show", nothing).status == 64, "\(nothing)") }
    #expect(await site.run("log", String(first.prefix(24))).status == 0)
    #expect(await site.run("log", "ZZ").status == 64)
    #expect(await site.run("history", "--json", "--limit", "1").records.count == 1)
  }

  @Test("audit verify: the right head and the kept records hold, others do not, an unreadable file is told")
  func audit() async {
    let site = await ScratchSite.sound()
    let first = await site.runJSON("d")
    let second = await site.runJSON("d")
    let head = first.record["chain"]["hash"].text ?? ""
    #expect(await site.run("audit", "verify", "--head", head).status == 0)
    #expect(await site.run("audit", "verify", "--head", second.record["chain"]["hash"].text ?? "").status == 0)
    #expect(await site.run("audit", "verify", "--head", "sha256:" + String(repeating: "ab", count: 32)).status == 1)
    #expect(await site.run("audit", "verify", "--head", "nonsense").status != 0)
    let kept = site.file("kept.jsonl", first.stdout + second.stdout)
    #expect(await site.run("audit", "verify", "--records", kept).status == 0)
    let forged = site.file("forged.jsonl", first.stdout.replacing("\"verdict\":\"passed\"}", with: "\"verdict\":\"failed\"}"))
    #expect(await site.run("audit", "verify", "--records", forged).status == 1)
    #expect(await site.run("audit", "verify", "--records", "\(site.path)/nosuch").status == 64)
    #expect(JSONValue(await site.run("audit", "verify", "--json").stdout)?["outcome"].text == "holds")
  }

  @Test("audit verify names a record that was changed behind its back")
  func tampered() async {
    let site = await ScratchSite.sound()
    for _ in 0..<3 { _ = await site.runJSON("d") }
    let sqlite = ["/usr/bin/sqlite3", "-batch", site.ledger]
    let triggers = "SELECT 'DROP TRIGGER \"' || name || '\";' FROM sqlite_master WHERE type = 'trigger';"
    let drops = await HostCommand.run(sqlite, input: triggers).stdout
    let change = "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'passed', 'failed') AS BLOB) WHERE sequence = 2;"
    let edited = await HostCommand.run(sqlite, input: drops + change)
    #expect(edited.status == 0, "\(edited.said)")
    let result = await site.run("audit", "verify")
    #expect(result.status == 1, "\(result.said)")
    #expect(result.stdout.contains("2"))
  }

  @Test("no ledger yet: audit is 2, history says so, and looking makes none")
  func noLedger() async {
    let site = await ScratchSite.sound()
    #expect(await site.run("audit", "verify").status == 2)
    #expect(await site.run("history").status == 0)
    #expect(await site.run("show", "d").status == 64)
    #expect(await site.run("status").status == 1)
    #expect(access(site.ledger, F_OK) != 0)
  }

  @Test("no colour where there is no terminal, nor with NO_COLOR; on a terminal there is")
  func colour() async {
    let site = await ScratchSite.sound()
    let plain = await site.run("run", "d", environment: ["TERM": "xterm-256color", "CLICOLOR_FORCE": "1"])
    #expect(!plain.said.contains("\u{1B}"))
    let inside = "\(ProgramUnderTest.path) status --config \(site.siteFile)"
    let terminal = await HostCommand.run(
      ["/usr/bin/script", "-qec", inside, "/dev/null"], environment: HostCommand.environment.merging(["TERM": "xterm"]) { $1 })
    #expect(terminal.stdout.contains("\u{1B}[32m"), "\(terminal.said)")
    let without = await HostCommand.run(
      ["/usr/bin/script", "-qec", inside, "/dev/null"],
      environment: HostCommand.environment.merging(["TERM": "xterm", "NO_COLOR": "1"]) { $1 })
    #expect(!without.stdout.contains("\u{1B}"), "\(without.said)")
  }

  @Test("a secret of our environment reaches neither a check's program nor ledger, logs and output")
  func secrets() async {
    let secret = "hunter2-planted-9f81"
    let site = await ScratchSite.sound(drill: SampleDrill.sqlite(checks: SampleDrill.rows + "  - command: {run: [env]}\n"))
    var said = ""
    for words in [
      ["run", "d"], ["run", "d", "--json"], ["show", "d"], ["log", "d"], ["history"], ["status"], ["plan", "d"], ["doctor"],
    ] {
      said += await site.start(words, environment: ["PLANTED_SECRET": secret, "AWS_SECRET_ACCESS_KEY": secret, "PGPASSWORD": secret])
        .result().said
    }
    #expect(said.contains("DRILLMARK_DRILL=d"), "the check's program did not run")
    #expect(!said.contains(secret))
    #expect(!site.logs.isEmpty)
    #expect(!site.durableText.contains(secret))
  }

  @Test("the ledger and the logs are readable by their owner only, whatever the umask")
  func modes() async {
    let site = await ScratchSite.sound()
    let open = await HostCommand.run(["/bin/sh", "-c", "umask 0; exec \(ProgramUnderTest.path) run d --config \(site.siteFile)"])
    #expect(open.status == 0)
    for path in [site.ledger] + site.logs.map({ "\(site.path)/state/logs/\($0)" }) {
      var status = stat()
      #expect(stat(path, &status) == 0)
      #expect(status.st_mode & 0o077 == 0, "\(path)")
    }
  }
}
