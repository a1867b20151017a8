import Foundation
import HTTPTransport

/// Clients whose connections stand and are not used just now, so that the next call to the same store need not open its own.
final class IdleClients: @unchecked Sendable {
  // Unchecked: the list is touched under the lock alone, and a client is either in it or with the one thread that took it out.
  private let lock = NSLock()
  private var clients: [any HTTPExchanging] = []

  /// The one that was used last; nil where none is idle.
  func take() -> (any HTTPExchanging)? { lock.withLock { clients.popLast() } }

  func giveBack(_ client: any HTTPExchanging) { lock.withLock { clients.append(client) } }
}
