internal import DrillModel
internal import Foundation
internal import GRDB

// Send, then mark: what is told in between is told once more, under the same id. The other order would lose it.
extension Ledger {
  /// Begins delivering. Marks of processes that are gone are removed.
  package func beginDelivery() throws -> OutboxSession {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: file.lockDirectory)) ?? []
    where name.hasPrefix("outbox-") && !FileLock.isHeld(at: "\(file.lockDirectory)/\(name)") {
      try FileLock.acquire(at: "\(file.lockDirectory)/\(name)")?.remove()
    }
    let token = UUID().uuidString.lowercased()
    guard let lock = try FileLock.acquire(at: lockPath(ofOutbox: token)) else {
      throw Fault(.ledgerUnusable, "the outbox mark \(token) is in use by another process", isTransient: true)
    }
    return OutboxSession(token: token, lock: lock)
  }

  private func lockPath(ofOutbox token: String) -> String { "\(file.lockDirectory)/outbox-\(token).lock" }

  /// What is owed or parked: how much, and the oldest `limit` messages.
  package func outbox(showing limit: Int = 1000) throws -> Outbox {
    try read { db in
      let open = "FROM owed_notification WHERE state <> 'sent'"
      let counts = try Row.fetchOne(db, sql: "SELECT count(*) AS total, count(*) FILTER (WHERE state = 'parked') AS parked \(open)")
      let oldest = try Row.fetchAll(db, sql: "SELECT * \(open) ORDER BY rowid LIMIT ?", arguments: [max(0, limit)])
      return Outbox(
        count: try counts?.value("total") ?? 0, parked: try counts?.value("parked") ?? 0, oldest: try oldest.map(OutboxEntry.init))
    }
  }

  /// Whether a message could be sent now, whoever holds it; `farthest` as in `lease`.
  package func isDeliveryDue(farthest: Duration) throws -> Bool {
    let now = clocks.now()
    return try read { db in
      let sql = "SELECT EXISTS (SELECT 1 FROM owed_notification WHERE \(Ledger.dueCondition))"
      return try Bool.fetchOne(db, sql: sql, arguments: [now.column, (now + farthest).column]) ?? false
    }
  }

  /// The routes to which a drill is still owed a message, parked ones left out.
  package func routesOwed(_ drill: String) throws -> Set<String> {
    try read { db in
      let sql = "SELECT DISTINCT route FROM owed_notification WHERE state <> 'sent' AND state = 'owed' AND drill = ?"
      return Set(try String.fetchAll(db, sql: sql, arguments: [drill.column]))
    }
  }

  // Of a moment and of the farthest one. The first term is what the indexes are over.
  private static let dueCondition =
    "state <> 'sent' AND state = 'owed' AND (next_attempt IS NULL OR next_attempt <= ? OR next_attempt > ?)"

  /// Takes the next message that may be sent now: the oldest of its drill and route, due, and held by no other living process.
  ///
  /// Those tried least come first, so that one that never goes through does not hold up the others. A next attempt further ahead than
  /// `farthest` was set by a clock that has been put back, and counts as due.
  /// - Returns: nil when there is none; then nothing is written.
  package func lease(_ session: OutboxSession, for span: Duration, farthest: Duration, except routes: Set<String>) throws
    -> LeasedNotification?
  {
    let now = clocks.now()
    let find = { (db: Database) in try self.next(db, now: now, span: span, farthest: farthest, except: routes) }
    guard try read(find) != nil else { return nil }
    return try write("lease notification") { db in
      guard let entry = try find(db) else { return nil }
      try db.execute(
        sql: "UPDATE owed_notification SET lease = ?, lease_until = ? WHERE id = ?",
        arguments: [session.token, (now + span).column, entry.notification.id.column])
      return LeasedNotification(entry: entry, until: now + span, holder: session.token)
    }
  }

  private func next(
    _ db: Database, now: Timestamp, span: Duration, farthest: Duration, except routes: Set<String>
  ) throws -> OutboxEntry? {
    // Without the payloads, so that sorting a hundred thousand takes little memory.
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT rowid AS place, route, lease, lease_until FROM owed_notification AS this
        WHERE \(Ledger.dueCondition)
          AND NOT EXISTS (SELECT 1 FROM owed_notification AS earlier WHERE earlier.drill = this.drill AND earlier.route = this.route
            AND earlier.state <> 'sent' AND earlier.state = 'owed' AND earlier.rowid < this.rowid)
        ORDER BY attempts, rowid
        """, arguments: [now.column, (now + farthest).column])
    while let row = try rows.next() {
      if try routes.contains(row.text("route")) || isHeld(row, now: now, span: span) { continue }
      let sql = "SELECT * FROM owed_notification WHERE rowid = ?"
      return try Row.fetchOne(db, sql: sql, arguments: [row.integer("place")]).map(OutboxEntry.init)
    }
    return nil
  }

  // A lease counts while its process lives and its time lasts; one that ends later than any could was written before
  // the clock was put back.
  private func isHeld(_ row: Row, now: Timestamp, span: Duration) throws -> Bool {
    guard let holder = try row.optional("lease") as String?, let until = try row.optionalTime("lease_until") else { return false }
    return until > now && until <= now + span + span && FileLock.isHeld(at: lockPath(ofOutbox: holder))
  }

  /// Whether the message is still ours to send.
  package func holds(_ lease: LeasedNotification) throws -> Bool {
    try read { db in
      let sql = "SELECT 1 FROM owed_notification WHERE id = ? AND lease = ? AND state = 'owed'"
      return try Int.fetchOne(db, sql: sql, arguments: [lease.notification.id.column, lease.holder]) != nil
    }
  }
}
