package import DrillModel
internal import GRDB

extension Ledger {
  static let scheduleTable = """
    CREATE TABLE schedule_memory (
      drill TEXT PRIMARY KEY, cron TEXT NOT NULL, timezone TEXT NOT NULL, since INTEGER NOT NULL, considered INTEGER NOT NULL,
      absent_since INTEGER
    ) STRICT;
    """

  /// What is remembered of every schedule, by drill; nothing for a ledger that no scheduler has used.
  package func scheduleMemories() throws -> [String: ScheduleMemory] {
    try read { db in
      guard try db.tableExists("schedule_memory") else { return [:] }
      let memories = try Row.fetchAll(db, sql: "SELECT * FROM schedule_memory").map(ScheduleMemory.init)
      return Dictionary(memories.map { ($0.drill, $0) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// Puts `memory` in the place of `known` and seals the misses that led to it, in one transaction.
  ///
  /// Misses of the time after `memory.considered` are taken back: a clock that was ahead noted them, and their instants are still to
  /// come. Runs are never taken back.
  /// - Returns: False, and nothing is written, when another scheduler changed the memory meanwhile.
  package func remember(_ memory: ScheduleMemory, insteadOf known: ScheduleMemory?, misses: [Miss] = []) throws -> Bool {
    try write("remember schedule") { db in
      let sql = "SELECT * FROM schedule_memory WHERE drill = ?"
      guard try Row.fetchOne(db, sql: sql, arguments: [memory.drill.column]).map(ScheduleMemory.init) == known else { return false }
      for miss in misses { _ = try append(miss, db) }
      if let known, memory.considered < known.considered {
        try db.execute(
          sql: "DELETE FROM schedule_decision WHERE drill = ? AND due > ? AND outcome = 'miss'",
          arguments: [memory.drill.column, memory.considered.column])
      }
      try db.execute(
        sql: """
          INSERT INTO schedule_memory (drill, cron, timezone, since, considered, absent_since) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (drill) DO UPDATE SET cron = excluded.cron, timezone = excluded.timezone, since = excluded.since,
            considered = excluded.considered, absent_since = excluded.absent_since
          """,
        arguments: [
          memory.drill.column, memory.cron.column, memory.timezone.column, memory.since.column, memory.considered.column,
          memory.absentSince.column,
        ])
      return true
    }
  }

  /// The outcomes of a drill's due instants with a row of their own, oldest first: the run that answered one, or nil for a miss.
  package func decisions(_ drill: String) throws -> [(due: Timestamp, run: RunID?)] {
    try read { db in
      let sql = "SELECT due, run FROM schedule_decision WHERE drill = ? ORDER BY due"
      return try Row.fetchAll(db, sql: sql, arguments: [drill.column]).map { row in
        (try row.time("due"), (try row.optional("run") as String?).flatMap { RunID($0) })
      }
    }
  }

  /// The misses of a drill in the order noted.
  package func misses(_ drill: String) throws -> [Miss] {
    try read { db in
      let sql = "SELECT \(Entry.columns) FROM entry WHERE sequence IN (SELECT sequence FROM miss WHERE drill = ?) ORDER BY sequence"
      return try Row.fetchAll(db, sql: sql, arguments: [drill.column]).map { try CanonicalJSON.decode(Miss.self, from: Entry($0).body) }
    }
  }

  /// The newest due instant of a drill, or the first of the newest row of them, that was missed while the drill was to run; nil when
  /// there is none.
  package func newestMiss(_ drill: String) throws -> Timestamp? {
    try read { db in
      let sql = "SELECT max(due) AS due FROM miss WHERE drill = ? AND kind <> 'disabled'"
      return try Row.fetchOne(db, sql: sql, arguments: [drill.column])?.optionalTime("due")
    }
  }

  /// Seals a miss whose instant has no outcome yet; false when it has one.
  func append(_ miss: Miss, _ db: Database) throws -> Bool {
    try db.execute(
      sql: "INSERT INTO schedule_decision (drill, due, outcome, decided_at) VALUES (?, ?, 'miss', ?) ON CONFLICT DO NOTHING",
      arguments: [miss.drill.column, miss.due.column, miss.notedAt.column])
    guard db.changesCount > 0 else { return false }
    // A clock that was ahead may have had it sealed before.
    let sql = "SELECT EXISTS (SELECT 1 FROM miss WHERE drill = ? AND due = ?)"
    guard try Bool.fetchOne(db, sql: sql, arguments: [miss.drill.column, miss.due.column]) == false else { return true }
    try Projection.write(Entry.append(.miss, subject: "", body: CanonicalJSON.encode(miss), to: db), to: db)
    return true
  }

  /// The outcome of a due instant; nil when it has none. A run within, nil for a miss.
  func decision(_ drill: String, _ due: Timestamp, _ db: Database) throws -> RunID?? {
    let sql = "SELECT run FROM schedule_decision WHERE drill = ? AND due = ?"
    if let row = try Row.fetchOne(db, sql: sql, arguments: [drill.column, due.column]) {
      return .some((try row.optional("run") as String?).flatMap { RunID($0) })
    }
    let considered = "SELECT EXISTS (SELECT 1 FROM schedule_memory WHERE drill = ? AND considered >= ?)"
    return try Bool.fetchOne(db, sql: considered, arguments: [drill.column, due.column]) == true ? .some(nil) : nil
  }

  /// Due instants are decided in their order, so a run answers for all before it.
  func advance(_ drill: String, to due: Timestamp, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE schedule_memory SET considered = max(considered, ?) WHERE drill = ?", arguments: [due.column, drill.column])
  }
}

extension ScheduleMemory {
  fileprivate init(_ row: Row) throws {
    self.init(
      drill: try row.text("drill"), cron: try row.text("cron"), timezone: try row.text("timezone"), since: try row.time("since"),
      considered: try row.time("considered"), absentSince: try row.optionalTime("absent_since"))
  }
}
