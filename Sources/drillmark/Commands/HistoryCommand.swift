import ArgumentParser
import DrillConfig
import DrillModel
import Ledger

struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Sealed runs, the newest first.",
    discussion: """
      Example:
        drillmark history orders --limit 10
        drillmark history --json >records.jsonl
      """)

  @Argument(help: "The drill's name; without it, every drill.") var drill: String?
  @Option(help: "How many runs at the most. (default: 20; with --json all)") var limit: Int?
  @Flag(help: "The sealed records, one JSON document a line.") var json = false
  @OptionGroup var options: SiteOptions

  func validate() throws { if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1.") } }

  func run() async throws {
    try await withFaults {
      let loaded = try options.loadTelling()
      let tools = SiteTools(loaded)
      guard let ledger = try Ledger.openForReading(at: loaded.site.ledger, clocks: tools.clocks) else { return noRuns() }
      let runs = try ledger.history(drill, limit: limit ?? (json ? .max : 20))
      if json {
        for run in runs { say(run.jsonLine) }
        return
      }
      guard !runs.isEmpty else { return noRuns() }
      let terminal = Terminal.current()
      var table = TextTable([("RUN", .left), ("DRILL", .left), ("STARTED", .left), ("VERDICT", .left), ("RPA", .right), ("RTA", .right)])
      for run in runs.map(\.record) {
        table.add([
          .init(run.run.text), .init(run.drill), .init(run.startedAt.readable),
          .init(run.verdict.rawValue.replacing("_", with: " "), RecordText.colour(run.verdict)),
          .init(run.rpo.actual.map(HistoryCommand.span) ?? "-"), .init(run.rto.actual.map(HistoryCommand.span) ?? "-"),
        ])
      }
      for line in table.lines(for: terminal) { say(line) }
    }
  }

  private func noRuns() { if !json { say("no sealed runs\(drill.map { " of \(Terminal.inert($0))" } ?? "")") } }
  private static func span(_ seconds: Double) -> String { Duration.milliseconds(Int64((seconds * 1000).rounded())).readable }
}
