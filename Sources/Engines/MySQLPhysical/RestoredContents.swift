import DrillModel
import EngineKit
import MySQLKit

/// Compares what a restored server's two dictionaries know, and keeps accounts of the backup out. Blocks.
struct RestoredContents {
  let connection: MySQLConnection
  let vendor: MySQLVendor
  /// The data directory.
  let data: String

  /// Tables that cannot be opened, tables of InnoDB that the server does not know any more, and tables whose file is missing: preparing
  /// finds none of them, and a server starts with them.
  ///
  /// - Throws: `Fault` with code `restore_failed`, or `configuration` for a storage engine that this server lacks.
  func judge() throws {
    let closed = try rows(
      """
      SELECT concat(TABLE_SCHEMA, '.', TABLE_NAME), coalesce(TABLE_COMMENT, '') FROM information_schema.TABLES
      WHERE ENGINE IS NULL AND TABLE_TYPE NOT LIKE '%VIEW' AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema')
      ORDER BY 1 LIMIT 100
      """)
    let foreign = closed.filter { $0.count == 2 && ($0[1].contains("Unknown storage engine") || $0[1].contains("Unknown table engine")) }
    if let first = closed.first(where: { row in !foreign.contains(row) }) {
      throw Fault(
        .restoreFailed, "\(closed.count) tables cannot be opened: \(text(first, 0)): \(text(first, 1))",
        advice: "Their files are missing in the backup or damaged")
    }
    if let first = foreign.first {
      throw Fault(
        .configuration,
        "\(foreign.count) tables are of a storage engine that the scratch server does not have: \(text(first, 0)): \(text(first, 1))",
        advice: "Restore such tables from a dump")
    }
    guard vendor == .mariadb else { return try judgeDataFiles() }
    try judgeLost()
    try judgeFiles()
  }

  /// The same for MySQL, whose dictionary knows where each tablespace of its own should lie (its manual, "The INFORMATION_SCHEMA
  /// INNODB_DATAFILES Table": relative to the data directory, with `./` in front).
  private func judgeDataFiles() throws {
    let paths = try rows(
      """
      SELECT f.PATH FROM information_schema.INNODB_TABLESPACES t JOIN information_schema.INNODB_DATAFILES f ON f.SPACE = t.SPACE
      WHERE t.SPACE_TYPE = 'Single' ORDER BY 1
      """
    ).compactMap(\.first)
    let missing = paths.filter { path in
      let place = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
      return place.hasPrefix("/") || place.split(separator: "/").contains("..") || !SmallFile.exists("\(data)/\(place)")
    }
    guard let first = missing.first else { return }
    throw Fault(
      .restoreFailed, "the files of \(missing.count) tables are missing: \(InertText.line(first, limit: 200))",
      advice: "Look at how the backup is copied; tables outside the data directory are not restored")
  }

  /// A tablespace of its own has a file under the table's name, links and other places having been left out of the copy.
  private func judgeFiles() throws {
    let tables = try rows("SELECT NAME FROM information_schema.INNODB_SYS_TABLES WHERE SPACE > 0 ORDER BY 1")
    let missing = tables.filter { $0.count == 1 && !SmallFile.exists("\(data)/\($0[0]).ibd") }
    guard let first = missing.first else { return }
    throw Fault(
      .restoreFailed, "the files of \(missing.count) tables are missing: \(text(first, 0)).ibd",
      advice: "Look at how the backup is copied; the tool itself does not notice this")
  }

  /// InnoDB's own names are those of files: what a character set cannot hold is encoded, so only plain ones are compared.
  private func judgeLost() throws {
    let lost = try rows(
      """
      SELECT s.NAME FROM information_schema.INNODB_SYS_TABLES s
      WHERE s.NAME REGEXP '^[a-z0-9_]+/[a-z0-9_]+$' AND s.NAME NOT REGEXP '/fts_[0-9a-f]{16}_'
      AND NOT EXISTS (SELECT 1 FROM information_schema.TABLES t
        WHERE t.TABLE_SCHEMA = substring_index(s.NAME, '/', 1) AND t.TABLE_NAME = substring_index(s.NAME, '/', -1))
      ORDER BY 1 LIMIT 100
      """)
    guard let first = lost.first else { return }
    throw Fault(
      .restoreFailed, "\(lost.count) tables are in InnoDB's dictionary and unknown to the server: \(text(first, 0))",
      advice: "Their .frm files are missing in the backup")
  }

  /// Nobody logs in with an account of the backup; as definers of views and routines they go on to work.
  func lockAccounts(but own: [String]) throws {
    let names = own.map { MySQLQuoting.literal($0) }.joined(separator: ", ")
    let statement =
      switch vendor {
      case .mariadb:
        "UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.account_locked', true) WHERE Host <> '' AND NOT (User IN (\(names)) AND Host = 'localhost')"
      case .mysql: "UPDATE mysql.user SET account_locked = 'Y' WHERE NOT (User IN (\(names)) AND Host = 'localhost')"
      }
    for sql in [statement, "FLUSH PRIVILEGES", "SET GLOBAL local_infile = 0"] { try run(sql) }
  }

  private func run(_ sql: String) throws {
    do throws(MySQLError) { try connection.execute(sql) } catch { throw RestoredContents.failure(error) }
  }

  private func rows(_ sql: String) throws -> [[String]] {
    do throws(MySQLError) { return try connection.query(sql).rows.map { $0.map { $0 ?? "" } } } catch {
      throw RestoredContents.failure(error)
    }
  }

  private func text(_ row: [String], _ index: Int) -> String { row.indices.contains(index) ? InertText.line(row[index], limit: 200) : "" }

  private static func failure(_ error: MySQLError) -> Fault {
    Fault(.toolFailed, "the restored server cannot be looked at: \(error.withoutValues)", advice: "See `drillmark log`")
  }
}
