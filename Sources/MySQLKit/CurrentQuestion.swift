import Synchronization
import ToolRunner

/// The connection that a question runs on, for whoever wants to end it.
final class CurrentQuestion: Sendable {
  private let state = Mutex<(connection: MySQLConnection?, isCancelled: Bool)>((nil, false))
  private let endpoint: MySQLEndpoint
  /// How long the server is asked politely before the connection is broken.
  private static let patience = Duration.seconds(5)

  init(_ endpoint: MySQLEndpoint) { self.endpoint = endpoint }

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// - Returns: false when the question was cancelled before it could be asked.
  func begin(_ connection: MySQLConnection) -> Bool {
    state.withLock { state in
      guard !state.isCancelled else { return false }
      state.connection = connection
      return true
    }
  }

  func end() { state.withLock { $0.connection = nil } }

  /// Asks the server over a second connection to end the question until it has ended: a request that comes between two statements ends
  /// neither. A server that does not answer loses the first connection.
  func cancel() {
    state.withLock { $0.isCancelled = true }
    Task {
      let last = ContinuousClock.now + CurrentQuestion.patience
      while let number = state.withLock({ $0.connection?.number }) {
        guard ContinuousClock.now < last else { return state.withLock { $0.connection?.sever() } }
        let endpoint = endpoint
        _ = try? await onThread("mysql cancel") {
          guard let second = try? MySQLConnection(endpoint, silence: CurrentQuestion.patience) else { return }
          try? second.execute("KILL QUERY \(number)")
          second.close()
        }
        do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
      }
    }
  }
}
