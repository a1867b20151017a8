import DrillModel
import Synchronization

/// Carries out `operation`, cancels it when `limit` has passed, and then throws `fault`.
///
/// When the caller is cancelled, so is the operation, and its own error comes through. One that does not end within `grace` of its
/// cancellation, whoever cancelled it, is left behind: a call that hangs in the kernel must not hold up the cleanup.
func withDeadline<Value: Sendable>(
  _ limit: Duration, grace: Duration = .seconds(60), otherwise fault: Fault, _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  let work = Task(operation: operation)
  let race = Race<Value>()
  return try await withTaskCancellationHandler {
    try await withCheckedThrowingContinuation { continuation in
      race.begin(continuation)
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
    Task {
      try? await Task.sleep(for: grace)
      race.finish(.failure(CancellationError()))
    }
  }
}

/// A continuation that the first of several tasks resumes.
private final class Race<Value: Sendable>: Sendable {
  private struct State {
    var continuation: CheckedContinuation<Value, any Error>?
    var early: Result<Value, any Error>?
    var isOver = false
    var isLate = false
  }
  private let state = Mutex(State())

  var isLate: Bool { state.withLock { $0.isLate } }

  func markLate() { state.withLock { $0.isLate = true } }

  func begin(_ continuation: CheckedContinuation<Value, any Error>) {
    let early = state.withLock { state in
      if state.early == nil { state.continuation = continuation }
      return state.early
    }
    if let early { continuation.resume(with: early) }
  }

  func finish(_ result: Result<Value, any Error>) {
    let continuation: CheckedContinuation<Value, any Error>? = state.withLock { state in
      guard !state.isOver else { return nil }
      state.isOver = true
      guard let continuation = state.continuation else {
        state.early = result
        return nil
      }
      state.continuation = nil
      return continuation
    }
    continuation?.resume(with: result)
  }
}
