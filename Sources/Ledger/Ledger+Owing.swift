package import DrillModel
internal import GRDB

// Owing apart from a run: overdue drills, reminders, escalations, tests.
extension Ledger {
  /// Stores what a drill owes in one transaction. Messages whose id is owed already, whatever became of them, are not owed again.
  ///
  /// - Parameter run: The drill's newest sealed run when it was worked out; nil for none. When another has been sealed since, nothing is
  ///   stored, because what was worked out may not hold any more.
  /// - Returns: How many messages are newly owed.
  package func owe(_ debts: Debts, drill: String, asOf run: RunID?) throws -> Int {
    if debts.isEmpty { return 0 }
    return try write("owe") { db in
      let newest = try String.fetchOne(
        db, sql: "SELECT run FROM run WHERE drill = ? ORDER BY sequence DESC LIMIT 1", arguments: [drill.column])
      guard newest == run?.text else { return 0 }
      return try store(debts, drill: drill, db)
    }
  }

  /// The same inside the caller's transaction, unconditionally.
  @discardableResult
  func store(_ debts: Debts, drill: String, _ db: Database) throws -> Int {
    switch debts.incident {
    case .keep: break
    case .close: try db.execute(sql: "DELETE FROM incident WHERE drill = ?", arguments: [drill.column])
    case .set(let incident): try set(incident, db)
    }
    var count = 0
    for notification in debts.notifications where try insert(notification, db) { count += 1 }
    return count
  }

  private func set(_ incident: Incident, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO incident (drill, id, cause, since, opened, told, anchor, overdue, scheduled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (drill) DO UPDATE SET id = excluded.id, cause = excluded.cause, since = excluded.since, opened = excluded.opened,
          told = excluded.told, anchor = excluded.anchor, overdue = excluded.overdue, scheduled = excluded.scheduled
        """,
      arguments: [
        incident.drill.column, incident.id.column, incident.cause.column, incident.since.column, incident.opened.column,
        incident.told.column, incident.anchor.column, incident.overdue.column, incident.isScheduled ? 1 : 0,
      ])
  }

  private func insert(_ notification: OwedNotification, _ db: Database) throws -> Bool {
    try db.execute(
      sql: """
        INSERT INTO owed_notification (id, run, drill, event, route, payload, digest, state, attempts, next_attempt, created, incident)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
        """,
      arguments: [
        notification.id.column, notification.run?.text ?? "", notification.drill.column, notification.event.column,
        notification.route.column, Array(notification.payload.utf8).blob, notification.digest.blob, notification.state.rawValue,
        notification.attempts, notification.nextAttempt.column, clocks.now().column, notification.incident.column,
      ])
    return db.changesCount > 0
  }

  /// The drill's open incident; nil when it passes, never ran, or was sealed by a version that did not keep incidents.
  package func incident(_ drill: String) throws -> Incident? {
    try read { db in try db.tableExists("incident") ? incident(drill, db) : nil }
  }

  func incident(_ drill: String, _ db: Database) throws -> Incident? {
    try Row.fetchOne(db, sql: "SELECT * FROM incident WHERE drill = ?", arguments: [drill.column]).map(Incident.init)
  }

  /// The routes to which an incident was escalated.
  package func escalated(_ incident: String) throws -> Set<String> { try read { try escalated(incident, $0) } }

  func escalated(_ incident: String, _ db: Database) throws -> Set<String> {
    let sql = "SELECT DISTINCT route FROM owed_notification WHERE incident = ? AND event = 'escalated'"
    return Set(try String.fetchAll(db, sql: sql, arguments: [incident.column]))
  }
}

extension Incident {
  init(_ row: Row) throws {
    self.init(
      id: try row.text("id"), drill: try row.text("drill"), cause: try row.text("cause"), since: try row.time("since"),
      told: try row.time("told"), overdue: try row.optionalTime("overdue"))
    opened = try row.time("opened")
    anchor = try row.text("anchor")
    isScheduled = try row.integer("scheduled") != 0
  }
}
