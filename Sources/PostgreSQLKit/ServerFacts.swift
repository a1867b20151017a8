internal import EngineKit

/// What a server and a role on it are, asked before anything is written there.
package struct ServerFacts: Sendable {
  package var version: String
  /// As in `server_version_num`: 150020.
  package var number: Int
  /// What every copy of a server shares with it, and no other server has.
  package var system: String
  package var isInRecovery: Bool
  /// The address that the server itself listens on; nil through a socket.
  package var address: String?
  package var user: String
  /// Whether committed data would survive a crash as production's does.
  package var isDurable: Bool
  package var encoding: String
  package var roles: [Role]
  package var databases: [Database]
  /// Tables of users in the database that we are connected to.
  package var tables: Int

  /// A role that ours is or is a member of.
  package struct Role: Sendable, Hashable {
    package var name: String
    package var isSuperuser: Bool
    package var makesRoles: Bool
    package var replicates: Bool
    package var bypassesRowSecurity: Bool
    package var makesDatabases: Bool
    package var isOurs: Bool

    package init(
      name: String, isSuperuser: Bool = false, makesRoles: Bool = false, replicates: Bool = false, bypassesRowSecurity: Bool = false,
      makesDatabases: Bool = false, isOurs: Bool = false
    ) {
      self.name = name
      self.isSuperuser = isSuperuser
      self.makesRoles = makesRoles
      self.replicates = replicates
      self.bypassesRowSecurity = bypassesRowSecurity
      self.makesDatabases = makesDatabases
      self.isOurs = isOurs
    }
  }

  /// A database other than the first templates.
  package struct Database: Sendable, Hashable {
    package var name: String
    /// Whether our role owns it, itself or through a membership.
    package var isOurs: Bool

    package init(name: String, isOurs: Bool) {
      self.name = name
      self.isOurs = isOurs
    }
  }

  /// Asks over a connection. Blocks.
  package init(_ connection: Connection) throws(ServerError) {
    let general = try connection.query(ServerFacts.general).rows.first ?? []
    func text(_ column: Int) -> String { column < general.count ? general[column] ?? "" : "" }
    version = text(0).split(separator: " ").first.map(String.init) ?? text(0)
    number = Int(text(1)) ?? 0
    system = text(2)
    isInRecovery = text(3) != "f"
    address = text(4).isEmpty ? nil : text(4)
    user = text(5)
    isDurable = text(6) == "on" && text(7) == "on" && text(8) != "off"
    encoding = text(9)
    roles = try connection.query(ServerFacts.memberships).rows.map { row in
      func holds(_ column: Int) -> Bool { row[column] != "f" }
      return Role(
        name: row[0] ?? "", isSuperuser: holds(1), makesRoles: holds(2), replicates: holds(3), bypassesRowSecurity: holds(4),
        makesDatabases: row[5] == "t", isOurs: row[6] == "t")
    }
    databases = try connection.query(ServerFacts.others).rows.map { Database(name: $0[0] ?? "", isOurs: $0[1] != "f") }
    tables = Int((try connection.query(ServerFacts.userTables).rows.first?[0]) ?? "") ?? 1
  }

  private static let general = """
    SELECT current_setting('server_version'), current_setting('server_version_num'),
      (SELECT system_identifier::text FROM pg_catalog.pg_control_system()), pg_catalog.pg_is_in_recovery(),
      pg_catalog.host(pg_catalog.inet_server_addr()), session_user, current_setting('fsync'), current_setting('full_page_writes'),
      current_setting('synchronous_commit'),
      (SELECT pg_catalog.pg_encoding_to_char(encoding) FROM pg_catalog.pg_database WHERE datname = 'template0')
    """
  private static let memberships = """
    SELECT rolname, rolsuper, rolcreaterole, rolreplication, rolbypassrls, rolcreatedb, rolname = session_user
    FROM pg_catalog.pg_roles WHERE pg_catalog.pg_has_role(session_user, oid, 'MEMBER') ORDER BY rolname
    """
  private static let others = """
    SELECT datname, pg_catalog.pg_has_role(session_user, datdba, 'MEMBER') FROM pg_catalog.pg_database
    WHERE datname NOT IN ('template0', 'template1') ORDER BY datname
    """
  private static let userTables = """
    SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    """
}
