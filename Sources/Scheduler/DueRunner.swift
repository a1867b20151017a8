package import DrillModel
package import Drilling
package import EngineKit
package import Ledger
package import Scheduling
import ToolRunner

/// Carries out the run that a due instant asks for, and sees to its outcome when there is none.
package struct DueRunner: Sendable {
  private let runner: DrillRunner
  private let keeper: ScheduleKeeper
  private let clocks: any Clocks
  private let trigger: RunRecord.Trigger

  /// - Parameter trigger: `schedule` for the daemon, `due` for a single look.
  package init(runner: DrillRunner, keeper: ScheduleKeeper, clocks: any Clocks, trigger: RunRecord.Trigger) {
    self.runner = runner
    self.keeper = keeper
    self.clocks = clocks
    self.trigger = trigger
  }

  /// How it came out.
  package enum End: Sendable {
    case sealed(SealedRecord)
    /// It happened, but the ledger could not take it; the reaper seals it later.
    case unsealed(RunRecord, Fault)
    /// The drill was running already; recorded as a miss, unless another scheduler was quicker.
    case overlapped(RunID)
    /// Another scheduler saw to it: the run, or nil for a miss.
    case answered(RunID?)
    /// It could not be claimed; the instant stays due.
    case notClaimed(Fault)
  }

  package func carryOut(_ plan: DrillPlan, _ run: DueRun, observe: @escaping @Sendable (RunEvent) -> Void) async -> End {
    let request = DrillRunner.Request(trigger: trigger, due: run.due, limit: run.limit)
    do {
      switch try await runner.run(plan, request, observe: observe) {
      case .sealed(let record): return .sealed(record)
      case .unsealed(let record, let fault): return .unsealed(record, fault)
      case .alreadyDecided(let other): return .answered(other)
      case .alreadyRunning(let other, _):
        let (keeper, now) = (keeper, clocks.now())
        _ = try await onThread("overlap") { try keeper.overlapped(run, at: now) }
        return .overlapped(other)
      }
    } catch {
      return .notClaimed(error as? Fault ?? Fault(.internalError, "the run could not be claimed"))
    }
  }
}
