import DrillModel
import EngineKit
import PostgreSQLKit

/// What a role has on a given server beside the databases of runs; compared before and after a load, because a dump's code could add to it.
struct ServerTraces: Sendable {
  private let databases: Set<String>
  private let settings: Set<String>

  /// Blocks.
  init(_ target: ConnectionTarget) throws {
    do throws(ServerError) {
      let connection = try Connection(target)
      defer { connection.close() }
      databases = Set(try connection.query(ServerTraces.owned).rows.compactMap { $0[0] })
      settings = Set(try connection.query(ServerTraces.set).rows.compactMap { $0[0] })
    } catch {
      let isLogin = error.sqlState == "28P01" || error.sqlState == "28000"
      throw Fault(
        isLogin ? .credentials : .scratchUnusable, "the given server \(target.place) does not answer: \(error.message)",
        advice: isLogin ? "Check the role's password; if it worked before the load, the dump may have changed it" : nil)
    }
  }

  /// - Throws: `Fault` with code `unsafe_content` that names what the load left outside its database.
  func confirmNothingMore(_ target: ConnectionTarget) throws {
    let now = try ServerTraces(target)
    let made = now.databases.subtracting(databases).filter { !GivenDatabaseName.isGenerated($0) }.sorted()
    if let first = made.first {
      throw Fault(
        .unsafeContent, "the dump made \(made.count) databases of its own on the given server: \(first)",
        advice: "Look at it and drop it by hand: DROP DATABASE \(Quoting.identifier(first))")
    }
    if now.settings != settings {
      throw Fault(
        .unsafeContent, "the dump changed the settings of the role \(target.user) on the given server",
        advice: "Undo it by hand: ALTER ROLE \(Quoting.identifier(target.user)) RESET ALL; change its password as well")
    }
  }

  private static let owned =
    "SELECT datname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.oid = d.datdba WHERE r.rolname = session_user"
  private static let set = """
    SELECT s.setdatabase || ' ' || pg_catalog.array_to_string(s.setconfig, ' ') FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_roles r ON r.oid = s.setrole WHERE r.rolname = session_user
    """
}
