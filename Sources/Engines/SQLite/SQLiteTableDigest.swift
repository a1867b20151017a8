import CSQLite
import Digesting
import EngineKit

/// Digests what one table holds: the SHA-256 of each row's stored values, summed up, so that neither the order of rows nor of columns counts.
/// Row numbers that the schema does not name count for nothing: VACUUM may change them. Belongs to the reader's process.
struct SQLiteTableDigest {
  private let connection: SQLiteConnection
  private let table: String

  init(_ connection: SQLiteConnection, table: String) {
    self.connection = connection
    self.table = table
  }

  /// Tables that hold rows; virtual ones keep theirs in others, and SQLite's own are no content.
  ///
  /// - Throws: `SQLiteError`.
  static func tables(_ connection: SQLiteConnection) throws -> [String] {
    var names: [String] = []
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1"
    try connection.run(sql) { row in
      if let name = row[0] { names.append(name) }
      return true
    }
    return names
  }

  /// - Throws: `SQLiteError`, or `ProbeError.missing`.
  func run() throws -> TableDigest {
    guard try SQLiteTableDigest.tables(connection).contains(table) else { throw ProbeError.missing("there is no table \(table)") }
    let columns = try stored()
    let list = columns.map(\.quotedIdentifier).joined(separator: ", ")
    var (rows, sum) = (Int64(0), (low: UInt64(0), high: UInt64(0)))
    try connection.run("SELECT \(list) FROM main.\(table.quotedIdentifier)") { row in
      let hash = SHA256()
      row.add(columns.count, to: hash)
      let digest = hash.finish()
      sum.low &+= SQLiteTableDigest.number(digest[0..<8])
      sum.high &+= SQLiteTableDigest.number(digest[8..<16])
      rows += 1
      return true
    }
    return TableDigest(rows: rows, columns: columns, contents: "\(sum.high)-\(sum.low)")
  }

  /// The columns with values of their own, generated and hidden ones left out, in an order that no ALTER TABLE changes.
  private func stored() throws -> [String] {
    var names: [String] = []
    try connection.run("PRAGMA main.table_xinfo(\(table.quotedIdentifier))") { row in
      if let name = row[1], row.integer(6) == 0 { names.append(name) }
      return true
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
