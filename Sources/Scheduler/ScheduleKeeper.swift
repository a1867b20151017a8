package import DrillModel
package import Ledger
package import Scheduling
import Synchronization

/// A drill as its site declares it now.
package struct DeclaredDrill: Sendable, Hashable {
  package var drill: Drill
  /// When its file was last changed; nil when that is not known.
  package var declaredAt: Timestamp?

  package init(_ drill: Drill, declaredAt: Timestamp? = nil) {
    self.drill = drill
    self.declaredAt = declaredAt
  }
}

/// What one look at the schedules came to.
package struct ScheduleFindings: Sendable {
  /// The runs that are due now, oldest due instant first.
  package var due: [DueRun] = []
  /// What was recorded, a line for people each, with the drill it is about.
  package var notes: [(drill: String, text: String)] = []
  /// When something is due next; nil when nothing ever is.
  package var next: Timestamp?
}

/// Decides what is due and records what is not run, in the ledger that every scheduler of a site shares.
///
/// Blocks as the ledger does. May be called by several processes at once: each due instant gets one outcome.
package struct ScheduleKeeper: Sendable {
  private let ledger: Ledger
  private let quiet = QuietSchedules()

  package init(_ ledger: Ledger) { self.ledger = ledger }

  /// Looks at the schedules of `drills` and seals what was missed.
  ///
  /// - Parameter isWhole: Whether `drills` are all that the site declares; only then is one that is missing a removed one.
  /// - Throws: `Fault` when the ledger cannot be read or written; what was recorded before stays.
  package func look(_ look: DueLook, at drills: [DeclaredDrill], isWhole: Bool) throws -> ScheduleFindings {
    let known = try ledger.scheduleMemories()
    var findings = ScheduleFindings()
    for declared in drills where declared.drill.schedule != nil {
      try examine(declared, known[declared.drill.name], look, &findings)
    }
    if isWhole { try forget(known, except: drills, look, &findings) }
    findings.due.sort { ($0.due, $0.drill) < ($1.due, $1.drill) }
    return findings
  }

  /// Records that a due instant found its drill running; false when the instant has its outcome already.
  package func overlapped(_ run: DueRun, at now: Timestamp) throws -> Bool {
    guard let known = try ledger.scheduleMemories()[run.drill], known.considered < run.due else { return false }
    var memory = known
    memory.considered = run.due
    return try ledger.remember(
      memory, insteadOf: known, misses: [Miss(drill: run.drill, due: run.due, kind: .overlap, notedAt: now)])
  }

  private func examine(
    _ declared: DeclaredDrill, _ known: ScheduleMemory?, _ look: DueLook, _ findings: inout ScheduleFindings
  ) throws {
    let drill = declared.drill.name
    guard let schedule = declared.drill.schedule else { return }
    if let next = quiet.next(of: drill, schedule, known, at: look.now) { return findings.note(next: next) }
    let rules = try DueRules(drill: drill, schedule: schedule)
    let review = ScheduleReview(rules, known: known, declaredAt: declared.declaredAt, now: look.now)
    let decision = DueDecision(rules, considered: review.memory.considered, look: look)
    var memory = review.memory
    memory.considered = max(memory.considered, decision.considered)
    if memory != known {
      // Another scheduler that was quicker has recorded the same; the next look sees what it left.
      guard try ledger.remember(memory, insteadOf: known, misses: review.misses + decision.misses) else {
        findings.note(next: look.now + .seconds(1))
        return
      }
      for text in ([review.note].compactMap(\.self) + (review.misses + decision.misses).map(\.sentence)) {
        findings.notes.append((drill, text))
      }
    }
    if let run = decision.run { findings.due.append(run) }
    guard let next = decision.next else { return }
    findings.note(next: next)
    if decision.run == nil, memory == known { quiet.note(drill, schedule, known, from: look.now, until: next) }
  }

  private func forget(
    _ known: [String: ScheduleMemory], except drills: [DeclaredDrill], _ look: DueLook, _ findings: inout ScheduleFindings
  ) throws {
    let declared = Set(drills.filter { $0.drill.schedule != nil }.map(\.drill.name))
    for (drill, memory) in known.sorted(by: { $0.key < $1.key }) where !declared.contains(drill) {
      guard let absent = ScheduleReview.absent(memory, now: look.now) else { continue }
      if try ledger.remember(absent, insteadOf: memory) { findings.notes.append((drill, "it has no schedule any more")) }
    }
  }
}

/// Which schedules have nothing to decide until when, so that a wake costs next to nothing.
private final class QuietSchedules: Sendable {
  private struct Span {
    var schedule: DrillSchedule
    var memory: ScheduleMemory?
    var from: Timestamp
    var until: Timestamp
  }

  private let spans = Mutex<[String: Span]>([:])

  func note(_ drill: String, _ schedule: DrillSchedule, _ memory: ScheduleMemory?, from: Timestamp, until: Timestamp) {
    spans.withLock { $0[drill] = Span(schedule: schedule, memory: memory, from: from, until: until) }
  }

  /// The end of the quiet span that `now` is in, for a schedule and a memory that have not changed; nil outside of one.
  func next(of drill: String, _ schedule: DrillSchedule, _ memory: ScheduleMemory?, at now: Timestamp) -> Timestamp? {
    spans.withLock { spans in
      guard let span = spans[drill], span.schedule == schedule, span.memory == memory, span.from <= now, now < span.until else {
        return nil
      }
      return span.until
    }
  }
}

extension ScheduleFindings {
  fileprivate mutating func note(next instant: Timestamp) { next = next.map { min($0, instant) } ?? instant }
}

extension Miss {
  /// `missed (down): due 2026-11-22T03:00:00Z`, or a row of them.
  var sentence: String {
    guard let until else { return "missed (\(kind.rawValue)): due \(due.readable)" }
    let count = instants.map { "\($0) due times" } ?? "very many due times"
    return "missed (\(kind.rawValue)): \(count) from \(due.readable) to \(until.readable)"
  }
}
