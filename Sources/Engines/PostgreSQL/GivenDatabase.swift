import DrillModel
import EngineKit
import Glibc
import PostgreSQLKit

/// A database of one run on a given server: made, owned by a marker, and dropped only when name, marker and row agree. Every call blocks.
struct GivenDatabase: Sendable {
  let name: GivenDatabaseName
  let run: RunID
  let administrator: ConnectionTarget

  private var quoted: String { Quoting.identifier(name.database) }
  /// The comment on the database, which says whose it is.
  private var marker: String { "drillmark run \(run)" }

  /// Creates it empty from template0 and puts its marker on. Its resource must have been journalled before.
  ///
  /// - Parameter encoding: One of its own, with the locale C.
  func create(encoding: String?) throws {
    try asking("make the database") { connection in
      let locale = encoding.map { " ENCODING \(Quoting.literal($0)) LC_COLLATE 'C' LC_CTYPE 'C'" } ?? ""
      try connection.execute("CREATE DATABASE \(quoted) TEMPLATE template0\(locale)")
      try connection.execute("COMMENT ON DATABASE \(quoted) IS \(Quoting.literal(marker))")
    }
  }

  /// Makes it anew in another encoding, which only the dump's own head tells.
  func recreate(encoding: String) throws {
    try drop()
    try create(encoding: encoding)
  }

  /// Drops it after proving that this run made it. One that is gone is a success; one still being made is waited for.
  ///
  /// - Throws: `Fault` with code `scratch_unusable` when the proof fails or the server does not do it.
  func drop() throws {
    guard name.belongs(to: run), GivenDatabaseName.isGenerated(name.database) else {
      throw left("its name was not made for run \(run)")
    }
    try asking("drop the database") { connection in
      try endCreation(connection)
      guard let found = try look(connection) else { return }
      guard found.isOurs else { throw left("it belongs to another role") }
      if found.comment == nil { try adopt(connection) } else if found.comment != marker { throw left("its comment names another owner") }
      if found.isOpen { try rollBackPrepared() }
      try connection.execute("ALTER DATABASE \(quoted) WITH ALLOW_CONNECTIONS false")
      try dropUntilGone(connection)
    }
  }

  private struct Found {
    var isOurs: Bool
    var comment: String?
    var isOpen: Bool
  }

  private func look(_ connection: Connection) throws(ServerError) -> Found? {
    let rows = try connection.query(
      """
      SELECT r.rolname = session_user, pg_catalog.shobj_description(d.oid, 'pg_database'), d.datallowconn
      FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba WHERE d.datname = $1
      """, [name.database]
    ).rows
    return rows.first.map { Found(isOurs: $0[0] == "t", comment: $0[1], isOpen: $0[2] == "t") }
  }

  /// A server goes on making a database whose client died; what it makes after we looked would stay.
  private func endCreation(_ connection: Connection) throws {
    let running = """
      FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid() AND usename = session_user AND state = 'active'
        AND pg_catalog.strpos(query, $1) = 1
      """
    for attempt in 0..<100 {
      let what = attempt % 20 == 0 ? "pg_catalog.pg_terminate_backend(pid)" : "pid"
      let rows = try connection.query("SELECT \(what) \(running)", ["CREATE DATABASE \(quoted)"]).rows
      if rows.isEmpty { return }
      usleep(100_000)
    }
    throw Fault(.scratchUnusable, "the given server is still making the database \(name.database)", isTransient: true)
  }

  /// A run that died between making the database and marking it leaves it without a comment and empty, under a name that only it knew.
  private func adopt(_ connection: Connection) throws {
    let inside = try Connection(administrator.entering(name.database))
    defer { inside.close() }
    let count = try inside.query(GivenDatabase.content).rows.first?[0]
    guard count == "0" else { throw left("it has no comment that says whose it is, and is not empty") }
    try connection.execute("COMMENT ON DATABASE \(quoted) IS \(Quoting.literal(marker))")
  }

  /// A prepared transaction of a dump would keep the database from being dropped for ever.
  private func rollBackPrepared() throws(ServerError) {
    let inside = try Connection(administrator.entering(name.database))
    defer { inside.close() }
    let rows = try inside.query(
      "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() AND owner = session_user"
    ).rows
    for row in rows { if let gid = row[0] { try inside.execute("ROLLBACK PREPARED \(Quoting.literal(gid))") } }
  }

  private func dropUntilGone(_ connection: Connection) throws {
    let terminate = """
      SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
      WHERE datname = $1 AND usename = session_user AND pid <> pg_catalog.pg_backend_pid()
      """
    for attempt in 0..<10 {
      _ = try connection.query(terminate, [name.database])
      do throws(ServerError) {
        // FORCE minds autovacuum's workers, whom a role without special rights may not end; a plain DROP ends them itself.
        let canForce = try connection.query("SELECT current_setting('server_version_num')::int >= 130000").rows.first?[0] == "t"
        try connection.execute("DROP DATABASE IF EXISTS \(quoted)\(attempt % 2 == 1 && canForce ? " WITH (FORCE)" : "")")
        return
      } catch {
        guard error.sqlState == "55006" || error.sqlState == "42501", attempt < 9 else { throw error }
      }
      usleep(200_000)
    }
  }

  private func asking(_ what: String, _ body: (Connection) throws -> Void) throws {
    do {
      let connection = try Connection(administrator)
      defer { connection.close() }
      try body(connection)
    } catch let error as ServerError {
      let text = "the given server \(administrator.place) does not \(what) \(name.database): \(error.message)"
      throw Fault(error.sqlState == "53100" ? .noSpace : .scratchUnusable, text, advice: "Remove it by hand if it stays: \(name.byHand)")
    }
  }

  private func left(_ why: String) -> Fault {
    Fault(
      .scratchUnusable, "the database \(name.database) is left alone: \(why)",
      advice: "Look at it, and remove it by hand if it is not needed: \(name.byHand)")
  }

  /// Anything that a dump could have put there.
  private static let content = """
    SELECT (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast'))
      + (SELECT count(*) FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema'))
      + (SELECT count(*) FROM pg_catalog.pg_namespace
        WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'public') AND nspname NOT LIKE 'pg\\_temp%')
      + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)
    """
}
