package import DrillModel

/// What a look finds out about the schedule itself, before its due instants: whether it is new, edited or back, and whether what is
/// remembered can be believed.
package struct ScheduleReview: Sendable, Hashable {
  /// What is to be remembered from now on.
  package var memory: ScheduleMemory
  /// Due instants of a schedule that held before, to be recorded with the new memory.
  package var misses: [Miss] = []
  /// A sentence for people; nil when nothing is out of the ordinary.
  package var note: String?

  /// How far the wall clock may be set back without doubt in what is remembered.
  static let doubt = Duration.seconds(86_400)
  /// How far back a file's time may tell that its schedule was declared before the first look at it.
  static let declaration = Duration.seconds(3600)

  /// - Parameter declaredAt: When the drill's file was last changed, as far as that is known. A schedule that was written down before its
  ///   due time is due although nobody looked at it until later; one that was copied here with an old time is not made up for.
  package init(_ rules: DueRules, known: ScheduleMemory?, declaredAt: Timestamp?, now: Timestamp) {
    let fresh = ScheduleReview.fresh(rules, declaredAt: declaredAt, now: now)
    guard var known else {
      memory = fresh
      return
    }
    if known.considered > now + ScheduleReview.doubt {
      note =
        "due times up to \(known.considered.readable) are remembered, which is in the future: the clock was ahead, or is behind now; "
        + "those after now are due again unless they ran"
      known.considered = now
      known.since = min(known.since, now)
    }
    memory = known
    if let absentSince = known.absentSince {
      revive(known, as: rules, from: absentSince, now: now)
    } else if known.cron != rules.schedule.cron || known.timezone != rules.schedule.timezone {
      replace(known, with: fresh, now: now)
    }
  }

  /// What is remembered of a drill that the site no longer has; nil when that is remembered already.
  package static func absent(_ known: ScheduleMemory, now: Timestamp) -> ScheduleMemory? {
    guard known.absentSince == nil else { return nil }
    var memory = known
    memory.absentSince = now
    return memory
  }

  private static func fresh(_ rules: DueRules, declaredAt: Timestamp?, now: Timestamp) -> ScheduleMemory {
    let declared = declaredAt.map { $0 > now ? now : max($0, now - declaration) } ?? now
    return ScheduleMemory(
      drill: rules.drill, cron: rules.schedule.cron, timezone: rules.schedule.timezone, since: declared, considered: declared)
  }

  private mutating func replace(_ known: ScheduleMemory, with fresh: ScheduleMemory, now: Timestamp) {
    misses = ScheduleReview.unanswered(known, until: fresh.since, now: now)
    memory = fresh
    memory.since = max(fresh.since, min(known.considered, now))
    memory.considered = memory.since
    note = "its schedule was “\(known.cron)” in \(known.timezone) and is “\(fresh.cron)” in \(fresh.timezone) now"
  }

  private mutating func revive(_ known: ScheduleMemory, as rules: DueRules, from absentSince: Timestamp, now: Timestamp) {
    misses = ScheduleReview.unanswered(known, until: now, now: now)
    memory = ScheduleMemory(
      drill: rules.drill, cron: rules.schedule.cron, timezone: rules.schedule.timezone, since: now, considered: max(now, known.considered))
    note = "it is back after it had been removed (seen \(absentSince.readable))"
  }

  /// The due instants of the schedule that held before, which nobody will answer any more.
  private static func unanswered(_ known: ScheduleMemory, until end: Timestamp, now: Timestamp) -> [Miss] {
    let schedule = DrillSchedule(cron: known.cron, timezone: known.timezone)
    // An expression that no longer reads was never due.
    guard let rules = try? DueRules(drill: known.drill, schedule: schedule) else { return [] }
    return DueDecision.misses(rules, after: known.considered, until: end, kind: .disabled, at: now)
  }
}
