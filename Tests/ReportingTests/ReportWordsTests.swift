import DrillModel
import Objectives
import Reporting
import Testing

@Suite("What a report says")
struct ReportWordsTests {
  private typealias Sample = SampleReport

  @Test("an empty period says that nothing was drilled, in every format", arguments: SampleReport.Format.allCases)
  func empty(_ format: SampleReport.Format) throws {
    let none = Sample.report([], head: nil)
    #expect(none.headline == "Nothing was drilled, and no drill is declared.")
    #expect(!(try Sample.text(format, none)).isEmpty)
    let declared = Sample.report([Sample.drill("a", [])])
    #expect(declared.headline == "Nothing was drilled in this period." && declared.concerns == ["a was never tested."])
    #expect(try Sample.text(format, declared, lines: LineSource { _, _ in }).contains("a"))
  }

  @Test("one good run meets its objectives, and confirms nothing") func one() throws {
    let report = Sample.report([Sample.drill("a", [Sample.record(1, "a")])])
    #expect(report.headline == "The drill met its objectives in every run." && report.concerns.isEmpty)
    #expect(report.drills[0].rto.conclusionSentence == "1 run: too few to confirm 95 %; 58 more that meet it would.")
    #expect(
      report.evidenceSentence == "The runs do not yet confirm the objectives of the drill for 95 % of recoveries, with 95 % confidence.")
    #expect(try Sample.text(.html, report).contains("too few to confirm 95\u{A0}%"))
  }

  @Test("only failed runs: no drill met its objectives, and the page says why") func failed() throws {
    let reason = Reason(code: "backup_damaged", severity: .failed, text: "The archive ends in the middle")
    let report = Sample.report([Sample.drill("a", (1...3).map { Sample.record($0, "a", .failed, rta: nil, reasons: [reason]) })])
    #expect(report.headline == "The drill did not meet its objectives in every run.")
    #expect(report.concerns == ["a is failing: its last run, 2026-11-01 12:00 UTC, failed: The archive ends in the middle"])
    #expect(report.drills[0].causes.map(\.runs) == [3])
    #expect(report.drills[0].rto.worst == nil && report.drills[0].rto.unrecovered == 3)
    for format in Sample.Format.allCases where format != .csv && format != .xml {
      #expect(try Sample.text(format, report).contains("The archive ends in the middle"))
    }
  }

  @Test("states, the worst first") func states() {
    #expect(
      Sample.everything.drills.map(\.state) == [.failing, .overdue, .neverTested, .notDrilled, .recovered, .met])
    #expect(Sample.everything.headline == "1 of 6 drills met their objectives in every run.")
  }

  @Test("an unproven last run is no success, whatever was before") func unproven() {
    let runs = [Sample.record(1, "a"), Sample.record(2, "a", .couldNotVerify)]
    #expect(Sample.drill("a", runs).state == .unproven)
    #expect(Sample.drill("a", runs + [Sample.record(3, "a")]).state == .met)
  }

  @Test("a due time missed after the last conclusive run makes it overdue; one before it, or of a disabled drill, does not") func overdue()
  {
    let run = Sample.record(1, "a")
    func state(_ kind: String, _ noted: Timestamp) -> DrillState {
      Sample.drill("a", [run], misses: [ReportedMiss(due: noted, kind: kind, notedAt: noted)]).state
    }
    #expect(state("down", run.finishedAt + .seconds(1)) == .overdue)
    #expect(state("down", run.finishedAt - .seconds(1)) == .met)
    #expect(state("disabled", run.finishedAt + .seconds(1)) == .met)
  }

  @Test("a confirmed objective needs the runs; 70 carry it") func confirmed() {
    let orders = Sample.everything.drills.first { $0.name == "orders" }
    #expect(
      orders?.rto.conclusion == .confirmed && orders?.rto.supported == 68
        && orders?.rto.conclusionSentence.hasPrefix("70 runs confirm") == true)
  }

  @Test("more runs than a plot can show are drawn as columns, and the page stays small") func huge() throws {
    let runs = (0..<5000).map { Sample.record($0, "a", rta: Double(20 + $0 % 90)) }
    let report = Sample.report([Sample.drill("a", runs)])
    let page = try Sample.text(.html, report)
    #expect(page.utf8.count < 120_000 && page.contains("4,988 older runs left out here"))
    #expect(page.contains("from the least to the greatest of several runs"))
  }

  @Test("no format holds a time of writing") func now() throws {
    for format in Sample.Format.allCases {
      let text = try Sample.text(format)
      #expect(!text.contains("2027") && !text.contains("2025"))
    }
  }
}
