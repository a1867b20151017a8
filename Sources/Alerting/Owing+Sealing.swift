import DrillConfig
package import DrillModel

/// The run before, as far as it matters when no incident was kept for it.
package struct EarlierRun: Sendable, Hashable {
  package var run: RunID
  package var verdict: Verdict
  package var finishedAt: Timestamp

  package init(run: RunID, verdict: Verdict, finishedAt: Timestamp) {
    self.run = run
    self.verdict = verdict
    self.finishedAt = finishedAt
  }
}

/// A place in the chain, as messages carry it.
package struct ToldLink: Sendable, Hashable {
  package var hash: String
  package var sequence: Int64

  package init(hash: String, sequence: Int64) {
    self.hash = hash
    self.sequence = sequence
  }
}

extension Owing {
  /// What the seal of a run owes: its verdict, and `recovered` where it ends an incident.
  ///
  /// A skipped run neither begins nor ends one. Whoever was told of an incident by escalation is told of its end.
  /// - Parameter escalated: The routes that the incident was escalated to.
  package func sealing(
    _ record: RunRecord, after earlier: EarlierRun?, incident: Incident?, escalated: Set<String>, facts: DrillFacts, head: ToldLink
  ) -> Owed {
    let before = incident ?? earlier.flatMap { Owing.incident(of: $0, drill: record.drill) }
    let change = Owing.change(record, before)
    let current: Incident? = if case .set(let incident) = change { incident } else { before }
    var owed = Owed(incident: change == .close && incident == nil ? .keep : change)
    for event in Owing.events(record.verdict, ends: before != nil) {
      for (key, route) in receivers where tells(event, key, route, escalated: escalated) {
        let isPassing = event == .passed || event == .skipped
        var notice = notice(event, subject: record.run.text, key, route, facts, isPassing ? nil : current, at: record.finishedAt)
        notice.tell(record)
        notice.head = head.hash
        notice.headSequence = head.sequence
        owed.notices.append(OwedNotice(route: key, notice: notice))
      }
    }
    return owed
  }

  private func tells(_ event: NotificationEvent, _ key: String, _ route: NotificationRoute, escalated: Set<String>) -> Bool {
    let isNotified = routes.contains { RouteKey.of($0) == key && $0.on.contains(event) }
    return isNotified || (event == .recovered && escalated.contains(key))
  }

  static func events(_ verdict: Verdict, ends isBad: Bool) -> [NotificationEvent] {
    let own = NotificationEvent(rawValue: verdict.rawValue).map { [$0] } ?? []
    return verdict == .passed && isBad ? own + [.recovered] : own
  }

  private static func incident(of run: EarlierRun, drill: String) -> Incident? {
    guard run.verdict != .passed, run.verdict != .skipped else { return nil }
    return Incident(id: run.run.text, drill: drill, cause: run.verdict.rawValue, since: run.finishedAt, told: run.finishedAt)
  }

  private static func change(_ record: RunRecord, _ before: Incident?) -> Owed.Change {
    switch record.verdict {
    case .passed: return before == nil ? .keep : .close
    case .skipped: return .keep
    case .failed, .couldNotVerify, .cannotDrill, .interrupted:
      var incident =
        before
        ?? Incident(
          id: record.run.text, drill: record.drill, cause: record.verdict.rawValue, since: record.finishedAt, told: record.finishedAt)
      incident.cause = record.verdict.rawValue
      incident.told = record.finishedAt
      incident.anchor = record.run.text
      return .set(incident)
    }
  }
}
