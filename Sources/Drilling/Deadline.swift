import DrillModel
import Synchronization

/// Carries out `operation`, cancels it when `limit` has passed, and then throws `fault`.
///
/// An operation that does not end within `grace` of its cancellation is left behind: a call that hangs in the kernel must not
/// hold up the cleanup. When the caller is cancelled, so is the operation, and its own error comes through.
func withDeadline<Value: Sendable>(
  _ limit: Duration, grace: Duration = .seconds(60), otherwise fault: Fault, _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  let work = Task(operation: operation)
  return try await withTaskCancellationHandler {
    try await withCheckedThrowingContinuation { continuation in
      let race = Race(continuation)
      let timer = Task {
        do { try await Task.sleep(for: limit) } catch { return }
        race.markLate()
        work.cancel()
        do { try await Task.sleep(for: grace) } catch { return }
        race.finish(.failure(fault))
      }
      Task {
        let result = await work.result
        timer.cancel()
        if case .failure = result, race.isLate { race.finish(.failure(fault)) } else { race.finish(result) }
      }
    }
  } onCancel: {
    work.cancel()
  }
}

/// A continuation that the first of several tasks resumes.
private final class Race<Value: Sendable>: Sendable {
  private let state: Mutex<(continuation: CheckedContinuation<Value, any Error>?, isLate: Bool)>

  init(_ continuation: CheckedContinuation<Value, any Error>) { state = Mutex((continuation, false)) }

  var isLate: Bool { state.withLock { $0.isLate } }

  func markLate() { state.withLock { $0.isLate = true } }

  func finish(_ result: Result<Value, any Error>) {
    let continuation = state.withLock { state in
      defer { state.continuation = nil }
      return state.continuation
    }
    continuation?.resume(with: result)
  }
}
