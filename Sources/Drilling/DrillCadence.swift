import DrillConfig
import DrillModel
import Ledger
import Objectives
import Scheduling

/// What makes a declared drill overdue, from its file and from what schedulers remember of it.
struct DrillCadence {
  let cadence: StandingEvidence.Cadence
  /// Due times after this that nothing answered make a drill overdue that never ran; nil when nobody has looked at its schedule yet.
  let watched: Timestamp?
  /// When a run that goes on was begun, which answers a due time until it ends; nil when people were told already that it is overdue, so
  /// that they also hear of the end.
  let underway: Timestamp?
  private let drill: Drill
  /// Due times up to here are none of the schedule's: it was first seen then.
  private let since: Timestamp?

  /// - Parameter ledger: nil where there is none yet.
  /// - Throws: `Fault` for a schedule that cannot be read, or a ledger that does not answer.
  init(of drill: Drill, ledger: Ledger?, now: Timestamp) throws {
    self.drill = drill
    let isTold = try ledger?.incident(drill.name)?.cause == NotificationEvent.overdue.rawValue
    underway = isTold ? nil : try ledger?.underway(drill.name)
    guard let schedule = drill.schedule else {
      (since, watched) = (nil, nil)
      cadence = drill.objectives.every.map { .every($0) } ?? .none
      return
    }
    let memory = try ledger?.scheduleMemories()[drill.name]
    let isCurrent = memory.map { $0.cron == schedule.cron && $0.timezone == schedule.timezone } ?? false
    since = isCurrent ? memory?.since : nil
    let lapsed = try schedule.lapsed(at: now)
    if let since, let newest = lapsed, newest <= since {
      // What was missed under the schedule before stays missed: an edit must not make an overdue drill look well.
      let missed = try ledger?.newestMiss(drill.name)
      cadence = .schedule(lapsed: missed)
      watched = missed.map { min(since, $0 - .milliseconds(1)) } ?? since
    } else {
      cadence = .schedule(lapsed: lapsed)
      watched = since
    }
  }

  /// The first due time after `conclusive`, the last run that said something or the first look, which an overdue drill did not answer. It
  /// does not move while the drill stays overdue.
  func unanswered(after conclusive: Timestamp) throws -> Timestamp? {
    guard let schedule = drill.schedule else { return drill.objectives.every.map { conclusive + $0 } }
    if case .schedule(let lapsed?) = cadence, let since, lapsed <= since { return lapsed }
    return try schedule.next(after: max(conclusive, since ?? conclusive))
  }
}
