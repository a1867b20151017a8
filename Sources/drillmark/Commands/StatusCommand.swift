import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import Ledger
import Scheduler

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Where every drill stands, a line each.",
    discussion: """
      Example:
        drillmark status
        drillmark status orders shop --json

      Exit status: 0 every standing is passed; 1 a failed, overdue or never tested drill, or a notification that is not delivered;
      2 a standing that could not be verified or drilled; 64 an invalid file.
      """)

  @Argument(help: "The drills; all of the site unless given.") var drill: [String] = []
  @Flag(help: "As a JSON array.") var json = false
  @OptionGroup var options: SiteOptions

  func run() async throws {
    try await withFaults {
      let loaded = try options.loadTelling()
      let tools = SiteTools(loaded)
      let plans = drill.isEmpty ? loaded.drills : try drill.map(loaded.drill)
      let report = try StandingReport.make(plans.map(\.drill), ledger: loaded.site.ledger, clocks: tools.clocks)
      if json { say(JSONText.of(report.lines)) } else { print(report) }
      // The array is of drills; what is not delivered is said beside it.
      if json { for line in UndeliveredText(report.outbox, now: tools.clocks.now()).lines { tell(line) } }
      let schedulers = try Ledger.openForReading(at: loaded.site.ledger, clocks: tools.clocks)?.schedulers() ?? []
      for line in SchedulerReport.lines(schedulers, now: tools.clocks.now()) where !json { say(Terminal.inert(line)) }
      if loaded.diagnostics.hasErrors { throw ExitStatus.usage }
      throw report.exitStatus
    }
  }

  private func print(_ report: StandingReport) {
    let terminal = Terminal.current()
    var table = TextTable([
      ("DRILL", .left), ("STANDING", .left), ("LAST PASS", .left), ("RPA", .right), ("OBJECTIVE", .right), ("RTA", .right),
      ("OBJECTIVE", .right),
    ])
    for line in report.lines {
      table.add([
        .init(line.drill), .init(line.standing.replacing("_", with: " "), StatusCommand.colour(line.standing)),
        .init(line.lastPass.map { $0.readable } ?? "never"), .init(StatusCommand.span(line.rpa)), .init(StatusCommand.span(line.rpo)),
        .init(StatusCommand.span(line.rta)), .init(StatusCommand.span(line.rto)),
      ])
    }
    if report.lines.isEmpty {
      say("no drills; `drillmark init` writes a first one")
    } else {
      for text in table.lines(for: terminal) { say(text) }
    }
    for line in UndeliveredText(report.outbox, now: SystemClocks().now()).lines { say(line) }
  }

  private static func colour(_ standing: String) -> Terminal.Colour {
    switch standing {
    case "passed": .green
    case "failed", "overdue", "never_tested": .red
    default: .yellow
    }
  }

  private static func span(_ seconds: Double?) -> String {
    seconds.map { Duration.milliseconds(Int64(($0 * 1000).rounded())).readable } ?? "-"
  }
}

extension StandingReport {
  /// The worst standing decides.
  var exitStatus: ExitCode {
    if !outbox.isEmpty || lines.contains(where: { ["failed", "overdue", "never_tested"].contains($0.standing) }) {
      return ExitStatus.failed
    }
    return lines.contains { $0.standing != "passed" } ? ExitStatus.unproven : ExitStatus.passed
  }
}
