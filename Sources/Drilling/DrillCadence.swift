import DrillModel
import Ledger
import Objectives
import Scheduling

/// What makes a declared drill overdue, from its file and from what schedulers remember of it.
struct DrillCadence {
  let cadence: StandingEvidence.Cadence
  private let drill: Drill
  /// Due times up to here are none of the schedule's: it was first seen then.
  private let since: Timestamp?

  /// - Parameter ledger: nil where there is none yet.
  /// - Throws: `Fault` for a schedule that cannot be read, or a ledger that does not answer.
  init(of drill: Drill, ledger: Ledger?, now: Timestamp) throws {
    self.drill = drill
    guard let schedule = drill.schedule else {
      since = nil
      cadence = drill.objectives.every.map { .every($0) } ?? .none
      return
    }
    let memory = try ledger?.scheduleMemories()[drill.name]
    let isCurrent = memory.map { $0.cron == schedule.cron && $0.timezone == schedule.timezone } ?? false
    since = isCurrent ? memory?.since : nil
    let lapsed = try schedule.lapsed(at: now)
    if let since, let newest = lapsed, newest <= since {
      // What was missed under the schedule before stays missed: an edit must not make an overdue drill look well.
      cadence = .schedule(lapsed: try ledger?.newestMiss(drill.name))
    } else {
      cadence = .schedule(lapsed: lapsed)
    }
  }

  /// The first due time after `conclusive`, the last run that said something, which an overdue drill did not answer. It does not move
  /// while the drill stays overdue.
  func unanswered(after conclusive: Timestamp) throws -> Timestamp? {
    guard let schedule = drill.schedule else { return drill.objectives.every.map { conclusive + $0 } }
    if case .schedule(let lapsed?) = cadence, let since, lapsed <= since { return lapsed }
    return try schedule.next(after: max(conclusive, since ?? conclusive))
  }
}
