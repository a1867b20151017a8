import Alerting
package import DrillModel
package import Ledger
import Objectives

/// Works out what is owed to people apart from a run's seal: overdue drills, reminders, escalations.
///
/// Blocks on the ledger: call it on a thread of its own. Call it as often as you like (the daemon once a minute, `run --due` once): what
/// is owed already is not owed again, whoever else does the same at the same time and whatever the clocks say.
package struct AlertReview: Sendable {
  private let ledger: Ledger
  private let alerts: AlertSettings
  private let host: String
  private let clocks: any Clocks

  package init(ledger: Ledger, alerts: AlertSettings, host: String, clocks: any Clocks) {
    self.ledger = ledger
    self.alerts = alerts
    self.host = host
    self.clocks = clocks
  }

  /// Stores what is newly owed for the declared drills. Drills that are not declared any more are left alone.
  ///
  /// One drill that cannot be looked at does not keep the others from it.
  /// - Returns: How many messages are newly owed, and what went wrong, a line each.
  package func owe() -> (owed: Int, problems: [String]) {
    var count = 0
    var problems: [String] = []
    for drill in alerts.drills.values.sorted(by: { $0.name < $1.name }) {
      do { count += try owe(drill) } catch {
        problems.append("what \(drill.name) owes could not be worked out: \((error as? Fault)?.description ?? "no reason was given")")
      }
    }
    return (count, problems)
  }

  private func owe(_ drill: Drill) throws -> Int {
    let now = clocks.now()
    let last = try ledger.latest(drill.name)
    let overdue = try overdue(drill, last: last?.record, now: now)
    let incident = try ledger.incident(drill.name)
    let isWell = last.map { $0.record.verdict == .passed || $0.record.verdict == .skipped } ?? true
    if isWell, overdue == nil, incident == nil { return 0 }
    let facts = alerts.facts(
      of: drill.name, drill, lastPass: try ledger.lastPass(drill.name)?.record.finishedAt, host: host, ledger: ledger.path, now: now)
    let review = DrillReview(
      facts: facts, now: now, last: last?.record, incident: incident, overdue: overdue,
      isScheduled: drill.schedule != nil || drill.objectives.every != nil, waiting: try ledger.routesOwed(drill.name),
      head: try ledger.head().map { ToldLink(hash: $0.hash, sequence: $0.sequence) })
    return try ledger.owe(alerts.owing.review(review).debts(of: drill.name), drill: drill.name, asOf: last?.record.run)
  }

  /// The first due time since the last run that passed or failed which nothing answered; nil when the drill is not overdue. It does not
  /// move while the drill stays overdue. Of a drill that never ran, the first since its schedule has been looked at.
  private func overdue(_ drill: Drill, last: RunRecord?, now: Timestamp) throws -> Timestamp? {
    let first = try ledger.first(drill.name)?.record.finishedAt
    let cadence = try DrillCadence(of: drill, ledger: ledger, now: now)
    guard let since = try ledger.lastConclusive(drill.name)?.record.finishedAt ?? first ?? cadence.watched else { return nil }
    let evidence = StandingEvidence(
      last: last?.verdict, lastConclusive: since, first: first, cadence: cadence.cadence, underway: cadence.underway)
    return standing(evidence, now: now) == .overdue ? try cadence.unanswered(after: since) : nil
  }
}
