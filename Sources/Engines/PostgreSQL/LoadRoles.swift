import DrillModel
import EngineKit
import Glibc
import PostgreSQLKit
import Synchronization
import ToolRunner

/// The roles of a scratch server: who loads, who checks, and stand-ins for those that a dump names.
final class LoadRoles: Sendable {
  private let server: ScratchServer
  let loader: ConnectionTarget
  let checker: ConnectionTarget
  private let administrator: Connection
  private let standIns = StandIns()
  private let isSuperuser: Bool
  private let opened = Mutex<Set<String>>([])
  private static let builtIn = ["postgres", "template1"]
  private static let limit = 10_000

  /// Makes the loading role, over a connection of our own that stays open for stand-ins. Blocks.
  init(_ server: ScratchServer, asSuperuser: Bool) throws(ServerError) {
    self.server = server
    isSuperuser = asSuperuser
    let suffix = RandomText.hex(4)
    loader = server.target(user: "dm_load_\(suffix)", password: RandomText.hex(24), database: server.initialDatabase)
    checker = server.target(user: "dm_check_\(suffix)", password: RandomText.hex(24), database: server.initialDatabase)
    administrator = try Connection(server.administrator)
    let name = Quoting.identifier(loader.user)
    try administrator.execute(
      "CREATE ROLE \(name) LOGIN CREATEDB \(asSuperuser ? "SUPERUSER" : "NOSUPERUSER") PASSWORD \(Quoting.literal(loader.password))")
    for database in try databaseNames() where (LoadRoles.builtIn + [server.initialDatabase]).contains(database) {
      try administrator.execute("ALTER DATABASE \(Quoting.identifier(database)) OWNER TO \(name)")
    }
  }

  /// Makes a role that the dump names, without a login and granted to the loader; one that is there is left as it is. Blocks.
  func ensure(_ role: String) throws {
    guard standIns.add(role) else { return }
    guard standIns.count <= LoadRoles.limit else {
      throw Fault(.unsafeContent, "the dump names more than \(LoadRoles.limit) roles, which is refused")
    }
    let name = Quoting.identifier(role)
    // A name that the server refuses leaves the statement to fail by itself, which is judged there.
    try? administrator.execute("CREATE ROLE \(name) NOLOGIN; GRANT \(name) TO \(Quoting.identifier(loader.user))")
  }

  /// Installs an extension that only a superuser may install; true when the dump's own statement now finds it.
  ///
  /// Waits up to a minute for its schema, because the dump's statement that makes it may still be on its way. Blocks.
  func install(_ name: String, schema: String?, in database: String) throws(ServerError) -> Bool {
    let asked = "SELECT bool_or(superuser AND NOT trusted) FROM pg_catalog.pg_available_extension_versions WHERE name = $1"
    let answer = try administrator.query(asked, [name])
    guard answer.rows.first?.first ?? nil == "t" else { return false }
    let connection = try Connection(server.administrator.entering(database))
    defer { connection.close() }
    if let schema, schema != "pg_catalog" {
      for _ in 0..<600 {
        let found = try connection.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", [schema])
        if !found.rows.isEmpty { break }
        usleep(100_000)
      }
    }
    let place = schema.map { " WITH SCHEMA \(Quoting.identifier($0))" } ?? " WITH SCHEMA public"
    try connection.execute("CREATE EXTENSION IF NOT EXISTS \(Quoting.identifier(name))\(place) CASCADE")
    return true
  }

  /// Lets stand-ins own objects in a database. Blocks.
  func open(_ database: String) throws(ServerError) {
    _ = opened.withLock { $0.insert(database) }
    let connection = try Connection(server.administrator.entering(database))
    defer { connection.close() }
    try connection.execute("GRANT CREATE ON DATABASE \(Quoting.identifier(database)) TO PUBLIC")
    // A dump may have dropped the schema.
    try? connection.execute("GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC")
  }

  func exists(_ database: String) throws(ServerError) -> Bool {
    try !administrator.query("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", [database]).rows.isEmpty
  }

  /// Makes a database of the loader's anew, in an encoding of its own where one is given. Blocks.
  func recreate(_ database: String, encoding: String?) throws(ServerError) {
    let name = Quoting.identifier(database)
    try administrator.execute("DROP DATABASE IF EXISTS \(name)")
    var sql = "CREATE DATABASE \(name) OWNER \(Quoting.identifier(loader.user)) TEMPLATE template0"
    if let encoding { sql += " ENCODING \(Quoting.literal(encoding)) LC_COLLATE 'C' LC_CTYPE 'C'" }
    try administrator.execute(sql)
  }

  /// Makes a database of the loader's where there is none of that name, at best by giving the empty first one another name: a
  /// `CREATE DATABASE` writes three hundred files. Blocks.
  func provide(_ database: String, encoding: String?) throws(ServerError) {
    let names = try databaseNames()
    if encoding == nil, !names.contains(database), names.contains(server.initialDatabase) {
      let change = "ALTER DATABASE \(Quoting.identifier(server.initialDatabase)) RENAME TO \(Quoting.identifier(database))"
      do throws(ServerError) { return try administrator.execute(change) } catch {
        // Somebody looks at it: then one is made.
      }
    }
    try recreate(database, encoding: encoding)
  }

  /// Takes the loader's rights away, ends its sessions, and makes the role for checks. Blocks.
  func lock() throws(ServerError) {
    let name = Quoting.identifier(loader.user)
    let checking = Quoting.identifier(checker.user)
    try administrator.execute("ALTER ROLE \(name) NOLOGIN NOSUPERUSER NOCREATEDB")
    _ = try administrator.query(
      "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = $1", [loader.user])
    try administrator.execute(
      """
      CREATE ROLE \(checking) LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS PASSWORD \(Quoting.literal(checker.password));
      GRANT pg_read_all_data TO \(checking)
      """)
  }

  /// Databases that may hold data, with the number of user tables in each. Blocks.
  ///
  /// Of the databases that a new server has, those that the dump was not let into are as they were.
  func databases() throws(ServerError) -> [(name: String, tables: Int)] {
    let looked = isSuperuser ? Set(LoadRoles.builtIn + [server.initialDatabase]) : opened.withLock { $0 }
    var found: [(String, Int)] = []
    for name in try databaseNames() {
      if (LoadRoles.builtIn + [server.initialDatabase]).contains(name), !looked.contains(name) {
        found.append((name, 0))
        continue
      }
      let connection = try Connection(server.administrator.entering(name))
      defer { connection.close() }
      let count = try connection.query(LoadRoles.userTables)
      found.append((name, Int((count.rows.first?.first ?? nil) ?? "") ?? 0))
    }
    return found
  }

  private func databaseNames() throws(ServerError) -> [String] {
    let names = try administrator.query(
      "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND datname <> $1 AND datname <> 'template0' ORDER BY datname",
      [server.administrator.database])
    return names.rows.compactMap { $0[0] }
  }

  func administer<T>(_ body: (Connection) throws(ServerError) -> T) throws(ServerError) -> T { try body(administrator) }

  private static let userTables = """
    SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    """
}
