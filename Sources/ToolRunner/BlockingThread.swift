internal import CSystem
internal import Glibc

/// Runs work that blocks on a thread of its own, so that it never holds one of the few threads that tasks share.
///
/// `name` shows in `ps -L`; fifteen bytes of it count. Cancelling the task does not end the work: give the work something to notice.
///
/// - Parameter stack: Bytes of its stack, more where a library recurses as deep as untrusted input makes it; only what is used is taken.
/// - Throws: what `body` throws.
package func onThread<T: Sendable>(
  _ name: String, stack: Int = 1 << 20, _ body: @escaping @Sendable () throws -> T
) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    startThread(name, stack: stack) { continuation.resume(with: Result { try body() }) }
  }
}

/// Starts a detached thread; the process ends when none can be had, as it does when memory cannot.
func startThread(_ name: String, stack: Int = 1 << 20, _ body: @escaping @Sendable () -> Void) {
  let work = Unmanaged.passRetained(ThreadBody(name: name, run: body))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
  pthread_attr_setstacksize(&attributes, stack)
  var thread = pthread_t()
  let status = pthread_create(
    &thread, &attributes,
    { argument in
      guard let argument else { return nil }
      let work = Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
      csystem_name_thread(work.name)
      work.run()
      return nil
    }, work.toOpaque())
  pthread_attr_destroy(&attributes)
  precondition(status == 0, "no thread could be started: the system's limit on threads is reached")
}

private final class ThreadBody: Sendable {
  let name: String
  let run: @Sendable () -> Void

  init(name: String, run: @escaping @Sendable () -> Void) {
    self.name = name
    self.run = run
  }
}
