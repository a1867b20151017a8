import Alerting
import DrillConfig
import DrillModel
import Ledger
import Scheduling

/// Seals a run together with the notifications that it owes.
struct Sealing {
  let runner: DrillRunner

  /// - Parameter drill: As declared; nil when it is not declared any more.
  /// - Throws: `Fault` when the ledger cannot take it; then neither the record nor the notifications exist.
  func seal(_ record: RunRecord, of drill: Drill?, points: [SeenPoint], claim: RunClaim) throws -> SealedRecord {
    let (ledger, settings) = (runner.ledger, runner.settings)
    let earlier = try ledger.latest(record.drill)?.record
    let lastPass = record.verdict == .passed ? record.finishedAt : try ledger.lastPass(record.drill)?.record.finishedAt
    let facts = settings.alerts.facts(
      of: record.drill, drill, lastPass: lastPass, host: settings.host, ledger: ledger.path, now: record.finishedAt)
    settings.crashPoint("verdict, not sealed")
    return try ledger.seal(record, under: claim, points: points) { context in
      let owed = settings.alerts.owing.sealing(
        record, after: earlier.map { EarlierRun(run: $0.run, verdict: $0.verdict, finishedAt: $0.finishedAt) },
        incident: context.incident, escalated: context.escalated, facts: facts,
        head: ToldLink(hash: context.head.hash, sequence: context.head.sequence))
      return try owed.debts(of: record.drill)
    }
  }
}

extension Owed {
  /// The same as the ledger stores it. The drill's name in a notice may be shortened.
  func debts(of drill: String) throws -> Debts {
    var debts = Debts()
    switch incident {
    case .keep: debts.incident = .keep
    case .set(let incident): debts.incident = .set(incident)
    case .close: debts.incident = .close
    }
    debts.notifications = try notices.map { owed in
      OwedNotification(
        id: owed.notice.id, run: owed.notice.run, drill: drill, event: owed.notice.event.rawValue, route: owed.route,
        payload: try owed.notice.json, incident: owed.notice.incident)
    }
    return debts
  }
}
