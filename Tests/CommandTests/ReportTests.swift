import DrillModel
import DrillTestSupport
import Glibc
import Testing

@Suite("report: what a period's runs say", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct ReportTests {
  private static let broken = SampleDrill.sqlite(checks: "  - rows: {table: nothing}\n")

  /// A site whose drill `d` passed and then failed, beside a drill that never ran.
  private func told() async -> ScratchSite {
    let site = await ScratchSite.sound(drill: SampleDrill.sqlite(more: "objectives: {rpo: 7d, rto: 1h}\n"))
    _ = await site.runJSON("d")
    site.drill("d", ReportTests.broken)
    _ = await site.runJSON("d")
    site.drill("never", SampleDrill.sqlite())
    return site
  }

  @Test("every format tells of the failure, of the drill that was never tested, and of the chain's head")
  func formats() async {
    let site = await told()
    let head = await site.run("history", "--json", "--limit", "1").record["chain"]["hash"].text ?? "none"
    for format in ["html", "markdown", "csv", "json", "junit"] {
      let result = await site.run("report", "--format", format)
      #expect(result.status == 0, "\(result.said)")
      for part in [head, "never", "nothing"] { #expect(result.stdout.contains(part), "\(format) has no \(part)") }
    }
    let document = JSONValue(await site.run("report", "--format", "json").stdout)
    #expect(document?["drills"].items.map { $0["drill"].text } == ["d", "never"])
  }

  @Test("the same period gives the same bytes, whatever runs after it; the head it tells is in the chain")
  func same() async throws {
    let site = await told()
    let second = await site.run("history", "--json", "--limit", "1").record
    // A period holds what ended before its end: here that is the second run, and no later one of the same second.
    let finished = try #require(second["finished_at"].text.flatMap { Timestamp(rfc3339: $0) })
    let words = ["report", "--from", "2020-01-01", "--to", (finished + .milliseconds(1)).description]
    let first = await site.run(words + ["--format", "json"])
    let page = await site.run(words)
    site.drill("d", SampleDrill.sqlite())
    _ = await site.runJSON("d")
    _ = await site.runJSON("never")
    #expect(await site.run(words + ["--format", "json"]).stdout == first.stdout)
    #expect(await site.run(words).stdout == page.stdout)
    let told = JSONValue(first.stdout)?["chain"] ?? .null
    let head = "\(Int(told["sequence"].number ?? 0)):\(told["hash"].text ?? "")"
    #expect(await site.run("audit", "verify", "--head", head).status == 0)
  }

  @Test("what was cleaned up after a run was sealed is told beside it, but not in a period that ends before")
  func amended() async throws {
    let site = await ScratchSite.sound()
    let run = await site.run("run", "d", "--json", "--keep", "1s")
    #expect(run.record["cleanup"]["verdict"].text == "kept", "\(run.said)")
    let id = run.record["run"].text ?? "?"
    let document = JSONValue(await site.run("report", "--format", "json").stdout)
    let amendment = document?["drills"].items.first?["runs"].items.first?["amendments"].items.first
    #expect(amendment?["text"].text?.contains("is gone") == true && amendment?["sequence"].number == 2)
    for format in ["html", "markdown"] {
      let page = await site.run("report", "--format", format).stdout
      #expect(page.contains("Sealed afterwards") && page.contains("run \(id)"), "\(format)")
    }
    let rows = await site.run("report", "--format", "csv").stdout.split(separator: "\r\n")
    #expect(rows.first?.hasSuffix(",amended_at") == true && rows.dropFirst().first?.hasSuffix("Z") == true, "\(rows)")
    #expect(await site.run("show", "d").stdout.contains("  afterwards "))
    let finished = try #require(run.record["finished_at"].text.flatMap { Timestamp(rfc3339: $0) })
    let before = await site.run("report", "--to", (finished + .milliseconds(1)).description)
    #expect(before.stdout.contains(id) && !before.stdout.contains("Sealed afterwards"), "\(before.said)")
    await site.expectClean()
  }

  @Test("a drill or runs by the beginning of their ids alone; nothing of that name is 64, and so is an empty period")
  func subjects() async {
    let site = await told()
    let runs = await site.run("history", "--json").records
    let document = JSONValue(await site.run("report", "never", "--format", "json").stdout)
    #expect(document?["drills"].items.map { $0["drill"].text } == ["never"])
    let one = JSONValue(await site.run("report", runs[1]["run"].text ?? "", "--format", "json").stdout)
    #expect(one?["drills"].items.count == 1 && one?["drills"].items[0]["runs"].items.map { $0["run"].text } == [runs[1]["run"].text])
    for words in [
      ["ZZZZ"], ["d", runs[0]["run"].text ?? ""], ["--from", "2026-13-01"], ["--from", "2026-11-02", "--to", "2026-11-01"],
      ["--timezone", "Mars/Base"], ["--share", "101"], ["--from", "2999-01-01"], ["--save", "--output", "x"],
    ] {
      let result = await site.run(["report"] + words)
      #expect(result.status == 64 && result.stdout.isEmpty, "\(words): \(result.said)")
    }
  }

  @Test("a date is midnight in the zone that was named, and a period without runs says so")
  func zones() async {
    let site = await told()
    let words = ["report", "--from", "2026-03-28", "--to", "2026-03-30", "--format", "json"]
    let utc = JSONValue(await site.run(words).stdout)?["period"]
    #expect(utc?["from"].text == "2026-03-28T00:00:00.000Z" && utc?["to"].text == "2026-03-30T00:00:00.000Z")
    let berlin = JSONValue(await site.run(words + ["--timezone", "Europe/Berlin"]).stdout)
    #expect(berlin?["period"]["from"].text == "2026-03-27T23:00:00.000Z" && berlin?["period"]["to"].text == "2026-03-29T22:00:00.000Z")
    #expect(berlin?["headline"].text == "Nothing was drilled in this period." && berlin?["chain"].isNull == true)
  }

  @Test("an entry that was changed, or a row that was hidden, leaves no report: status 2, an older file untouched")
  func tampered() async {
    for change in [
      "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'failed', 'passed') AS BLOB) WHERE sequence = 2;",
      "DELETE FROM run WHERE sequence = 2;", "UPDATE run SET verdict = 'passed' WHERE sequence = 2;",
    ] {
      let site = await told()
      let file = site.file("kept.html", "older")
      let sqlite = ["/usr/bin/sqlite3", "-batch", site.ledger]
      let triggers = "SELECT 'DROP TRIGGER \"' || name || '\";' FROM sqlite_master WHERE type = 'trigger';"
      let drops = await HostCommand.run(sqlite, input: triggers).stdout
      #expect(await HostCommand.run(sqlite, input: "PRAGMA foreign_keys = OFF;" + drops + change).status == 0)
      let result = await site.run("report", "--output", file)
      #expect(result.status == 2 && result.stderr.contains("audit verify"), "\(change): \(result.said)")
      #expect(TextFile.read(file) == "older")
    }
  }

  @Test("files: a name of one's own, a directory, the site's reports; on a terminal HTML goes there, too")
  func files() async {
    let site = await told()
    let own = await site.run("report", "--output", "\(site.path)/own.html")
    #expect(own.stdout == "\(site.path)/own.html\n" && TextFile.read("\(site.path)/own.html").hasPrefix("<!DOCTYPE html>"))
    let period = ["--from", "2026-11-01", "--to", "2026-11-08"]
    let saved = await site.run(["report", "--save", "--format", "csv"] + period)
    #expect(saved.stdout.hasSuffix("/reports/report-2026-11-01-to-2026-11-08.csv\n"), "\(saved.said)")
    let folder = await site.run(["report", "--output", site.path] + period)
    #expect(folder.stdout == "\(site.path)/report-2026-11-01-to-2026-11-08.html\n")
    let nowhere = await site.run("report", "--output", "\(site.path)/nosuch/x.html")
    #expect(nowhere.status == 2 && nowhere.stderr.contains("cannot be written"), "\(nowhere.said)")
    let inside = "\(ProgramUnderTest.path) report --config \(site.siteFile)"
    let terminal = await HostCommand.run(
      ["/usr/bin/script", "-qec", inside, "/dev/null"], environment: HostCommand.environment.merging(["TERM": "xterm"]) { $1 })
    #expect(terminal.stdout.contains("/reports/report-") && !terminal.stdout.contains("<html"), "\(terminal.said)")
  }

  @Test("an invalid drill file is told by status 64, and the report is written all the same")
  func invalid() async {
    let site = await told()
    site.drill("bad", "nonsense: [\n")
    let result = await site.run("report", "--format", "json")
    #expect(result.status == 64 && JSONValue(result.stdout)?["drills"].items.count == 2, "\(result.said)")
  }

  @Test("no ledger yet: every drill was never tested, unless only what is sealed is asked for")
  func noLedger() async {
    let site = await ScratchSite.sound()
    let all = JSONValue(await site.run("report", "--format", "json").stdout)
    #expect(all?["drill_states"]["never_tested"].number == 1)
    #expect(JSONValue(await site.run("report", "--sealed-only", "--format", "json").stdout)?["drills"].items.isEmpty == true)
    #expect(access(site.ledger, F_OK) != 0)
  }

  @Test("sla: what three runs show, what one declared drill never showed, and a tier that promises nothing")
  func sla() async {
    let tier = "tiers:\n  gold: {rpo: 7d, rto: 1h}\n"
    let site = await ScratchSite.sound(tier, drill: SampleDrill.sqlite(more: "tier: gold\n"))
    for _ in 0..<3 { _ = await site.runJSON("d") }
    site.drill("never", SampleDrill.sqlite(more: "tier: gold\n"))
    let text = await site.run("sla")
    #expect(text.status == 0 && text.stdout.contains("not yet (56 more)") && text.stdout.contains("2, 1 untested"), "\(text.said)")
    let document = await site.run("sla", "--json").record
    let rto = document["drills"].items.first?["rto"] ?? .null
    #expect(rto["runs"].number == 3 && rto["met"].number == 3 && rto["more_needed"].number == 56 && rto["supported_s"].isNull)
    #expect(document["tiers"].items.first?["rto"]["conclusion"].text == "untested")
    #expect(await site.run("sla", "--tier", "lead").status == 64)
    #expect(await site.run("sla", "--over", "soon").status == 64)
    #expect(await site.run("sla", "--share", "50", "--json").record["drills"].items.first?["rto"]["more_needed"].number == 2)
  }
}

extension ScratchSite {
  fileprivate func run(_ words: [String]) async -> CommandResult { await start(words).result() }
}
