import DrillModel
import EngineKit
import Glibc
import PostgreSQLKit
import ToolRunner

/// What the loads of one run have in common: where they go, as whom, and how their tools are started.
struct LoadSession: Sendable {
  var context: EngineContext
  var installation: Installation
  var confinement: Confinement
  var options: PostgreSQLOptions
  /// The role that loads.
  var loader: ConnectionTarget
  /// The role that lists what was loaded.
  var inspector: ConnectionTarget
  /// What only the run's user and root reach: password files, and the socket of a server of our own.
  var directory: String
  /// The server's version: of our own server that of the programs.
  var serverVersion: String
  /// Whether the server is one that the drill was given; a dump makes neither roles nor databases there.
  var isGiven: Bool
  var isSuperuser: Bool
  /// What the server said last, for a fault; empty where its log is not ours.
  var lastWords: @Sendable () -> String

  /// The environment of psql and pg_restore: the password lies in a file that only the run's user reads.
  func environment(database: String?) -> [String: String] {
    var environment = loader.environment(passwordFile: passwordFile)
    if let database { environment["PGDATABASE"] = database }
    return environment
  }

  /// The box of one of our client programs. It reaches our own server through its socket; a given one may be on the network.
  func box(for program: String, reading: [String] = [], alone: Bool = false) -> Box? {
    let socket = loader.isSocket && isGiven ? [loader.host] : []
    return confinement.box(
      for: program, of: installation, reading: reading + socket, writing: [directory, "/dev/null"], alone: alone, network: !loader.isSocket)
  }

  private var passwordFile: String { "\(directory)/load" }

  /// Writes the password file; repeating it replaces it.
  func writePasswordFile() throws {
    _ = remove(passwordFile)
    try Accounts.writeFile(passwordFile, PasswordFile.line(loader), owner: confinement.user)
  }

  func judge(dumpVersion: String?) -> LoadJudge {
    LoadJudge(
      installation: installation, serverVersion: serverVersion, isGiven: isGiven, isSuperuser: isSuperuser,
      dumpMajor: dumpVersion.flatMap { Int($0.prefix { $0.isNumber }) })
  }

  /// A server that runs out of space ends at once and its client sees the connection break only: what the server said last tells.
  func explained(_ fault: Fault) -> Fault {
    guard fault.code == .toolFailed, lastWords().contains("No space left on device") else { return fault }
    return Fault(.noSpace, "the scratch server ran out of space and ended", advice: "Free space, or set scratch.directory elsewhere")
  }

  /// Runs blocking work on a thread of its own, with the server's refusals as faults of ours.
  func administering<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async throws -> T {
    let advice = isGiven ? "See the given server's own log" : "See `drillmark log` for what the scratch server said"
    return try await onThread("pg admin") {
      do { return try body() } catch let error as ServerError {
        throw Fault(.toolFailed, "\(what): \(error.message)", advice: advice)
      }
    }
  }
}
