import DrillModel
import Ledger
import Reporting

/// Gathers what a report says from the ledger, and lets nothing into it that is not as it was sealed.
struct ReportGathering {
  /// Nil when nothing was ever sealed.
  let ledger: Ledger?
  /// Drills that stand in the drill files now; those that no entry names are told as never tested.
  let declared: [String]
  let share: Double

  /// Up to this many entries every one is recomputed, beyond it those that are shown.
  private static let whole: Int64 = 2000

  /// - Throws: `Fault` with code `ledger_unusable` when an entry is not as it was sealed.
  func report(_ subject: Report.Subject, _ period: Report.Period) throws -> (report: Report, scope: ReportScope) {
    try ledger?.checkRunCount()
    let head = try ledger?.head(before: period.to)
    var scope = ReportScope(from: period.from, to: period.to, head: head?.sequence ?? 0)
    if case .drills(let names) = subject { scope.drills = names }
    if case .runs(let runs) = subject { scope.runs = runs }
    let figures = try ledger?.figures(in: scope) ?? [:]
    let misses = scope.runs == nil ? Dictionary(grouping: try ledger?.misses(in: scope) ?? [], by: \.drill) : [:]
    let names = try names(subject, scope, figures)
    let evidence = try evidence(figures, drills: names.count, head: scope.head)
    let proof = try proof(figures, evidence, head: head?.sequence)
    let drills = try names.map { name in
      DrillReport(
        name: name, figures: figures[name] ?? [], last: try ledger?.lastRun(of: name, in: scope),
        misses: (misses[name] ?? []).map { ReportedMiss(due: $0.due, kind: $0.kind.rawValue, notedAt: $0.notedAt) },
        records: evidence[name]?.newest ?? [], unpassed: evidence[name]?.unpassed ?? [], share: share)
    }
    let mark = head.map { Report.Head(sequence: $0.sequence, hash: $0.hash) }
    return (Report(period: period, subject: subject, head: mark, proof: proof, share: share, drills: drills), scope)
  }

  private func names(_ subject: Report.Subject, _ scope: ReportScope, _ figures: [String: [RunFigures]]) throws -> [String] {
    switch subject {
    case .everything: try everyName(scope).union(figures.keys).union(declared).sorted()
    case .drills(let names): Set(names).sorted()
    case .runs: figures.keys.sorted()
    }
  }

  /// Drills that ran or missed a due time at any time before the end of the period.
  private func everyName(_ scope: ReportScope) throws -> Set<String> {
    guard let ledger else { return [] }
    let before = try ledger.drills().filter { try ledger.lastRun(of: $0, in: scope) != nil }
    return Set(before).union(try ledger.missedDrills(upTo: scope))
  }

  private struct Evidence {
    var newest: [ReportedRecord]
    var unpassed: [UnpassedRun]
  }

  /// The records that are shown one by one. How many is shared out, so that a hundred drills make no endless page.
  private func evidence(_ figures: [String: [RunFigures]], drills: Int, head: Int64) throws -> [String: Evidence] {
    guard let ledger else { return [:] }
    let shown = min(12, max(3, 400 / max(1, drills)))
    let troubled = figures.count { $0.value.contains { $0.verdict != .passed } }
    let read = min(500, max(10, 600 / max(1, troubled)))
    return try figures.mapValues { runs in
      let newest = try records(runs.suffix(shown).reversed().map(\.sequence), head, ledger)
      let unpassed = runs.reversed().lazy.filter { $0.verdict != .passed }.prefix(read)
      return Evidence(newest: newest, unpassed: try reasons(Array(unpassed), newest, ledger))
    }
  }

  /// Those that are shown anyway are not read again.
  private func reasons(_ runs: [RunFigures], _ shown: [ReportedRecord], _ ledger: Ledger) throws -> [UnpassedRun] {
    let known = Dictionary(shown.map { ($0.sequence, UnpassedRun($0.record, sequence: $0.sequence)) }) { first, _ in first }
    let read = try ledger.reasons(at: runs.map(\.sequence).filter { known[$0] == nil })
    let all = known.merging(read.map { ($0.sequence, $0) }) { first, _ in first }
    return try runs.compactMap { run in
      guard let found = all[run.sequence] else { return nil }
      guard found.verdict == run.verdict else {
        throw Fault(
          .ledgerUnusable, "entry \(run.sequence) of the ledger cannot be shown: it was sealed as \(found.verdict.rawValue)",
          advice: "Run `drillmark audit verify`, which names everything that was changed")
      }
      return found
    }
  }

  private func records(_ sequences: [Int64], _ head: Int64, _ ledger: Ledger) throws -> [ReportedRecord] {
    try ledger.evidence(at: sequences).map { sealed in
      let record = sealed.record
      // Only what left something can have been cleaned up later.
      let amendments = record.cleanup.verdict == .clean ? [] : try ledger.amendments(of: record.run, through: head)
      return ReportedRecord(record: record, sequence: sealed.chain.sequence, amendments: amendments)
    }
  }

  private func proof(_ figures: [String: [RunFigures]], _ evidence: [String: Evidence], head: Int64?) throws -> Report.Proof {
    guard let ledger, let head else { return Report.Proof(recomputed: 0, isWhole: true) }
    let first = figures.values.compactMap(\.first?.sequence).min() ?? head
    if head - first < ReportGathering.whole {
      return Report.Proof(recomputed: try ledger.recompute(first, through: head), isWhole: true)
    }
    let newest = evidence.values.flatMap(\.newest)
    let shown = Set(newest.map(\.sequence)).union(newest.flatMap(\.amendments).map(\.sequence))
      .union(evidence.values.flatMap(\.unpassed).map(\.sequence)).union([head])
    _ = try ledger.evidence(at: [head])
    return Report.Proof(recomputed: shown.count, isWhole: false)
  }
}
