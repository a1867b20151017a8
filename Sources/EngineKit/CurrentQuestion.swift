import Synchronization
import ToolRunner

/// The connection that a question to a server runs on, for whoever wants to end it.
package final class CurrentQuestion<Connection: Sendable>: Sendable {
  private let state = Mutex<(connection: Connection?, isCancelled: Bool)>((nil, false))
  private let ending: @Sendable (Connection) -> Void
  private let patience: Duration?
  private let breaking: @Sendable (Connection) -> Void

  /// - Parameters:
  ///   - ending: Asks the server to end what it does for a connection; blocks, may be repeated, and may come between two statements.
  ///   - patience: How long the server is asked before the connection is broken; nil asks for ever.
  ///   - breaking: Breaks a connection at once.
  package init(
    ending: @escaping @Sendable (Connection) -> Void, patience: Duration? = nil,
    breaking: @escaping @Sendable (Connection) -> Void = { _ in }
  ) {
    self.ending = ending
    self.patience = patience
    self.breaking = breaking
  }

  package var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// - Returns: false when the question was cancelled before it could be asked.
  package func begin(_ connection: Connection) -> Bool {
    state.withLock { state in
      guard !state.isCancelled else { return false }
      state.connection = connection
      return true
    }
  }

  /// To be called before the connection is closed.
  package func end() { state.withLock { $0.connection = nil } }

  /// Ends the question, from a thread of its own because the asking itself waits for the server.
  ///
  /// It asks until the question has ended: a request that comes between two statements ends neither, and would leave the second running.
  package func cancel() {
    state.withLock { $0.isCancelled = true }
    Task {
      let last = patience.map { ContinuousClock.now + $0 }
      while let connection = state.withLock({ $0.connection }) {
        if let last, ContinuousClock.now >= last { return state.withLock { if let held = $0.connection { breaking(held) } } }
        let ending = ending
        _ = try? await onThread("cancel") { ending(connection) }
        do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
      }
    }
  }
}
