package import AWSSigning
package import DrillModel
import Synchronization

/// Credentials that expire, fetched anew well before they do. Safe from any thread; callers at the same time share one fetch.
///
/// In the last quarter of an hour one caller fetches new ones while the others go on with the old; in the last ten minutes all wait
/// for it (both windows are shorter for sessions under an hour: a quarter and a sixth of them). When fetching fails, the old ones are
/// used as long as they are valid. It is tried at most once a minute, so that a service that hands out old ones, or a clock that is
/// wrong, leads to no storm.
package final class RefreshingCredentials: Sendable {
  private struct State {
    var held: ProvidedCredentials?
    var fault: (any Error)?
    /// Fetches so far, whatever came of them.
    var fetches = 0
    var tried = Timestamp(seconds: 0)
    var obtained = Timestamp(seconds: 0)
    /// AWS said that these are no good.
    var isRefused = false
  }

  private enum Need { case none, soon, now }

  private let state = Mutex(State())
  private let turn = Mutex(())
  private let clocks: any Clocks
  private let outlivesExpiry: Bool
  private let fetch: @Sendable () throws -> ProvidedCredentials?

  private static let pause = Duration.seconds(60)

  /// - Parameters:
  ///   - outlivesExpiry: Expired ones are still used while no others can be fetched.
  ///   - fetch: May block. Nil when there are none.
  package init(_ clocks: any Clocks, outlivesExpiry: Bool = false, fetch: @escaping @Sendable () throws -> ProvidedCredentials?) {
    self.clocks = clocks
    self.outlivesExpiry = outlivesExpiry
    self.fetch = fetch
  }

  /// Those of now; nil when there are none. Throws when they cannot be fetched and no valid ones are held.
  package func current() throws -> ProvidedCredentials? {
    let seen = state.withLock { $0 }
    switch need(seen) {
    case .none: return seen.held
    case .soon: _ = turn.withLockIfAvailable { _ in refresh(after: seen.fetches) }
    case .now: turn.withLock { _ in refresh(after: seen.fetches) }
    }
    let found = state.withLock { $0 }
    guard let fault = found.fault else { return found.held }
    guard let held = found.held, !found.isRefused, outlivesExpiry || left(held) > .zero else { throw fault }
    return held
  }

  /// Has the next caller fetch others in place of these.
  package func discard(_ credentials: AWSCredentials) {
    state.withLock { if $0.held?.credentials == credentials { $0.isRefused = true } }
  }

  /// Fetches, unless somebody else has since `count` was seen.
  private func refresh(after count: Int) {
    guard state.withLock({ $0.fetches == count }) else { return }
    let result = Result { try fetch() }
    state.withLock { state in
      state.fetches += 1
      state.tried = clocks.now()
      switch result {
      case .success(let provided):
        (state.held, state.fault, state.isRefused) = (provided, nil, false)
        state.obtained = state.tried
      case .failure(let error): state.fault = error
      }
    }
  }

  private func need(_ state: State) -> Need {
    let isRecent = (clocks.now() - state.tried).magnitude < RefreshingCredentials.pause
    guard state.fetches > 0, !state.isRefused else { return .now }
    guard let held = state.held else { return state.fault == nil && isRecent ? .none : .now }
    guard let expiration = held.credentials.expiration else { return .none }
    let left = left(held)
    let lifetime = max(.zero, expiration - state.obtained)
    guard left <= min(.seconds(900), lifetime / 4) else { return .none }
    if isRecent, left > .zero || state.fault == nil { return .none }
    return left > min(.seconds(600), lifetime / 6) ? .soon : .now
  }

  private func left(_ provided: ProvidedCredentials) -> Duration {
    provided.credentials.expiration.map { $0 - clocks.now() } ?? RefreshingCredentials.pause
  }
}
