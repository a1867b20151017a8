package import DrillModel

/// One look at the clock by a scheduler.
package struct DueLook: Sendable, Hashable {
  package var now: Timestamp
  /// When this scheduler looked before, by the same clock; nil at its first look.
  package var previous: Timestamp?
  /// Whether the wall clock was set forward since, so that it never showed the times between.
  package var skippedTime: Bool

  package init(now: Timestamp, previous: Timestamp? = nil, skippedTime: Bool = false) {
    self.now = now
    self.previous = previous
    self.skippedTime = skippedTime
  }
}

/// The run that a due instant asks for.
package struct DueRun: Sendable, Hashable {
  package var drill: String
  package var due: Timestamp
  /// How long the run may take from now on; nil without `finish-within`.
  package var limit: Duration?
  /// Whether it makes up for what was missed.
  package var isCatchUp: Bool

  package init(drill: String, due: Timestamp, limit: Duration?, isCatchUp: Bool) {
    self.drill = drill
    self.due = due
    self.limit = limit
    self.isCatchUp = isCatchUp
  }
}

/// What becomes of the due instants of one drill that have no outcome yet. Each gets exactly one: a run, or a miss.
package struct DueDecision: Sendable, Hashable {
  /// To be recorded now, oldest first: at most a handful, whatever the time away.
  package var misses: [Miss] = []
  /// Every due instant up to here has its outcome once the misses are recorded.
  package var considered: Timestamp
  /// To be run now.
  package var run: DueRun?
  /// When to look again at the latest; nil when there is never anything more.
  package var next: Timestamp?

  /// How long after its start a run counts as on time; later, nobody was there to start it. As long as a timer may sleep.
  package static let grace = Duration.seconds(900)
  /// The longest row of misses that is counted.
  static let countable = 200_000

  /// - Parameter considered: Every due instant up to here has its outcome.
  package init(_ rules: DueRules, considered: Timestamp, look: DueLook) {
    self.considered = considered
    let (newest, pending) = rules.newest(at: look.now)
    next = pending ?? rules.next(after: look.now).map(rules.start(of:))
    guard let newest, newest > considered else { return }
    noteOlder(than: newest, rules, look)
    judge(newest, rules, look)
  }

  /// The due instants up to `end` as misses of one kind, for a schedule that no longer holds.
  package static func misses(_ rules: DueRules, after considered: Timestamp, until end: Timestamp, kind: Miss.Kind, at now: Timestamp)
    -> [Miss]
  {
    var row = MissRow(drill: rules.drill, notedAt: now)
    row.add(rules, after: considered, before: end + .milliseconds(1)) { _ in kind }
    return row.misses
  }

  private mutating func noteOlder(than newest: Timestamp, _ rules: DueRules, _ look: DueLook) {
    var row = MissRow(drill: rules.drill, notedAt: look.now)
    row.add(rules, after: considered, before: newest) { DueDecision.wasSeen($0, look) ? .late : DueDecision.absence(rules, look) }
    misses = row.misses
    if let last = misses.last { considered = last.until ?? last.due }
  }

  private mutating func judge(_ due: Timestamp, _ rules: DueRules, _ look: DueLook) {
    let (schedule, start) = (rules.schedule, rules.start(of: due))
    let isOnTime = DueDecision.wasSeen(start, look)
    let rest = schedule.finishWithin.map { isOnTime ? start + $0 - look.now : $0 }
    let isTooLate = schedule.startWithin.map { look.now - start > $0 } ?? false || rest.map { $0 <= .zero } ?? false
    if isTooLate || (!isOnTime && schedule.missed == .skip) {
      let kind = isOnTime ? .late : DueDecision.absence(rules, look)
      misses.append(Miss(drill: rules.drill, due: due, kind: kind, notedAt: look.now))
      considered = due
    } else {
      run = DueRun(drill: rules.drill, due: due, limit: rest, isCatchUp: !isOnTime)
    }
  }

  /// Whether a scheduler was there at an instant, or soon after.
  private static func wasSeen(_ instant: Timestamp, _ look: DueLook) -> Bool {
    look.now - instant <= grace || look.previous.map { $0 >= instant } ?? false
  }

  private static func absence(_ rules: DueRules, _ look: DueLook) -> Miss.Kind {
    look.skippedTime || rules.schedule.missed == .skip ? .skipped : .down
  }
}

/// Rows of misses of the same kind, each one entry.
private struct MissRow {
  let drill: String
  let notedAt: Timestamp
  private(set) var misses: [Miss] = []

  init(drill: String, notedAt: Timestamp) {
    self.drill = drill
    self.notedAt = notedAt
  }

  mutating func add(_ rules: DueRules, after start: Timestamp, before end: Timestamp, kind: (Timestamp) -> Miss.Kind) {
    var instant = start
    for _ in 0..<DueDecision.countable {
      guard let due = rules.next(after: instant), due < end else { return }
      add(due, kind(due))
      instant = due
    }
    // Nobody reads an exact number that large, and counting it would hold up every other drill.
    guard let due = rules.next(after: instant), due < end, let last = misses.indices.last else { return }
    let newest = rules.newest(at: end - .milliseconds(1)).due ?? due
    misses[last].until = max(due, newest)
    misses[last].instants = nil
  }

  private mutating func add(_ due: Timestamp, _ kind: Miss.Kind) {
    guard let last = misses.indices.last, misses[last].kind == kind else {
      return misses.append(Miss(drill: drill, due: due, kind: kind, notedAt: notedAt))
    }
    misses[last].until = due
    misses[last].instants = (misses[last].instants ?? 1) + 1
  }
}
