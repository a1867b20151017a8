package import DrillModel
internal import GRDB

/// A message that nobody has acknowledged, with what became of the attempts so far.
package struct OutboxEntry: Sendable, Hashable {
  package let notification: OwedNotification
  package let created: Timestamp
  package let lastAttempt: Timestamp?
  /// Why the last attempt did not succeed, or why it is parked.
  package let lastError: String?
  /// Whether an attempt may have arrived all the same.
  package let maybeSent: Bool
  package let parkedFor: ParkReason?

  // A ledger that an older version wrote is read as it is: it has none of the later columns.
  init(_ row: Row) throws {
    notification = try OwedNotification(row)
    created = try row.time("created")
    lastAttempt = row.hasColumn("last_attempt") ? try row.optionalTime("last_attempt") : nil
    lastError = row.hasColumn("last_error") ? try row.optional("last_error") : nil
    maybeSent = row.hasColumn("maybe_sent") ? try row.integer("maybe_sent") != 0 : false
    parkedFor = row.hasColumn("parked_for") ? try (row.optional("parked_for") as String?).flatMap { ParkReason(rawValue: $0) } : nil
  }
}

/// What nobody has acknowledged: how much there is, and as much of it as people read.
package struct Outbox: Sendable, Hashable {
  /// Messages that are owed or parked.
  package var count: Int
  package var parked: Int
  /// Those owed longest, oldest first.
  package var oldest: [OutboxEntry]

  package init(count: Int = 0, parked: Int = 0, oldest: [OutboxEntry] = []) {
    self.count = count
    self.parked = parked
    self.oldest = oldest
  }

  package var isEmpty: Bool { count == 0 }
}

/// Why a message is not tried any more by itself.
package enum ParkReason: String, Sendable, CaseIterable {
  /// The receiver refuses this message, and would refuse it again.
  case message
  /// The receiver refuses us: no such topic, no right, a wrong key. The next message that it takes lets these go too.
  case receiver
  /// No channel of that name or receiver is in the site file any more. One that is put back lets these go.
  case unconfigured
}

/// A message that this process alone may send, until the lease ends.
package struct LeasedNotification: Sendable, Hashable {
  package let entry: OutboxEntry
  /// When the lease ends by the wall clock.
  package let until: Timestamp
  let holder: String

  package var notification: OwedNotification { entry.notification }
}

/// The mark by which other processes see that the holder of a lease lives. Its leases are free when it ends, however it ends.
package final class OutboxSession: Sendable {
  let token: String
  private let lock: FileLock

  init(token: String, lock: FileLock) {
    self.token = token
    self.lock = lock
  }

  deinit { lock.remove() }
}
