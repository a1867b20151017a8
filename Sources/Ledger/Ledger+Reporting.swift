package import DrillModel
internal import GRDB

/// Which sealed entries a report is about.
package struct ReportScope: Sendable, Hashable {
  /// An entry belongs to the period when its time (a run: its end; a miss: when it was noted) is at or after `from` and before `to`.
  package var from: Timestamp
  package var to: Timestamp
  /// The newest entry that is looked at. Entries are only ever added, so that every query up to it agrees with every other.
  package var head: Int64
  /// Nil for every drill.
  package var drills: [String]?
  /// Nil for every run.
  package var runs: [RunID]?

  package init(from: Timestamp, to: Timestamp, head: Int64, drills: [String]? = nil, runs: [RunID]? = nil) {
    self.from = from
    self.to = to
    self.head = head
    self.drills = drills
    self.runs = runs
  }
}

extension Ledger {
  /// The newest entry whose own time is before `instant`; nil when there is none.
  package func head(before instant: Timestamp) throws -> ChainLink? {
    let newest = """
      SELECT max(sequence) FROM (
        SELECT * FROM (SELECT sequence FROM run WHERE finished_at < :at ORDER BY sequence DESC LIMIT 1)
        UNION ALL SELECT * FROM (SELECT sequence FROM miss WHERE noted_at < :at ORDER BY sequence DESC LIMIT 1)
        UNION ALL SELECT max(sequence) FROM entry INDEXED BY entry_amendment
          WHERE kind = 'amendment' AND json_extract(CAST(body AS TEXT), '$.amended_at') < :text)
      """
    return try read { db in
      let arguments: StatementArguments = ["at": instant.milliseconds, "text": instant.description]
      guard let sequence = try Int64.fetchOne(db, sql: newest, arguments: arguments) else { return nil }
      return try Entry.at(sequence, db)?.link
    }
  }

  /// The figures of a period's runs by drill, in the order in which they were sealed.
  ///
  /// One pass over the projection; memory grows with the runs (some 150 bytes each).
  package func figures(in scope: ReportScope) throws -> [String: [RunFigures]] {
    try read { db in
      var found: [String: [RunFigures]] = [:]
      var reader = FigureReader()
      let (condition, arguments) = condition(scope)
      let rows = try Row.fetchCursor(
        db, sql: "SELECT \(FigureReader.columns) FROM run WHERE \(condition) ORDER BY sequence", arguments: arguments)
      while let row = try rows.next() {
        let (drill, figures) = try reader.read(row)
        found[drill, default: []].append(figures)
      }
      return found
    }
  }

  /// Hands over every run of one drill in a period, in the order in which they were sealed, without keeping them.
  package func eachRun(of drill: String, in scope: ReportScope, _ body: (RunLine) throws -> Void) throws {
    var scope = scope
    scope.drills = [drill]
    let (condition, arguments) = condition(scope)
    let sql = """
      SELECT \(FigureReader.columns), run, triggered_by, failure_instant, point, point_taken_at, cleanup, host,
        CASE WHEN verdict <> 'passed' THEN (SELECT json_extract(CAST(body AS TEXT), '$.reasons[0]') FROM entry
          WHERE entry.sequence = run.sequence) END
      FROM run WHERE \(condition) ORDER BY sequence
      """
    try read { db in
      var reader = FigureReader()
      let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
      while let row = try rows.next() {
        var line = try reader.line(row)
        // Only what left something can have been cleaned up later.
        if line.cleanup != .clean { line.amendments = try amendments(of: line.run, through: scope.head, db) }
        try body(line)
      }
    }
  }

  /// The newest run of a drill up to a scope's end, in its period or before it; nil when there is none.
  package func lastRun(of drill: String, in scope: ReportScope) throws -> RunFigures? {
    try read { db in
      let sql = """
        SELECT \(FigureReader.columns) FROM run WHERE drill = ? AND sequence <= ? AND finished_at < ? ORDER BY sequence DESC LIMIT 1
        """
      var reader = FigureReader()
      let statement = try db.cachedStatement(sql: sql)
      return try Row.fetchOne(statement, arguments: [drill.column, scope.head, scope.to.column]).map { try reader.read($0).1 }
    }
  }

  /// Every drill that ever missed a due time before a scope's end, sorted.
  package func missedDrills(upTo scope: ReportScope) throws -> [String] {
    try read { db in
      let sql = "SELECT DISTINCT drill FROM miss WHERE sequence <= ? AND noted_at < ? ORDER BY drill"
      return try String.fetchAll(db, sql: sql, arguments: [scope.head, scope.to.column])
    }
  }

  /// Due times without a run that were noted in the period, in the order in which they were sealed.
  package func misses(in scope: ReportScope) throws -> [Miss] {
    try read { db in
      let sql = "SELECT drill, due, kind, noted_at FROM miss WHERE sequence <= ? AND noted_at >= ? AND noted_at < ? ORDER BY sequence"
      let arguments: StatementArguments = [scope.head, scope.from.column, scope.to.column]
      let all = try Row.fetchAll(db, sql: sql, arguments: arguments).map { row in
        Miss(
          drill: try row.text("drill"), due: try row.time("due"), kind: try row.choice("kind"), notedAt: try row.time("noted_at"))
      }
      return all.filter { miss in scope.drills.map { $0.contains(miss.drill) } ?? true }
    }
  }

  private func condition(_ scope: ReportScope) -> (String, StatementArguments) {
    var condition = "sequence <= ? AND finished_at >= ? AND finished_at < ?"
    var values: [DatabaseValue] = [scope.head.databaseValue, scope.from.column, scope.to.column]
    func narrow(_ column: String, _ texts: [DatabaseValue]) {
      condition += " AND \(column) IN (\(texts.map { _ in "?" }.joined(separator: ", ")))"
      values += texts
    }
    if let drills = scope.drills { narrow("drill", drills.map(\.column)) }
    if let runs = scope.runs { narrow("run", runs.map(\.text.column)) }
    return (condition, StatementArguments(values))
  }
}

extension Entry {
  static func at(_ sequence: Int64, _ db: Database) throws -> Entry? {
    let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM entry WHERE sequence = ?")
    return try Row.fetchOne(statement, arguments: [sequence]).map(Entry.init)
  }
}
