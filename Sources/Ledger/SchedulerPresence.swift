package import DrillModel
internal import Foundation
internal import Glibc

/// What is known of a scheduler that works, or worked, with a ledger.
package struct SchedulerSighting: Sendable, Hashable, Codable {
  package var host: String
  package var pid: Int32
  package var startedAt: Timestamp
  package var lastLook: Timestamp
  /// Whether it is a daemon; else it was a single look.
  package var isDaemon: Bool
  /// What its operator should know, a sentence each.
  package var notes: [String]
  /// Whether its process lives, at the moment of asking.
  package var isAlive = false

  private enum CodingKeys: String, CodingKey {
    case host, pid, notes
    case startedAt = "started_at"
    case lastLook = "last_look"
    case isDaemon = "daemon"
  }

  package init(host: String, pid: Int32, startedAt: Timestamp, lastLook: Timestamp, isDaemon: Bool, notes: [String] = []) {
    self.host = host
    self.pid = pid
    self.startedAt = startedAt
    self.lastLook = lastLook
    self.isDaemon = isDaemon
    self.notes = notes
  }
}

/// A daemon's sign of life: a locked file beside the ledger. The kernel frees the lock when the process ends, however it ends, so a file
/// without a holder is a daemon that died.
package final class SchedulerPresence: Sendable {
  private let lock: FileLock

  fileprivate init(_ lock: FileLock) { self.lock = lock }

  /// Says that the scheduler has looked. A disk that does not take it makes the sign older, and nothing else.
  package func beat(_ sighting: SchedulerSighting) {
    guard let bytes = try? CanonicalJSON.encode(sighting) else { return }
    _ = lock.replaceContent(bytes)
  }

  /// Takes the sign back, at a proper end. Repeating it is a no-op.
  package func withdraw() { lock.remove() }
}

extension Ledger {
  private static let presencePrefix = "scheduler-"

  /// Puts up a daemon's sign of life and takes down those of daemons that died.
  ///
  /// - Throws: `Fault` with code `ledger_unusable` when the file cannot be made.
  package func announceScheduler() throws -> SchedulerPresence {
    for path in presencePaths where !FileLock.isHeld(at: path) && !path.hasSuffix("-due.lock") {
      try FileLock.acquire(at: path)?.remove()
    }
    var random = SystemRandomNumberGenerator()
    let path = "\(file.lockDirectory)/\(Ledger.presencePrefix)\(RunID(at: clocks.now(), using: &random)).lock"
    guard let lock = try FileLock.acquire(at: path) else {
      throw Fault(.internalError, "the scheduler's sign of life \(path) is in use by another process")
    }
    return SchedulerPresence(lock)
  }

  /// Leaves word of a single look, in the place of the one before.
  package func noteLook(_ sighting: SchedulerSighting) throws {
    guard let lock = try FileLock.acquire(at: "\(file.lockDirectory)/\(Ledger.presencePrefix)due.lock") else { return }
    SchedulerPresence(lock).beat(sighting)
    lock.release()
  }

  /// Every scheduler that left a sign and did not take it back, the last look first.
  package func schedulers() -> [SchedulerSighting] {
    presencePaths.compactMap { path in
      guard let data = FileManager.default.contents(atPath: path), data.count < 1 << 16 else { return nil }
      var sighting = try? CanonicalJSON.decode(SchedulerSighting.self, from: Array(data))
      sighting?.isAlive = FileLock.isHeld(at: path)
      return sighting
    }.sorted { $0.lastLook > $1.lastLook }
  }

  private var presencePaths: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: file.lockDirectory)) ?? []
    return names.filter { $0.hasPrefix(Ledger.presencePrefix) && $0.hasSuffix(".lock") }.sorted().map { "\(file.lockDirectory)/\($0)" }
  }
}
