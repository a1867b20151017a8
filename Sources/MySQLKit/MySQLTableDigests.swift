import DrillModel
package import EngineKit
import Synchronization

/// Digests tables of MariaDB and MySQL in the server: the SHA-256 of each row, summed up, so that neither the order of rows nor of columns
/// counts. `CHECKSUM TABLE` is not used: it depends on the row format, and MariaDB's and MySQL's disagree on null and on trailing spaces.
package final class MySQLTableDigests: DigestProbe {
  private let probe: MySQLProbe
  /// By the name that is told.
  private let known = Mutex<[String: MySQLTableName]>([:])

  package init(_ probe: MySQLProbe) { self.probe = probe }

  package func origin(timeout: Duration) async throws -> DigestOrigin {
    let rows = try await probe.query("SELECT version(), @@version_comment", timeout: timeout, limit: 1).rows
    guard let row = rows.first, row.count == 2, let version = row[0] else {
      throw ProbeError.unavailable("the server does not say its version")
    }
    let isMariaDB = (version + (row[1] ?? "")).lowercased().contains("mariadb")
    let numbers = MySQLInstallation.numbers(version).map(String.init).joined(separator: ".")
    return DigestOrigin(method: "mysql-rows-1", system: isMariaDB ? "mariadb" : "mysql", version: numbers, significant: 2)
  }

  /// Tables of the probe's own database go without its name, so that a drill may restore it under another.
  package func tables(timeout: Duration) async throws -> [String] {
    let sql = """
      SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES
      WHERE \(SystemSchemas.excluded("TABLE_SCHEMA")) AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
      """
    var names: [String: MySQLTableName] = [:]
    for row in try await probe.query(sql, timeout: timeout, limit: .max).rows {
      guard row.count == 2, let database = row[0], let name = row[1] else { continue }
      let table = MySQLTableName(database: database, name: name)
      let plain = [database, name].allSatisfy { text in !text.contains { ".`".contains($0) } }
      let own = plain ? name : MySQLQuoting.identifier(name)
      names[database == probe.endpoint.database ? own : plain ? table.text : table.quoted] = table
    }
    let found = names
    known.withLock { $0 = found }
    return Array(found.keys)
  }

  package func digest(of table: String, timeout: Duration) async throws -> TableDigest {
    guard let name = known.withLock({ $0[table] }) else { throw ProbeError.missing("there is no table \(table)") }
    let columns = try await columns(of: name, timeout)
    // No row has a null digest: one would be left out of a sum unseen, so that it would make the sum impossible instead.
    let sql = """
      SELECT count(*), coalesce(sum(coalesce(cast(conv(left(sha2(concat(\(columns.map(\.text).joined(separator: ", "))), 256), 16), 16, 10)
        AS unsigned), \(MySQLTableDigests.impossible))), 0) FROM \(name.quoted)
      """
    let row = try await probe.query(sql, timeout: timeout, limit: 1).rows.first ?? []
    guard row.count == 2, let count = row[0].flatMap({ Int64($0) }), let sum = row[1] else {
      throw ProbeError.unavailable("the digest of \(table) gave no number")
    }
    guard sum.utf8.count < MySQLTableDigests.impossible.utf8.count else {
      throw ProbeError.unavailable("a row is longer than the server's max_allowed_packet")
    }
    return TableDigest(rows: count, columns: columns.map(\.name), contents: sum)
  }

  /// More than so many rows as a server can hold add up to.
  private static let impossible = "1" + String(repeating: "0", count: 40)

  private struct Column {
    var name: String
    /// SQL for a text that no other value of the column has; a null is none.
    var text: String
  }

  /// What is computed from other columns, or by the server, is no content of a backup.
  private func columns(of table: MySQLTableName, _ timeout: Duration) async throws -> [Column] {
    let sql = """
      SELECT COLUMN_NAME, lower(DATA_TYPE) FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = \(MySQLQuoting.literal(table.database)) AND TABLE_NAME = \(MySQLQuoting.literal(table.name))
        AND coalesce(GENERATION_EXPRESSION, '') = ''
      """
    let columns = try await probe.query(sql, timeout: timeout, limit: .max).rows.compactMap { row -> Column? in
      guard row.count == 2, let name = row[0], let type = row[1] else { return nil }
      return Column(name: name, text: MySQLTableDigests.text(MySQLQuoting.identifier(name), type))
    }
    guard !columns.isEmpty else { throw ProbeError.unavailable("\(table.text) has no column with a value of its own") }
    return columns.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func text(_ column: String, _ type: String) -> String {
    switch type {
    case "tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "date", "time", "datetime", "timestamp", "year":
      // A float as a dump writes it: nothing more of it survives one.
      "coalesce(concat(\(column), ','), 'N')"
    case "bit", "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection",
      "geomcollection", "vector":
      "coalesce(concat(hex(\(column)), ','), 'N')"
    // Hashed by themselves, so that no row grows beyond what a server takes for a value.
    case "tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json":
      "coalesce(sha2(\(column), 256), 'N')"
    default: "coalesce(concat(length(cast(\(column) AS binary)), ':', cast(\(column) AS binary)), 'N')"
    }
  }
}
