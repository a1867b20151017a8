internal import Synchronization
internal import ToolRunner

/// The connection that a question runs on, for whoever wants to cancel it.
final class CurrentConnection: Sendable {
  private let state = Mutex<(connection: Connection?, isCancelled: Bool)>((nil, false))

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// - Returns: false when the question was cancelled before it could be asked.
  func begin(_ connection: Connection) -> Bool {
    state.withLock { state in
      guard !state.isCancelled else { return false }
      state.connection = connection
      return true
    }
  }

  func end() { state.withLock { $0.connection = nil } }

  /// Asks the server to end the question, from a thread of its own because the asking itself waits for the server.
  ///
  /// It asks until the question has ended: a request that comes between two statements ends neither, and would leave the second running.
  func cancel() {
    state.withLock { $0.isCancelled = true }
    Task {
      while let connection = state.withLock({ $0.connection }) {
        _ = try? await onThread("pg cancel") { connection.cancel() }
        do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
      }
    }
  }
}
