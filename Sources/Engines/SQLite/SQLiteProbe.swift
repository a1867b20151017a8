import CSQLite
import DrillModel
import EngineKit
import ToolRunner

/// Asks a restored database file, each question on a connection and a thread of its own.
struct SQLiteProbe: SQLProbe {
  let path: String
  let clocks: any Clocks

  func query(_ sql: String, timeout: Duration, limit: Int) async throws -> SQLTable {
    try await ask(within: timeout) { connection in
      var table = SQLTable(columns: try connection.columns(of: sql), rows: [])
      guard !table.columns.isEmpty else { throw ProbeError.invalid("the statement gives no result") }
      try connection.run(sql) { row in
        guard table.rows.count < limit else {
          table.isCut = true
          return false
        }
        table.rows.append((0..<table.columns.count).map { row[$0] })
        return true
      }
      return table
    }
  }

  func count(table: String, timeout: Duration) async throws -> Int64 {
    try await ask(within: timeout) { connection in
      let name = try Self.find(table, connection)
      var count: Int64 = 0
      try connection.run("SELECT count(*) FROM main.\(name.quotedIdentifier)") { row in
        count = row.integer(0) ?? 0
        return true
      }
      return count
    }
  }

  /// The table or view of that name as the schema spells it; `main.` in front is allowed.
  private static func find(_ table: String, _ connection: SQLiteConnection) throws -> String {
    var names: [String] = []
    try connection.run("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name") { row in
      names.append(row[0] ?? "")
      return true
    }
    let short = table.lowercased().hasPrefix("main.") ? String(table.dropFirst(5)) : table
    for wanted in [table, short] {
      if let name = names.first(where: { $0 == wanted }) ?? names.first(where: { $0.lowercased() == wanted.lowercased() }) { return name }
    }
    throw ProbeError.missing("there is no table or view \(table); the database has \(names.count)")
  }

  /// Opens the database on a thread of its own; cancelling, or the deadline, ends SQLite's work.
  func open<Value: Sendable>(
    within timeout: Duration, _ body: @escaping @Sendable (SQLiteConnection) throws -> Value
  ) async throws -> Value {
    let end = clocks.elapsed() + timeout
    let clocks = clocks
    let watch = SQLiteWatch { clocks.elapsed() >= end }
    let path = path
    return try await withTaskCancellationHandler {
      try await onThread("sqlite check", stack: SQLiteDepth.stack) {
        let guardian = SQLiteGuard(.reading)
        let connection = try SQLiteConnection(path: path, mode: .read, guardian: guardian, watch: watch)
        do {
          try Self.refuseChains(connection)
          return try body(connection)
        } catch let error as SQLiteError {
          if watch.isLate { throw ProbeError.timeout(timeout) }
          if watch.isStopped { throw CancellationError() }
          if let refusal = guardian.refusal { throw ProbeError.invalid("checks only read: \(refusal) is not allowed") }
          throw error
        }
      }
    } onCancel: {
      watch.stop()
    }
  }

  private static func refuseChains(_ connection: SQLiteConnection) throws {
    var views: [(name: String, sql: String)] = []
    try connection.run("SELECT name, sql FROM sqlite_schema WHERE type = 'view'") { row in
      views.append((row[0] ?? "", row[1] ?? ""))
      return views.count <= SQLiteDepth.definitions
    }
    guard views.count <= SQLiteDepth.definitions else {
      throw Fault(
        .unsafeContent, "the database holds more than \(SQLiteDepth.definitions) views", advice: "Look at who can write to the backups")
    }
    var expansion = SQLiteExpansion(views: views)
    try expansion.judge()
  }

  /// The same, with SQLite's errors told as answers about the data, the question or ourselves.
  func ask<Value: Sendable>(
    within timeout: Duration, _ body: @escaping @Sendable (SQLiteConnection) throws -> Value
  ) async throws -> Value {
    do {
      return try await open(within: timeout, body)
    } catch let error as SQLiteError {
      throw Self.answer(error)
    } catch let fault as Fault {
      throw ProbeError.unavailable(fault.message)
    } catch is CancellationError {
      throw ProbeError.unavailable("the check was stopped")
    }
  }

  static func answer(_ error: SQLiteError) -> ProbeError {
    let text = error.message
    if error.isDamage { return .damaged("the database is damaged: \(text)") }
    switch error.primary {
    case SQLITE_ERROR:
      if ["no such table", "no such column", "no such index", "no such view"].contains(where: { text.hasPrefix($0) }) {
        return .missing(text)
      }
      if text.hasPrefix("no such module") || text.hasPrefix("no such collation") {
        return .unavailable("this SQLite cannot answer: \(text)")
      }
      if ["integer overflow", "malformed JSON", "bad JSON path"].contains(where: { text.contains($0) }) { return .damaged(text) }
      return .invalid(text)
    case SQLITE_MISUSE: return .invalid(text)
    case SQLITE_TOOBIG: return .unavailable("a value or statement is larger than a check may read (256 MiB)")
    case SQLITE_MISMATCH, SQLITE_CONSTRAINT: return .damaged(text)
    default: return .unavailable("SQLite answered: \(text)")
    }
  }
}
