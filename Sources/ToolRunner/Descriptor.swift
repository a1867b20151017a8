internal import Glibc
internal import Synchronization

/// Owns one file descriptor and closes it once, at the latest when the last reference goes.
package final class Descriptor: Sendable {
  private let state: Mutex<Int32>

  /// Takes over `raw`, which nobody else may close from now on.
  package init(owning raw: Int32) { state = Mutex(raw) }

  deinit { close() }

  /// The descriptor for a system call; -1 once closed or taken.
  package var raw: Int32 { state.withLock { $0 } }

  /// Closing again is a no-op.
  package func close() {
    let raw = take()
    if raw >= 0 { _ = Glibc.close(raw) }
  }

  /// Gives the descriptor away: the caller closes it.
  package func take() -> Int32 {
    state.withLock { raw in
      defer { raw = -1 }
      return raw
    }
  }
}
