internal import Synchronization
internal import ToolRunner

/// The connection that a question runs on, for whoever wants to cancel it.
final class CurrentConnection: Sendable {
  private let state = Mutex<(connection: Connection?, isCancelled: Bool)>((nil, false))

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  func begin(_ connection: Connection) {
    let isLate = state.withLock { state in
      state.connection = connection
      return state.isCancelled
    }
    if isLate { connection.cancel() }
  }

  func end() { state.withLock { $0.connection = nil } }

  /// Asks the server to end the question, from a thread of its own because the asking itself waits for the server.
  func cancel() {
    let connection = state.withLock { state in
      state.isCancelled = true
      return state.connection
    }
    guard let connection else { return }
    Task { try? await onThread("pg cancel") { connection.cancel() } }
  }
}
