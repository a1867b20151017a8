package import DrillModel
internal import GRDB

// What became of an attempt. Each gives false, and changes nothing, when the lease is not ours any more.
extension Ledger {
  /// The receiver has acknowledged it. What else waits for this receiver is due at once, and what it had refused us is let go again.
  @discardableResult
  package func delivered(_ lease: LeasedNotification) throws -> Bool {
    try conclude("mark sent", lease) { db in
      try db.execute(
        sql: "UPDATE owed_notification SET state = 'sent', sent_at = ?, next_attempt = NULL, last_error = NULL WHERE id = ?",
        arguments: [clocks.now().column, lease.notification.id.column])
      try db.execute(
        sql: """
          UPDATE owed_notification SET state = 'owed', next_attempt = NULL, parked_for = NULL
          WHERE state <> 'sent' AND route = ? AND (parked_for = 'receiver' OR (state = 'owed' AND next_attempt IS NOT NULL))
          """, arguments: [lease.notification.route.column])
    }
  }

  /// It did not go through and is tried again at `next`; what else waits for this receiver is not tried before either.
  @discardableResult
  package func deferred(_ lease: LeasedNotification, error: String, maybeSent: Bool, until next: Timestamp) throws -> Bool {
    try conclude("defer notification", lease) { db in
      try db.execute(
        sql: "UPDATE owed_notification SET next_attempt = ?, last_error = ?, maybe_sent = maybe_sent OR ? WHERE id = ?",
        arguments: [next.column, error.column, maybeSent ? 1 : 0, lease.notification.id.column])
      try db.execute(
        sql: """
          UPDATE owed_notification SET next_attempt = ?1
          WHERE state <> 'sent' AND state = 'owed' AND route = ?2 AND coalesce(next_attempt, 0) < ?1
          """, arguments: [next.column, lease.notification.route.column])
    }
  }

  /// It is not tried again by itself.
  @discardableResult
  package func parked(_ lease: LeasedNotification, for reason: ParkReason, error: String, maybeSent: Bool = false) throws -> Bool {
    try conclude("park notification", lease) { db in
      try db.execute(
        sql: """
          UPDATE owed_notification SET state = 'parked', next_attempt = NULL, parked_for = ?, last_error = ?,
            maybe_sent = maybe_sent OR ? WHERE id = ?
          """, arguments: [reason.rawValue, error.column, maybeSent ? 1 : 0, lease.notification.id.column])
    }
  }

  private func conclude(_ step: String, _ lease: LeasedNotification, _ body: (Database) throws -> Void) throws -> Bool {
    try write(step) { db in
      try db.execute(
        sql: """
          UPDATE owed_notification SET attempts = attempts + 1, last_attempt = ?, lease = NULL, lease_until = NULL
          WHERE id = ? AND lease = ? AND state = 'owed'
          """, arguments: [clocks.now().column, lease.notification.id.column, lease.holder])
      guard db.changesCount > 0 else { return false }
      try body(db)
      return true
    }
  }

  /// Gives a message back untried.
  package func release(_ lease: LeasedNotification) throws {
    try write("release notification") { db in
      try db.execute(
        sql: "UPDATE owed_notification SET lease = NULL, lease_until = NULL WHERE id = ? AND lease = ?",
        arguments: [lease.notification.id.column, lease.holder])
    }
  }

  /// Parks what is owed to routes that are not among `routes` any more, and lets go what was parked for that and is among them again.
  ///
  /// Nothing is written when nothing changes.
  package func reconcile(routes: Set<String>) throws {
    let waiting = { (condition: String) in
      try self.read { db in
        Set(try String.fetchAll(db, sql: "SELECT DISTINCT route FROM owed_notification WHERE state <> 'sent' AND \(condition)"))
      }
    }
    let gone = try waiting("state = 'owed'").subtracting(routes)
    let back = try waiting("parked_for = 'unconfigured'").intersection(routes)
    if gone.isEmpty, back.isEmpty { return }
    try write("reconcile outbox") { db in
      for route in gone.sorted() {
        try db.execute(
          sql: """
            UPDATE owed_notification SET state = 'parked', parked_for = 'unconfigured', lease = NULL, lease_until = NULL,
              next_attempt = NULL, last_error = 'the site file has no such channel any more' WHERE state = 'owed' AND route = ?
            """, arguments: [route.column])
      }
      for route in back.sorted() {
        try db.execute(
          sql: """
            UPDATE owed_notification SET state = 'owed', parked_for = NULL, last_error = NULL
            WHERE state = 'parked' AND parked_for = 'unconfigured' AND route = ?
            """, arguments: [route.column])
      }
    }
  }

  /// Makes every message of a route, or of all, due at once, parked ones too.
  ///
  /// - Returns: How many there are.
  package func retryAll(route: String? = nil) throws -> Int {
    try write("retry notifications") { db in
      let filter = route == nil ? "" : "AND route = ?"
      try db.execute(
        sql: "UPDATE owed_notification SET state = 'owed', parked_for = NULL, next_attempt = NULL WHERE state <> 'sent' \(filter)",
        arguments: StatementArguments([route?.column].compactMap(\.self)))
      return db.changesCount
    }
  }
}
