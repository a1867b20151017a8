import DrillModel
import EngineKit
import Foundation
import PostgreSQLKit

/// Decides whether a given server may be written to. Refuses whatever it cannot decide.
struct ServerGuard {
  let facts: ServerFacts
  let protected: ProtectedSystems
  /// Whether the drill says that other databases are known to be there.
  let shared: Bool
  /// Directories with the drill's backups.
  let sources: [String]

  /// Predefined roles that only look at the server itself.
  private static let harmless: Set<String> = ["pg_monitor", "pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"]

  /// - Throws: `Fault` with code `production_guard`.
  func check() throws {
    try checkIdentity()
    try checkRole()
    try checkDatabases()
    try checkSources()
  }

  private func checkIdentity() throws {
    guard !facts.system.isEmpty else { throw refusal("does not say which it is", "Grant EXECUTE on pg_control_system() to the role") }
    if protected.systems.contains(facts.system) {
      throw refusal("is under protect.systems, or a copy of one that is: \(facts.system)", "Give the drill another server")
    }
    if facts.isInRecovery {
      throw refusal("is a standby or still recovering", "Give the drill a server of its own, which no other one feeds")
    }
  }

  private func checkRole() throws {
    guard let ours = facts.roles.first(where: \.isOurs) else { throw refusal("does not show the rights of \(facts.user)", nil) }
    for role in facts.roles {
      guard let power = power(of: role) else { continue }
      let who = role.isOurs ? "the role \(facts.user)" : "the role \(facts.user) is a member of \(role.name), which"
      throw Fault(
        .productionGuard, "\(who) \(power), and a dump is loaded with its rights",
        advice: "Make a role for drills alone: CREATE ROLE drills LOGIN CREATEDB PASSWORD …")
    }
    guard ours.makesDatabases else {
      throw Fault(
        .permissionDenied, "the role \(facts.user) may not make databases on the given server",
        advice: "ALTER ROLE … CREATEDB, and nothing more")
    }
  }

  /// What a role can do to more than the databases that it makes.
  private func power(of role: ServerFacts.Role) -> String? {
    if role.isSuperuser { return "is a superuser" }
    if role.makesRoles { return "may make roles" }
    if role.replicates { return "may replicate" }
    if role.bypassesRowSecurity { return "bypasses row security" }
    if role.name.hasPrefix("pg_"), !ServerGuard.harmless.contains(role.name), role.name != "pg_database_owner" {
      return role.isOurs ? "is predefined" : "is a predefined role with rights of its own"
    }
    return nil
  }

  private func checkDatabases() throws {
    let others = facts.databases.filter { !GivenDatabaseName.isGenerated($0.name) }
    let owned = others.filter(\.isOurs).map(\.name)
    if !owned.isEmpty {
      throw Fault(
        .productionGuard, "the role \(facts.user) owns databases of the given server: \(shown(owned))",
        advice: "Make a role for drills alone, which owns nothing")
    }
    guard !shared else { return }
    let known = others.map(\.name).filter { $0 != "postgres" }
    let advice = "Use a server for drills alone, or say `shared: true` beside `server` if that is known and it is not production"
    if !known.isEmpty { throw refusal("holds other databases: \(shown(known))", advice) }
    if facts.tables > 0 { throw refusal("holds \(facts.tables) tables in the database of the connection string", advice) }
  }

  /// A server's data directory is told by the file with its identity, which needs no right on the server.
  private func checkSources() throws {
    for source in sources {
      var place = URL(fileURLWithPath: source).resolvingSymlinksInPath().standardizedFileURL
      while place.path != "/" {
        if FileManager.default.fileExists(atPath: place.path + "/global/pg_control")
          || FileManager.default.fileExists(atPath: place.path + "/PG_VERSION")
        {
          throw Fault(
            .productionGuard, "the backups in \(source) lie in the data directory of a PostgreSQL server, \(place.path)",
            advice: "Keep backups elsewhere; a drill into a given server is refused for these")
        }
        place.deleteLastPathComponent()
      }
    }
  }

  private func shown(_ names: [String]) -> String {
    names.prefix(5).map { String($0.prefix(63)) }.joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }

  private func refusal(_ what: String, _ advice: String?) -> Fault {
    Fault(.productionGuard, "the given server \(what)", advice: advice)
  }
}
