import DrillModel
import EngineKit
import Glibc
import PostgreSQLKit
import ToolRunner

/// What the loads of one run have in common: the server, the roles, and how their tools are started.
struct LoadSession: Sendable {
  var context: EngineContext
  var server: ScratchServer
  var roles: LoadRoles
  var options: PostgreSQLOptions
  var isSuperuser: Bool

  /// The environment of psql and pg_restore: the password lies in a file that only the run's user reads.
  func environment(database: String?) -> [String: String] {
    var environment = [
      "LC_ALL": "C", "PATH": "/nonexistent", "PGHOST": server.socket, "PGPORT": "5432", "PGUSER": roles.loader.user,
      "PGPASSFILE": passwordFile, "PGSERVICEFILE": "/nonexistent", "PGSYSCONFDIR": "/nonexistent", "PGAPPNAME": "drillmark",
      "PGCONNECT_TIMEOUT": "30", "PGCLIENTENCODING": "UTF8", "PGSSLMODE": "disable", "HOME": "/nonexistent", "TZ": "UTC",
    ]
    if let database { environment["PGDATABASE"] = database }
    return environment
  }

  var passwordFile: String { "\(server.socket)/load" }

  /// Writes the password file; repeating it replaces it.
  func writePasswordFile() throws {
    _ = remove(passwordFile)
    let fields = ["*", "*", "*", roles.loader.user, roles.loader.password].enumerated()
    let line = fields.map { $0.offset < 3 ? $0.element : Quoting.passwordFileField($0.element) }.joined(separator: ":")
    try Accounts.writeFile(passwordFile, line + "\n", owner: server.confinement.user)
  }

  func judge(dumpVersion: String?) -> LoadJudge {
    LoadJudge(
      installation: server.installation, isSuperuser: isSuperuser,
      dumpMajor: dumpVersion.flatMap { Int($0.prefix { $0.isNumber }) })
  }

  /// A server that runs out of space ends at once and its client sees the connection break only: what the server said last tells.
  func explained(_ fault: Fault) -> Fault {
    guard fault.code == .toolFailed, server.lastWords.contains("No space left on device") else { return fault }
    return Fault(.noSpace, "the scratch server ran out of space and ended", advice: "Free space, or set scratch.directory elsewhere")
  }

  /// Runs blocking work on a thread of its own, with the server's refusals as faults of ours.
  func administering<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await onThread("pg admin") {
      do { return try body() } catch let error as ServerError {
        throw Fault(.toolFailed, "\(what): \(error.message)", advice: "See `drillmark log` for what the scratch server said")
      }
    }
  }
}
