import DrillTestSupport
import Testing

@Suite("What decides a run's verdict", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct VerdictRunTests {
  private func record(_ drill: String) async -> JSONValue {
    let site = await ScratchSite.sound(drill: drill)
    let record = await site.runJSON("d").record
    await site.expectClean()
    return record
  }

  @Test("an RPO that is missed fails, one that is met passes, none at all is no objective")
  func recoveryPoint() async {
    for (objectives, verdict, rpo) in [("{rpo: 1h}", "failed", "missed"), ("{rpo: 3h}", "passed", "met"), ("{}", "passed", "no_objective")]
    {
      let record = await record(SampleDrill.sqlite(more: "objectives: \(objectives)\n"))
      #expect(record["verdict"].text == verdict, "\(record.reasonTexts)")
      #expect(record["rpo"]["verdict"].text == rpo)
    }
  }

  @Test("a worst gap beyond the objective fails although the newest backup is young, and is not red for ever")
  func worstGap() async {
    let site = await ScratchSite.sound(drill: SampleDrill.sqlite(more: "objectives: {rpo: 26h}\n"))
    site.backup(SampleDrill.name(.seconds(86_400 * 3)), await SampleBackups.database(), age: .seconds(86_400 * 3))
    let first = await site.runJSON("d").record
    #expect(first["verdict"].text == "failed")
    #expect(first.reasonCodes.contains("rpo_missed"), "\(first.reasonTexts)")
    #expect((first["rpo"]["worst_gap_s"].number ?? 0) > 200_000)
    let second = await site.runJSON("d").record
    #expect(second["verdict"].text == "passed", "\(second.reasonTexts)")
    #expect((second["rpo"]["window_worst_gap_s"].number ?? 0) > 200_000)
  }

  @Test("an RTO that is missed fails, until ready and until verified")
  func recoveryTime() async {
    let slow = SampleDrill.rows + "  - command: {run: [sleep, \"6\"]}\n"
    let missed = await record(SampleDrill.sqlite(checks: slow, more: "objectives: {rto: 5s, rto-until: verified}\n"))
    #expect(missed["verdict"].text == "failed", "\(missed.reasonTexts)")
    #expect(missed["rto"]["verdict"].text == "missed")
    #expect(missed.reasonCodes.contains("rto_missed"))
    let met = await record(SampleDrill.sqlite(checks: slow, more: "objectives: {rto: 5s}\n"))
    #expect(met["verdict"].text == "passed", "\(met.reasonTexts)")
    #expect(met["rto"]["until"].text == "ready")
  }

  @Test("a failed check of severity warn is told and changes nothing; the same as fail fails")
  func warn() async {
    let wrong = SampleDrill.rows + "  - rows: {table: orders, equals: 5}\n"
    let warned = await record(SampleDrill.sqlite(checks: wrong + "    severity: warn\n"))
    #expect(warned["verdict"].text == "passed")
    #expect(warned["reasons"].items.contains { $0["code"].text == "check_failed" && $0["severity"].text == "warn" })
    #expect(await record(SampleDrill.sqlite(checks: wrong))["verdict"].text == "failed")
  }

  @Test("an ignored check is left out until its date and shown with its reason; afterwards it counts")
  func ignored() async {
    let wrong = SampleDrill.rows + "  - rows: {table: orders, equals: 5}\n    ignore: {reason: moving house, until: %}\n"
    let record = await record(SampleDrill.sqlite(checks: wrong.replacing("%", with: "2099-01-01")))
    #expect(record["verdict"].text == "passed", "\(record.reasonTexts)")
    #expect(record.reasonTexts.contains("moving house"))
    #expect(await self.record(SampleDrill.sqlite(checks: wrong.replacing("%", with: "2020-01-01")))["verdict"].text == "failed")
  }

  @Test("no check, none that looks at data, or only ignored ones: nothing was verified")
  func noDataCheck() async {
    let ignored = "  - rows: {table: orders}\n    ignore: {reason: later, until: 2099-01-01}\n"
    for checks in ["", "  - command: {run: [\"true\"]}\n", ignored] {
      let record = await record(SampleDrill.sqlite(checks: checks))
      #expect(record["verdict"].text == "could_not_verify", "\(checks)")
      #expect(record.reasonCodes.contains("no_data_check"))
    }
    #expect(await record(SampleDrill.sqlite(checks: "  - command: {run: [\"true\"], data: true}\n"))["verdict"].text == "passed")
  }

  @Test("a check that cannot be carried out does not pass: no such program, too slow, wrong SQL")
  func notCarriedOut() async {
    let slow = "  - command: {run: [sleep, \"30\"]}\n    timeout: 300ms\n"
    for check in ["  - command: {run: [no-such-program-here]}\n", slow, "  - query: {sql: \"selekt 1\", equals: 1}\n"] {
      let record = await record(SampleDrill.sqlite(checks: SampleDrill.rows + check))
      #expect(record["verdict"].text == "could_not_verify", "\(check) \(record.reasonTexts)")
    }
  }

  @Test("a table or a column that is not there is a finding")
  func missingTable() async {
    for check in ["  - rows: {table: invoices}\n", "  - query: {sql: \"select max(colour) from orders\", empty: false}\n"] {
      let record = await record(SampleDrill.sqlite(checks: check))
      #expect(record["verdict"].text == "failed", "\(check) \(record.reasonTexts)")
    }
  }

  @Test("a target less durable than production is not held against an RTO")
  func relaxed() async {
    let relaxed = SampleDrill.sqlite(more: "objectives: {rto: 1h}\nscratch: {durability: relaxed}\n")
    let record = await record(relaxed)
    #expect(record["verdict"].text == "could_not_verify", "\(record.reasonTexts)")
    #expect(record["rto"]["verdict"].text == "not_comparable")
    #expect(record["environment"]["durability"].text == "relaxed")
    #expect(await self.record(relaxed.replacing("objectives: {rto: 1h}\n", with: ""))["verdict"].text == "passed")
  }

  @Test("backups inside the scratch directory, or the other way round, are refused before anything is written")
  func productionGuard() async {
    let site = await ScratchSite.sound()
    for place in ["backups/scratch", "backups", "."] {
      site.siteText("ledger: state/ledger.sqlite\nscratch: {directory: \(place), keep-free: 1MiB}\n")
      let record = await site.runJSON("d").record
      #expect(record["verdict"].text == "cannot_drill", "\(place)")
      #expect(record.reasonCodes.contains("production_guard"))
    }
  }

  @Test("too little space to keep free is ours, not the backup's")
  func noSpace() async {
    let site = await ScratchSite.sound()
    site.siteText("ledger: state/ledger.sqlite\nscratch: {directory: scratch, keep-free: 900TiB}\n")
    let result = await site.runJSON("d")
    #expect(result.status == 2)
    #expect(result.record.reasonCodes.contains("no_space"), "\(result.record.reasonTexts)")
    #expect(site.scratchEntries.isEmpty)
  }
}
