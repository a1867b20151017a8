import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import Scheduling

struct NextCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "next", abstract: "When drills are due next, or what a cron expression means.",
    discussion: """
      Example:
        drillmark next
        drillmark next --cron "0 4 * * SUN" --timezone Europe/Berlin --count 3
      """)

  @Option(help: ArgumentHelp("A cron expression instead of the site's drills.", valueName: "expr")) var cron: String?
  @Option(help: ArgumentHelp("IANA zone of --cron and of a --from without offset.", valueName: "zone")) var timezone = "UTC"
  @Option(help: ArgumentHelp("Start here instead of now.", valueName: "time")) var from: String?
  @Option(help: "How many times.") var count = 5
  @Flag(help: "As a JSON array.") var json = false
  @OptionGroup var options: SiteOptions

  private struct Due: Encodable {
    let drill: String
    let at: String
    /// When the run begins: the due time and its share of the jitter.
    let start: Timestamp
  }

  func validate() throws { if !(1...10_000).contains(count) { throw ValidationError("--count takes a number from 1 to 10000.") } }

  func run() async throws {
    try await withFaults {
      let start = try DueTimes.start(from, zone: timezone, clocks: SystemClocks())
      if let cron {
        let times = try DueTimes.of(cron, zone: timezone, after: start, count: count)
        if json { say(JSONText.of(times)) } else { for time in times { say(time) } }
        return
      }
      let loaded = try options.loadTelling()
      var found: [(Timestamp, Due)] = []
      for drill in loaded.drills.map(\.drill) {
        guard let schedule = drill.schedule else { continue }
        let rules = try DueRules(drill: drill.name, schedule: schedule)
        for (at, text) in try DueTimes.instants(schedule.cron, zone: schedule.timezone, after: start, count: count) {
          found.append((at, Due(drill: drill.name, at: text, start: rules.start(of: at))))
        }
      }
      let next = found.sorted { $0.0 < $1.0 }.prefix(count).map(\.1)
      if json { say(JSONText.of(Array(next))) } else { for due in next { say(line(due)) } }
      if next.isEmpty, !json { say("no drill has a schedule") }
      if loaded.diagnostics.hasErrors { throw ExitStatus.usage }
    }
  }

  private func line(_ due: Due) -> String {
    let isDelayed = Timestamp(rfc3339: due.at).map { $0 != due.start } ?? false
    return "\(due.at)  \(Terminal.inert(due.drill))" + (isDelayed ? "  (starts \(due.start.readable))" : "")
  }
}
