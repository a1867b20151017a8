internal import DrillModel
internal import GRDB

/// A table whose rows can be computed from the bodies of entries. One description serves sealing, rebuilding and auditing.
enum Projection: String, CaseIterable {
  case run
  case checkResult = "check_result"
  case phase, miss

  /// All its columns; the first is the entry's sequence.
  var columns: [String] {
    switch self {
    case .run: Projection.runColumns
    case .checkResult: Projection.checkColumns
    case .phase: Projection.phaseColumns
    case .miss: Projection.missColumns
    }
  }

  private static let runColumns = [
    "sequence", "run", "drill", "triggered_by", "verdict", "failure_instant", "started_at", "finished_at", "point", "point_taken_at",
    "point_origin", "point_bytes", "rpo_objective_ms", "rpo_actual_ms", "rpo_verdict", "rto_objective_ms", "rto_actual_ms",
    "rto_verdict", "cleanup", "host", "engine",
  ]
  private static let checkColumns = [
    "sequence", "position", "name", "kind", "severity", "verdict", "expected", "found", "took_ms", "data",
  ]
  private static let phaseColumns = ["sequence", "position", "name", "start_ms", "end_ms"]
  private static let missColumns = ["sequence", "drill", "due", "kind", "noted_at"]

  var list: String { columns.joined(separator: ", ") }

  var hasPositions: Bool { columns[1] == "position" }

  /// The rows that `entry` must have in this table, in order.
  ///
  /// - Throws: `Fault` when the body does not have the form of its kind.
  static func rows(of entry: Entry) throws -> [Projection: [[DatabaseValue]]] {
    switch EntryKind(rawValue: entry.kind) {
    case .run:
      return rows(of: try CanonicalJSON.decode(RunRecord.self, from: entry.body), entry.sequence)
    case .miss:
      let miss = try CanonicalJSON.decode(Miss.self, from: entry.body)
      let row = [entry.sequence.databaseValue, miss.drill.column, miss.due.column, miss.kind.rawValue.column, miss.notedAt.column]
      return [.miss: [row]]
    case .amendment, .anchor, nil: return [:]
    }
  }

  /// The rows of a sealed run.
  static func rows(of record: RunRecord, _ sequence: Int64) -> [Projection: [[DatabaseValue]]] {
    [.run: [runRow(record, sequence)], .checkResult: checkRows(record, sequence), .phase: phaseRows(record, sequence)]
  }

  private static func runRow(_ record: RunRecord, _ sequence: Int64) -> [DatabaseValue] {
    let point = record.recoveryPoint
    return [
      sequence.databaseValue, record.run.text.column, record.drill.column, record.trigger.rawValue.column, record.verdict.rawValue.column,
      record.failureInstant.column, record.startedAt.column, record.finishedAt.column, (point?.id).column, (point?.takenAt).column,
      (point?.timeOrigin?.rawValue).column, point?.bytes?.databaseValue ?? .null, record.rpo.objective.millisecondColumn,
      record.rpo.actual.millisecondColumn, record.rpo.verdict.rawValue.column, record.rto.objective.millisecondColumn,
      record.rto.actual.millisecondColumn, record.rto.verdict.rawValue.column, record.cleanup.verdict.rawValue.column,
      record.environment.host.column, record.environment.engine.column,
    ]
  }

  private static func checkRows(_ record: RunRecord, _ sequence: Int64) -> [[DatabaseValue]] {
    record.checks.enumerated().map { position, check in
      [
        sequence.databaseValue, position.databaseValue, check.name.column, check.kind.column, check.severity.rawValue.column,
        check.verdict.rawValue.column, check.expected.column, check.found.column, check.seconds.millisecondColumn,
        (check.data ? 1 : 0).databaseValue,
      ]
    }
  }

  private static func phaseRows(_ record: RunRecord, _ sequence: Int64) -> [[DatabaseValue]] {
    record.rto.phases.enumerated().map { position, phase in
      [
        sequence.databaseValue, position.databaseValue, phase.name.rawValue.column, phase.start.millisecondColumn,
        phase.end.millisecondColumn,
      ]
    }
  }

  /// Writes an entry's rows, inside the caller's transaction.
  static func write(_ entry: Entry, to db: Database) throws {
    for (table, rows) in try rows(of: entry) {
      let places = table.columns.map { _ in "?" }.joined(separator: ", ")
      let statement = try db.cachedStatement(sql: "INSERT INTO \(table.rawValue) (\(table.list)) VALUES (\(places))")
      for row in rows { try statement.execute(arguments: StatementArguments(row)) }
    }
  }

  private static let queries = Dictionary(
    uniqueKeysWithValues: allCases.map { table in
      let order = table.hasPositions ? "position" : "sequence"
      return (table, "SELECT \(table.list) FROM \(table.rawValue) WHERE sequence = ? ORDER BY \(order)")
    })

  /// The rows that the table holds for an entry, in order.
  func stored(for sequence: Int64, in db: Database) throws -> [[DatabaseValue]] {
    let statement = try db.cachedStatement(sql: Projection.queries[self] ?? "")
    return try Row.fetchAll(statement, arguments: [sequence]).map { Array($0.databaseValues) }
  }
}

extension Ledger {
  /// Computes every projection anew from the bodies, for a table that was damaged or is new. What was only in a projection is lost.
  package func rebuildProjections() throws {
    try write("rebuild") { db in
      for table in Projection.allCases { try db.execute(sql: "DELETE FROM \(table.rawValue)") }
      let entries = try Row.fetchCursor(db, sql: "SELECT \(Entry.columns) FROM entry ORDER BY sequence")
      while let row = try entries.next() { try Projection.write(Entry(row), to: db) }
    }
  }
}
