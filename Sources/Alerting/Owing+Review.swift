import DrillConfig
package import DrillModel

/// Where a declared drill stands at a moment, as far as it matters for owing apart from a run.
package struct DrillReview: Sendable {
  package var facts: DrillFacts
  package var now: Timestamp
  /// The newest sealed run; nil when it never ran.
  package var last: RunRecord?
  package var incident: Incident?
  /// The first due time that nothing answered, when the drill is overdue.
  package var overdue: Timestamp?
  /// Whether it has a schedule or `every` today.
  package var isScheduled: Bool
  /// Routes to which something of this drill is still undelivered: no reminder is added to that.
  package var waiting: Set<String>
  /// The chain's newest entry.
  package var head: ToldLink?

  package init(
    facts: DrillFacts, now: Timestamp, last: RunRecord?, incident: Incident?, overdue: Timestamp?, isScheduled: Bool,
    waiting: Set<String> = [], head: ToldLink? = nil
  ) {
    self.facts = facts
    self.now = now
    self.last = last
    self.incident = incident
    self.overdue = overdue
    self.isScheduled = isScheduled
    self.waiting = waiting
    self.head = head
  }
}

extension Owing {
  /// What is owed now apart from a run's seal: overdue, reminders, escalations. Working it out again at the same or a later time owes
  /// the same messages under the same ids, and at most the newest reminder, however far the clock went.
  package func review(_ review: DrillReview) -> Owed {
    guard var incident = current(review) else { return Owed(incident: review.incident == nil ? .keep : .close) }
    incident.rest(at: review.now)
    var owed = Owed()
    if let due = review.overdue, incident.overdue != due {
      incident.overdue = due
      incident.cause = NotificationEvent.overdue.rawValue
      incident.told = review.now
      incident.anchor = Owing.overdueID(due)
      owed.notices += notices(.overdue, subject: incident.anchor, review, incident) { route, _ in route.on.contains(.overdue) }
    }
    if review.isScheduled { incident.isScheduled = true }
    // A schedule that was taken away ends the reminding; a drill that never had one is reminded of.
    if review.isScheduled || !incident.isScheduled {
      owed.notices += reminders(review, incident) + escalations(review, incident)
    }
    owed.incident = incident == review.incident ? .keep : .set(incident)
    return owed
  }

  static func overdueID(_ due: Timestamp) -> String { "overdue-\(due.milliseconds)" }

  /// The incident that lasts, or begins now; nil when all is well.
  private func current(_ review: DrillReview) -> Incident? {
    if var incident = review.incident {
      guard incident.cause == NotificationEvent.overdue.rawValue, review.overdue == nil else { return incident }
      // No longer overdue without a run: the schedule was changed. What its last run said still holds.
      guard let last = review.last, last.verdict != .passed, last.verdict != .skipped else { return nil }
      incident.cause = last.verdict.rawValue
      return incident
    }
    let name = review.facts.name
    if let last = review.last, last.verdict != .passed, last.verdict != .skipped {
      return Incident(id: last.run.text, drill: name, cause: last.verdict.rawValue, since: last.finishedAt, told: last.finishedAt)
    }
    return review.overdue.map {
      Incident(id: Owing.overdueID($0), drill: name, cause: NotificationEvent.overdue.rawValue, since: $0, told: review.now)
    }
  }

  private func reminders(_ review: DrillReview, _ incident: Incident) -> [OwedNotice] {
    guard let cause = NotificationEvent(rawValue: incident.cause) else { return [] }
    return routes.filter { $0.remind > .zero && $0.on.contains(cause) }.flatMap { route -> [OwedNotice] in
      let count = (review.now - incident.told).inMilliseconds / max(1, route.remind.inMilliseconds)
      guard count >= 1, !review.waiting.contains(RouteKey.of(route)) else { return [] }
      return notices(.reminder, subject: "\(incident.id) \(incident.anchor) \(count)", review, incident) { other, _ in other == route }
    }
  }

  private func escalations(_ review: DrillReview, _ incident: Incident) -> [OwedNotice] {
    escalation.filter { review.now - incident.opened >= $0.after }.map { stage in
      let key = RouteKey.of(stage.route)
      let subject = "\(incident.id) \(stage.after.inMilliseconds)"
      var notice = notice(.escalated, subject: subject, key, stage.route, review.facts, incident, at: review.now)
      notice.take(review, incident)
      notice.after = stage.after.inSeconds
      return OwedNotice(route: key, notice: notice)
    }
  }

  private func notices(
    _ event: NotificationEvent, subject: String, _ review: DrillReview, _ incident: Incident,
    _ isTold: (NotificationRoute, String) -> Bool
  ) -> [OwedNotice] {
    routes.map { (RouteKey.of($0), $0) }.filter { isTold($0.1, $0.0) }.map { key, route in
      var notice = notice(event, subject: subject, key, route, review.facts, incident, at: review.now)
      notice.take(review, incident)
      return OwedNotice(route: key, notice: notice)
    }
  }
}

extension Incident {
  /// Brings times that a clock since put back has written back to now: they would keep everybody quiet until they come.
  fileprivate mutating func rest(at now: Timestamp) {
    opened = min(opened, now)
    told = min(told, now)
    since = min(since, now)
  }
}

extension Notice {
  fileprivate mutating func take(_ review: DrillReview, _ incident: Incident) {
    if incident.cause == NotificationEvent.overdue.rawValue {
      due = incident.overdue
    } else if let last = review.last {
      tell(last)
    }
    head = review.head?.hash
    headSequence = review.head?.sequence
  }
}
