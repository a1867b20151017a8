import DrillModel
import Synchronization

/// The deadline of a whole run, counted on the clock that never steps.
final class RunLimit: Sendable {
  private let span: Duration
  private let clocks: any Clocks
  private let end: Duration
  private let hasPassed = Mutex(false)

  init(_ span: Duration, clocks: any Clocks) {
    self.span = span
    self.clocks = clocks
    end = clocks.elapsed() + span
  }

  /// Why a run that was cancelled ended, when this was the reason.
  var fault: Fault? {
    guard hasPassed.withLock({ $0 }) else { return nil }
    return Fault(
      .interrupted, "the run was stopped because finish-within left it \(span.readable)",
      advice: "See which phase took so long (drillmark show), and raise schedule.finish-within if the time is expected")
  }

  /// Cancels `work` at the deadline and waits for its end, which includes its cleanup. Cancelling the caller cancels it too.
  func enforce<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value {
    let task = Task(operation: work)
    let timer = Task {
      // Short sleeps: a timer armed for hours is wrong after a suspend.
      while clocks.elapsed() < end {
        let rest = end - clocks.elapsed()
        do { try await Task.sleep(for: max(.milliseconds(1), min(rest, .seconds(30)))) } catch { return }
      }
      hasPassed.withLock { $0 = true }
      task.cancel()
    }
    defer { timer.cancel() }
    return await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
  }
}
