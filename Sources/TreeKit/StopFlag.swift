internal import Synchronization

/// Tells a thread that copies or unpacks to stop.
package final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  package init() {}

  package var isSet: Bool { flag.load(ordering: .relaxed) }

  /// Repeating it is a no-op.
  package func set() { flag.store(true, ordering: .relaxed) }
}
