import DrillModel
import DrillTestSupport
import Foundation
import Glibc
import Ledger
import Scheduling
import Synchronization

@testable import Scheduler

/// Two clocks that only move when a test says so.
final class HandClocks: Clocks {
  private let state: Mutex<(wall: Timestamp, elapsed: Duration)>

  init(_ start: Timestamp) { state = Mutex((start, .seconds(1000))) }

  func now() -> Timestamp { state.withLock { $0.wall } }
  func elapsed() -> Duration { state.withLock { $0.elapsed } }

  /// Time passes on both clocks; asleep or awake.
  func pass(_ span: Duration) { state.withLock { $0 = ($0.wall + span, $0.elapsed + span) } }
  /// Somebody sets the wall clock.
  func step(_ span: Duration) { state.withLock { $0.wall = $0.wall + span } }
}

/// A ledger of a test's own, in memory where the machine offers that, and drills for it.
final class SchedulerBench {
  let clocks: HandClocks
  let ledger: Ledger
  let keeper: ScheduleKeeper
  private let directory: String
  private var watch = ClockWatch()

  static let start = Timestamp(utc: CivilTime(year: 2026, month: 1, day: 1))

  init(_ start: Timestamp = start) throws {
    let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()
    directory = "\(base)/drillmark-scheduler-\(UUID().uuidString)"
    clocks = HandClocks(start)
    ledger = try Ledger.open(at: "\(directory)/state/ledger.sqlite", clocks: clocks)
    keeper = ScheduleKeeper(ledger)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  func open(_ clocks: any Clocks) throws -> Ledger { try Ledger.open(at: "\(directory)/state/ledger.sqlite", clocks: clocks) }

  static func drill(_ name: String = "orders", _ cron: String, _ change: (inout DrillSchedule) -> Void = { _ in }) -> Drill {
    var schedule = DrillSchedule(cron: cron)
    change(&schedule)
    var drill = Drill(name: name)
    drill.schedule = schedule
    return drill
  }

  /// Looks as a daemon that goes on does.
  func look(_ drills: [Drill], isWhole: Bool = true) throws -> ScheduleFindings {
    try keeper.look(watch.look(clocks), at: drills.map { DeclaredDrill($0, declaredAt: clocks.now()) }, isWhole: isWhole)
  }

  /// As a daemon that was started anew.
  func restart() { watch = ClockWatch() }

  /// Claims a due run and seals it; false when the instant had its outcome.
  @discardableResult
  func carryOut(_ run: DueRun, with ledger: Ledger? = nil) throws -> Bool {
    let ledger = ledger ?? self.ledger
    var random = SystemRandomNumberGenerator()
    let id = RunID(at: clocks.now(), using: &random)
    guard case .claimed(let claim) = try ledger.claim(drill: run.drill, run: id, trigger: .schedule, due: run.due, host: "h") else {
      return false
    }
    _ = try ledger.seal(SchedulerBench.record(claim, at: clocks.now()), under: claim)
    return true
  }

  static func record(_ claim: RunClaim, at now: Timestamp) -> RunRecord {
    RunRecord(
      run: claim.run, drill: claim.drill, trigger: claim.trigger, verdict: .passed, reasons: [], failureInstant: now, startedAt: now,
      finishedAt: now, recoveryPoint: nil,
      rpo: RPORecord(
        objective: nil, actual: nil, artefactAge: nil, dataAge: nil, worstGap: nil, windowWorstGap: nil, gapTolerance: 0.1, basis: .worst,
        verdict: .noObjective),
      rto: RTORecord(
        objective: nil, actual: nil, until: .ready, engineRestore: nil, comparable: true, phases: [], verdict: .noObjective),
      checks: [], cleanup: CleanupRecord(verdict: .clean, resources: []),
      environment: EnvironmentRecord(host: "h", drillmark: "0", engine: nil, durability: .production, isolation: nil))
  }

  /// How often each instant of `instants` has an outcome: a run of its own, or a miss that names or spans it.
  func outcomes(_ drill: String, _ instants: [Timestamp]) throws -> [Int] {
    let runs = Set(try ledger.decisions(drill).filter { $0.run != nil }.map(\.due))
    let misses = try ledger.misses(drill)
    return instants.map { instant in
      (runs.contains(instant) ? 1 : 0) + misses.count { $0.due <= instant && instant <= ($0.until ?? $0.due) && !runs.contains(instant) }
    }
  }
}
