import Synchronization

/// The roles that were asked for, each once.
final class StandIns: Sendable {
  private let names = Mutex<Set<String>>([])

  /// Whether the name is new.
  func add(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }
  var count: Int { names.withLock { $0.count } }
}
