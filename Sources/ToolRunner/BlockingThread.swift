internal import CSystem
package import DrillModel

/// Runs work that blocks on a thread of its own, so that it never holds one of the few threads that tasks share.
///
/// `name` shows in `ps -L`; fifteen bytes of it count. Cancelling the task does not end the work: give the work something to notice.
///
/// - Parameter stack: Bytes of its stack, more where a library recurses as deep as untrusted input makes it; only what is used is taken.
/// - Throws: what `body` throws, and `Fault` with code `tool_failed` when no thread can be had.
package func onThread<T: Sendable>(
  _ name: String, stack: Int = 1 << 20, _ body: @escaping @Sendable () throws -> T
) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    do {
      try startThread(name, stack: stack) { continuation.resume(with: Result { try body() }) }
    } catch {
      continuation.resume(throwing: error)
    }
  }
}

/// Runs work on a thread of its own and waits for it, without any of the machinery of tasks, which needs more of the host than a box allows.
///
/// - Throws: `Fault` with code `tool_failed` when no thread can be had; then `body` is never called.
package func waitOnThread(_ name: String, stack: Int, _ body: @escaping @Sendable () -> Void) throws(Fault) {
  try beginThread(name, stack: stack, csystem_run_thread, body)
}

/// Starts a detached thread.
///
/// - Throws: `Fault` with code `tool_failed` when none can be had; then `body` is never called.
func startThread(_ name: String, stack: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) throws(Fault) {
  try beginThread(name, stack: stack, csystem_start_thread, body)
}

private typealias ThreadStart = (Int, (@convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?)?, UnsafeMutableRawPointer?) ->
  Int32

private func beginThread(_ name: String, stack: Int, _ start: ThreadStart, _ body: @escaping @Sendable () -> Void) throws(Fault) {
  let work = Unmanaged.passRetained(ThreadBody(name: name, run: body))
  let status = start(
    stack,
    { argument in
      guard let argument else { return nil }
      let work = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
      csystem_name_thread(work.name)
      work.run()
      return nil
    }, work.toOpaque())
  guard status == 0 else {
    work.release()
    throw Fault(
      .toolFailed, "no thread could be started for \(name): \(systemMessage(-status))",
      advice: "Raise the limits on threads and memory (ulimit -u and -v; TasksMax= and MemoryMax= of a service)", isTransient: true)
  }
}

private final class ThreadBody: Sendable {
  let name: String
  let run: @Sendable () -> Void

  init(name: String, run: @escaping @Sendable () -> Void) {
    self.name = name
    self.run = run
  }
}
