import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import Ledger
import Objectives
import Reporting
import ToolRunner

struct SLACommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sla", abstract: "What can be promised today, for each drill and tier, and on how many runs that rests.",
    discussion: """
      Counts the runs that passed or failed, as far back as --over says, by the engine of the newest run. A recovery that broke or was not
      whole counts as worse than every figure. PROMISE is the figure that --share of recoveries keep with 95 % confidence.

      Example:
        drillmark sla
        drillmark sla --tier critical --share 99 --json

      Exit status: 0; 2 the ledger cannot be read; 64 wrong usage or an invalid file.
      """)

  @Option(help: ArgumentHelp("Only drills of this tier.", valueName: "tier")) var tier: String?
  @Option(help: ArgumentHelp("How far back runs count.", valueName: "duration")) var over = "365d"
  @Option(help: ArgumentHelp("The share of recoveries, in per cent, that must keep an objective.", valueName: "percent")) var share = 95.0
  @Flag(help: "As one JSON document.") var json = false
  @OptionGroup var options: SiteOptions

  func validate() throws {
    try ReportCommand.check(share)
    guard let span = Duration(text: over), span > .zero else { throw ValidationError("--over takes a duration such as 90d.") }
  }

  func run() async throws {
    try await withFaults {
      let loaded = try options.loadTelling()
      let drills = loaded.drills.map(\.drill).filter { tier == nil || $0.tier == tier }
      if let tier, drills.isEmpty { throw Fault(.configuration, "no drill is of the tier \"\(Terminal.inert(String(tier.prefix(60))))\"") }
      let path = loaded.site.ledger
      let levels = try await onThread("sla") { [self] in try gathered(drills, ledger: path) }
      if json { say(levels.json) } else { for line in SLAText(levels).lines(for: .current()) { say(line) } }
      if loaded.diagnostics.hasErrors { throw ExitStatus.usage }
    }
  }

  private func gathered(_ drills: [Drill], ledger path: String) throws -> ServiceLevels {
    let clocks = SystemClocks()
    let end = Timestamp(seconds: clocks.now().seconds + 1)
    let period = Report.Period(from: end - (Duration(text: over) ?? .zero), to: end)
    let ledger = try Ledger.openForReading(at: path, clocks: clocks)
    let head = try ledger?.head(before: end)?.sequence ?? 0
    try ledger?.checkRunCount()
    let scope = ReportScope(from: period.from, to: period.to, head: head)
    let figures = try ledger?.figures(in: scope) ?? [:]
    let lines = drills.map { drill in
      ServiceLevels.Line(
        drill: drill.name, tier: drill.tier, rpo: drill.objectives.rpo?.inSeconds, rto: drill.objectives.rto?.inSeconds,
        figures: figures[drill.name] ?? [], share: share / 100)
    }
    return ServiceLevels(lines, share: share / 100, period: period)
  }
}

/// What can be promised, as tables.
struct SLAText {
  private let levels: ServiceLevels

  init(_ levels: ServiceLevels) { self.levels = levels }

  func lines(for terminal: Terminal) -> [String] {
    guard !levels.drills.isEmpty else { return ["no drills; `drillmark init` writes a first one"] }
    var lines = drills.lines(for: terminal)
    for line in levels.drills where line.otherEngine > 0 {
      lines.append("\(Terminal.inert(line.drill)): \(Shown.count(line.otherEngine, "run")) of another engine left out")
    }
    if !levels.tiers.isEmpty { lines += [""] + tiers.lines(for: terminal) }
    let needed = Binomial.successesNeeded(failures: 0, trials: 0, share: levels.share)
    let share = Shown.percent(levels.share)
    return lines + [
      "", "Runs from \(levels.period.from.readable) on. Confirmed: \(share) of recoveries meet it, with 95 % confidence;",
      "without a miss that takes \(needed) runs. LIKELY is the 95 % interval of the share that met it.",
    ]
  }

  private var drills: TextTable {
    var table = TextTable([
      ("DRILL", .left), ("TIER", .left), ("", .left), ("OBJECTIVE", .right), ("MET", .right), ("LIKELY", .right), ("MEDIAN", .right),
      ("90 %", .right), ("95 %", .right), ("WORST", .right), ("PROMISE", .right), ("CONFIRMED", .left),
    ])
    for line in levels.drills {
      for (position, item) in [line.rpo, line.rto].enumerated() {
        table.add([
          .init(position == 0 ? line.drill : ""), .init(position == 0 ? line.tier ?? "-" : ""), .init(item.label),
          .init(Shown.span(item.objective)), .init("\(item.met)/\(item.runs)"), .init(likely(item)), .init(Shown.span(item.median)),
          .init(Shown.span(item.p90)), .init(Shown.span(item.p95)), .init(Shown.span(item.worst)), .init(Shown.span(item.supported)),
          .init(item.runs == 0 ? "no run counts" : item.verdictWords, SLAText.colour(item.runs == 0 ? .untested : item.conclusion)),
        ])
      }
    }
    return table
  }

  private var tiers: TextTable {
    var table = TextTable([
      ("TIER", .left), ("DRILLS", .right), ("", .left), ("RUNS", .right), ("WORST", .right), ("PROMISE", .right), ("CONFIRMED", .left),
      ("DECIDED BY", .left),
    ])
    for tier in levels.tiers {
      for (position, item) in [tier.rpo, tier.rto].enumerated() {
        table.add([
          .init(position == 0 ? tier.tier : ""), .init(position == 0 ? drillCount(tier) : ""), .init(item.kind == .rpo ? "RPO" : "RTO"),
          .init(String(item.runs)), .init(Shown.span(item.worst)), .init(Shown.span(item.supported)),
          .init(item.conclusion.words, SLAText.colour(item.conclusion)), .init(item.decidedBy ?? ""),
        ])
      }
    }
    return table
  }

  private func drillCount(_ tier: ServiceLevels.Tier) -> String {
    tier.untested == 0 ? String(tier.drills) : "\(tier.drills), \(tier.untested) untested"
  }

  private func likely(_ item: ObjectiveEvidence) -> String {
    guard item.objective != nil, let interval = item.interval else { return "–" }
    return "\(Shown.percent(interval.lowerBound)) to \(Shown.percent(interval.upperBound))"
  }

  private static func colour(_ conclusion: ObjectiveEvidence.Conclusion) -> Terminal.Colour? {
    switch conclusion {
    case .confirmed: .green
    case .contradicted: .red
    case .open, .untested: .yellow
    case .noObjective: nil
    }
  }
}
