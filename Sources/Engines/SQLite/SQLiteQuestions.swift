import CSQLite
import DrillModel
import EngineKit

/// Answers questions about one restored database file. Belongs to the reader's process.
struct SQLiteQuestions {
  private let connection: SQLiteConnection
  private let guardian = SQLiteGuard(.reading)

  /// Opens the file.
  ///
  /// - Throws: `SQLiteError`.
  init(path: String) throws { connection = try SQLiteConnection(path: path, mode: .read, guardian: guardian) }

  /// Reads the schema, and refuses one that SQLite could not unfold.
  ///
  /// - Throws: `SQLiteError`, or `Fault` with code `unsafe_content`.
  func open() throws {
    try refuseChains()
    try connection.run("SELECT count(*) FROM sqlite_schema") { _ in true }
  }

  /// The answer, with SQLite's errors told as answers about the data, the question or ourselves; `input` is SQL or a table's name.
  ///
  /// - Throws: `ProbeError`, or `Fault` with code `unsafe_content`.
  func answer(_ request: ReaderRequest, input: String) throws -> ReaderReply {
    do {
      try refuseChains()
      switch request {
      case .query(let limit): return .table(try query(input, limit: limit))
      case .count: return .count(try count(input))
      case .check(let level):
        var deep = SQLiteDeepCheck(connection: connection)
        return .checked(try deep.run(level))
      case .schema:
        var reader = SQLiteSchemaReader(connection: connection)
        return .schema(try reader.lines())
      case .tables: return .schema(try SQLiteTableDigest.tables(connection))
      case .digest: return .digest(try SQLiteTableDigest(connection, table: input).run())
      case .open, .restore: throw Fault(.internalError, "a question was expected")
      }
    } catch let error as SQLiteError {
      if let refusal = guardian.refusal { throw ProbeError.invalid("checks only read: \(refusal) is not allowed") }
      throw Self.answer(to: error)
    }
  }

  private func query(_ sql: String, limit: Int) throws -> SQLTable {
    var table = SQLTable(columns: try connection.columns(of: sql), rows: [])
    guard !table.columns.isEmpty else { throw ProbeError.invalid("the statement gives no result") }
    var size = 0
    try connection.run(sql) { row in
      guard table.rows.count < limit else {
        table.isCut = true
        return false
      }
      let values = (0..<table.columns.count).map { row[$0] }
      size += values.reduce(0) { $0 + ($1?.utf8.count ?? 0) + 8 }
      guard size <= ReplyReader.largest else {
        throw ProbeError.unavailable("the answer is larger than \(ReplyReader.largest >> 20) MiB")
      }
      table.rows.append(values)
      return true
    }
    return table
  }

  private func count(_ table: String) throws -> Int64 {
    let name = try find(table)
    var count: Int64 = 0
    try connection.run("SELECT count(*) FROM main.\(name.quotedIdentifier)") { row in
      count = row.integer(0) ?? 0
      return true
    }
    return count
  }

  /// The table or view of that name as the schema spells it; `main.` in front is allowed.
  private func find(_ table: String) throws -> String {
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

  private func refuseChains() throws {
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

  /// What an error of SQLite says about the data, the question or ourselves.
  static func answer(to error: SQLiteError) -> ProbeError {
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
    case SQLITE_NOMEM: return .unavailable("answering takes more memory than a check is given (\(ReaderProcess.askMemory >> 30) GiB)")
    case SQLITE_MISMATCH, SQLITE_CONSTRAINT: return .damaged(text)
    default: return .unavailable("SQLite answered: \(text)")
    }
  }
}
