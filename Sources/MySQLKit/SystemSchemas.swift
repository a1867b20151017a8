import EngineKit

/// The databases that belong to the server and never to a backup's owner.
package enum SystemSchemas {
  package static let names = ["mysql", "information_schema", "performance_schema", "sys"]

  /// A condition that leaves them out.
  static func excluded(_ column: String) -> String { "\(column) NOT IN (\(names.map { "'\($0)'" }.joined(separator: ", ")))" }

  /// Whether a database is one of them, whatever the case of its letters.
  package static func contains(_ name: some StringProtocol) -> Bool { names.contains(name.lowercased()) }

  /// The only database of a server that is not its own and holds something; nil where there are several, or none.
  package static func onlyOther(_ connection: MySQLConnection) throws(MySQLError) -> String? {
    // The last two are those of old servers in RDS.
    let sql = """
      SELECT DISTINCT TABLE_SCHEMA FROM information_schema.TABLES
      WHERE \(excluded("TABLE_SCHEMA")) AND TABLE_SCHEMA NOT IN ('innodb', 'tmp') LIMIT 2
      """
    let found = try connection.query(sql).rows
    return found.count == 1 ? found[0].first.flatMap(\.self) : nil
  }
}
