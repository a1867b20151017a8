import DrillModel
import EngineKit
import PostgreSQLKit
import ToolRunner

/// A restored server that answers: who its superuser is, and which database the checks ask.
struct RestoredCluster: Sendable {
  var administrator: ConnectionTarget
  /// The last moment of a transaction that was replayed; nil when none was.
  var lastTransaction: Timestamp?

  /// Connects as whoever of the cluster's superusers is let in, and makes sure that recovery is over. Blocks.
  ///
  /// - Throws: `Fault`; with code `not_ready` and transient while recovery goes on.
  static func open(socket: String, data: String, wanted: String?) throws -> RestoredCluster {
    var refusal = ServerError(sqlState: nil, message: "no superuser was found")
    for name in SuperuserNames.candidates(in: data) {
      for database in ["postgres", "template1"] + (wanted.map { [$0] } ?? []) {
        let target = ConnectionTarget(
          host: socket, user: name, password: "", database: database,
          settings: ["search_path": "pg_catalog", "statement_timeout": "0", "lock_timeout": "0", "session_preload_libraries": ""])
        do throws(ServerError) {
          let connection = try Connection(target)
          defer { connection.close() }
          return RestoredCluster(administrator: target, lastTransaction: try facts(connection))
        } catch {
          if error.message == stillRecovering { throw Fault(.notReady, stillRecovering, isTransient: true) }
          // A database that is not there says more than the next name tried in vain.
          refusal = error.sqlState == "3D000" || refusal.sqlState == nil ? error : refusal
        }
      }
    }
    throw fault(refusal)
  }

  private static let stillRecovering = "the server is still in recovery"

  private static func facts(_ connection: Connection) throws(ServerError) -> Timestamp? {
    let sql = """
      SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.to_char(
        pg_catalog.pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
      """
    let row = try connection.query(sql).rows.first ?? []
    guard row.first == "f" else { throw ServerError(sqlState: nil, message: stillRecovering) }
    guard row.last == "t" else { throw ServerError(sqlState: "42501", message: "the role is no superuser any more") }
    return row[1].flatMap { Timestamp(rfc3339: $0) }
  }

  /// Tells what this machine lacks from what the backup does.
  static func fault(_ error: ServerError) -> Fault {
    let text = InertText.line(error.message, limit: 300)
    if error.message.contains("database locale is incompatible with operating system")
      || error.message.contains("not recognized by setlocale")
    {
      return Fault(
        .toolMissing, "the databases need a locale that this machine does not have: \(text)",
        advice: "Install it: apt-get install locales-all, or generate it with dpkg-reconfigure locales")
    }
    return Fault(.notReady, "the restored server lets no superuser in: \(text)", advice: "See `drillmark log` for all that it said")
  }

  /// A role that reads everything and may nothing else, made in the restored copy. Before PostgreSQL 14 there is no right to read
  /// everything, so that the superuser asks, read-only. Blocks.
  func checker(major: Int) throws -> ConnectionTarget {
    guard major >= 14 else { return administrator }
    let name = "dm_check_\(RandomText.hex(4))"
    let role = Quoting.identifier(name)
    do throws(ServerError) {
      let connection = try Connection(administrator)
      defer { connection.close() }
      try connection.execute(
        """
        CREATE ROLE \(role) LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS; GRANT pg_read_all_data TO \(role)
        """)
    } catch { throw RestoredCluster.fault(error) }
    var target = administrator
    target.user = name
    target.settings = [:]
    return target
  }

  /// The database for the checks: the one that the drill names, else the only one with tables. Blocks.
  ///
  /// - Throws: `Fault` with code `configuration` when that is not one.
  func database(_ wanted: String?) throws -> String {
    do throws(ServerError) {
      let names = try names()
      if let wanted {
        if names.contains(wanted) { return wanted }
        throw ServerError(sqlState: "3D000", message: names.joined(separator: ", "))
      }
      var filled: [String] = []
      for name in names where name != "template1" {
        let connection = try Connection(administrator.entering(name))
        defer { connection.close() }
        if try connection.query(RestoredCluster.anyTable).rows.first?.first == "t" { filled.append(name) }
      }
      let others = names.filter { $0 != "postgres" && $0 != "template1" }
      if filled.count == 1 { return filled[0] }
      if filled.isEmpty { return others.count == 1 ? others[0] : administrator.database }
      throw ServerError(sqlState: "42P08", message: filled.joined(separator: ", "))
    } catch {
      switch error.sqlState {
      case "3D000":
        throw Fault(
          .restoreFailed,
          "the restored server has no database \(InertText.line(wanted ?? "", limit: 63)), but \(InertText.line(error.message, limit: 300))",
          advice: "Name one of them as `database` under `restore`, or find out where it went")
      case "42P08":
        throw Fault(
          .configuration, "several databases of the restored server hold tables: \(InertText.line(error.message, limit: 300))",
          advice: "Name the one to check as `database` under `restore`")
      default: throw RestoredCluster.fault(error)
      }
    }
  }

  private func names() throws(ServerError) -> [String] {
    let connection = try Connection(administrator)
    defer { connection.close() }
    let sql = "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND datname <> 'template0' ORDER BY datname"
    return try connection.query(sql).rows.compactMap { $0[0] }
  }

  private static let anyTable = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))
    """
}
