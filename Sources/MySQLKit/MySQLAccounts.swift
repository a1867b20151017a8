import DrillModel
import EngineKit
import Glibc
import Synchronization
import ToolRunner

/// The accounts of a scratch server: one that loads, one that checks, and stand-ins for those that a backup's definers name. Blocks.
package final class MySQLAccounts: Sendable {
  /// May fill every database but the server's own, and reach nothing outside them.
  package let loader: MySQLEndpoint
  /// May read.
  package let checker: MySQLEndpoint
  private let vendor: MySQLVendor
  private let administrator: MySQLConnection
  private let standIns = Mutex<Set<String>>([])

  /// Makes the loader and the checker.
  ///
  /// - Throws: `Fault` with code `tool_failed`.
  package init(_ server: MySQLServer) throws {
    vendor = server.installation.vendor
    loader = server.endpoint(user: "dmload_\(RandomText.hex(8))", password: RandomText.hex(24))
    checker = server.endpoint(user: "dmcheck_\(RandomText.hex(8))", password: RandomText.hex(24))
    do throws(MySQLError) {
      administrator = try MySQLConnection(server.administrator)
      try make(loader.user, password: loader.password)
      try make(checker.user, password: checker.password)
      try grant(MySQLAccounts.filling, to: loader.user)
      let rights = vendor == .mariadb ? "SET USER, BINLOG ADMIN" : "SET_USER_ID, SYSTEM_VARIABLES_ADMIN, SESSION_VARIABLES_ADMIN"
      try administrator.execute("GRANT \(rights) ON *.* TO \(MySQLAccounts.name(loader.user))")
      try grant(MySQLAccounts.reading, to: checker.user)
    } catch {
      throw Fault(.toolFailed, "the scratch server's accounts cannot be made: \(error.withoutValues)", advice: "See `drillmark log`")
    }
  }

  /// Makes a database unless it is there.
  package func provide(_ database: String) throws(MySQLError) {
    try administrator.execute("CREATE DATABASE IF NOT EXISTS \(MySQLQuoting.identifier(database))")
  }

  /// Removes a database that nothing was put into yet, so that a dump can make it itself. A no-op when it is not there.
  ///
  /// It waits until the loading session has entered it, so that nobody is sent to a database that is not there; ten seconds at most.
  package func withdraw(_ database: String) throws(MySQLError) {
    let sessions =
      "SELECT 1 FROM information_schema.PROCESSLIST WHERE USER = \(MySQLQuoting.literal(loader.user)) AND DB = \(MySQLQuoting.literal(database))"
    for _ in 0..<500 {
      if try !administrator.query(sessions).rows.isEmpty { break }
      usleep(20_000)
    }
    try administrator.execute("DROP DATABASE IF EXISTS \(MySQLQuoting.identifier(database))")
  }

  /// Makes an account that nobody can log in with, for a definer of the backup; a role where there is no host. Repeating it is a no-op.
  package func ensure(_ user: String, host: String?) throws(MySQLError) {
    let account = host.map { MySQLQuoting.account(user, host: $0) } ?? MySQLQuoting.identifier(user)
    // The servers' own definers are there and have what they need.
    guard !user.isEmpty, !["mariadb.sys", "mysql.sys", "mysql.session", "mysql.infoschema"].contains(user) else { return }
    guard standIns.withLock({ $0.insert(account).inserted }) else { return }
    if host == nil {
      try administrator.execute("CREATE ROLE IF NOT EXISTS \(account)")
    } else {
      try administrator.execute("CREATE USER IF NOT EXISTS \(account) IDENTIFIED BY '\(RandomText.hex(24))'")
    }
    for statement in MySQLAccounts.grants(MySQLAccounts.filling, account) { try administrator.execute(statement) }
  }

  /// Leaves nothing but reading to whoever loaded and to whoever the backup's code runs as, and makes the server read-only.
  ///
  /// The loader stays, because what a dump makes without naming a definer has it as one; nobody can log in as it any more.
  package func lock() throws(MySQLError) {
    let loading = MySQLAccounts.name(loader.user)
    try administrator.execute(
      "SET PASSWORD FOR \(loading) = \(vendor == .mariadb ? "PASSWORD('\(RandomText.hex(24))')" : "'\(RandomText.hex(24))'")")
    for account in standIns.withLock({ $0.sorted() }) + [loading] {
      try administrator.execute("REVOKE ALL PRIVILEGES, GRANT OPTION FROM \(account)")
      for statement in MySQLAccounts.grants(MySQLAccounts.reading, account) { try administrator.execute(statement) }
    }
    for setting in ["local_infile = 0", "read_only = 1"] { try administrator.execute("SET GLOBAL \(setting)") }
  }

  /// The databases that are not the server's own, with the number of their tables and views.
  package func databases() throws(MySQLError) -> [(name: String, tables: Int)] {
    let sql = """
      SELECT s.SCHEMA_NAME, (SELECT count(*) FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME)
      FROM information_schema.SCHEMATA s WHERE \(SystemSchemas.excluded("s.SCHEMA_NAME")) ORDER BY 1
      """
    return try administrator.query(sql).rows.compactMap { row in
      guard row.count == 2, let name = row[0], let tables = row[1].flatMap({ Int($0) }) else { return nil }
      return (name, tables)
    }
  }

  /// Every right inside databases.
  private static let filling = "ALL PRIVILEGES"
  private static let reading = "SELECT, SHOW VIEW, EXECUTE"

  private static func name(_ user: String) -> String { MySQLQuoting.account(user, host: "localhost") }

  private func make(_ user: String, password: String) throws(MySQLError) {
    try administrator.execute("CREATE USER \(MySQLAccounts.name(user)) IDENTIFIED BY '\(password)'")
  }

  private func grant(_ rights: String, to user: String) throws(MySQLError) {
    for statement in MySQLAccounts.grants(rights, MySQLAccounts.name(user)) { try administrator.execute(statement) }
  }

  /// Rights in every database; for the server's own there is a narrower line, and of several that fit a name the most exact one counts
  /// (MySQL's manual, "Access Control, Stage 2").
  private static func grants(_ rights: String, _ account: String) -> [String] {
    [
      "GRANT \(rights) ON `%`.* TO \(account)", "GRANT SHOW VIEW ON `mysql`.* TO \(account)",
      "GRANT SELECT, EXECUTE, SHOW VIEW ON `sys`.* TO \(account)",
    ]
  }
}
