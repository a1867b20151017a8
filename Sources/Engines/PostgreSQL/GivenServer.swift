import DrillConfig
import DrillModel
import EngineKit
import PostgreSQLKit
import ToolRunner

/// A server that a drill was given by a secret reference: reached, and found fit to be written to.
struct GivenServer: Sendable {
  /// Our role in the database for administration, with the address pinned that the guards looked at.
  let administrator: ConnectionTarget
  let facts: ServerFacts

  /// Connects and lets the guards judge; writes nothing.
  ///
  /// - Throws: `Fault` with code `configuration`, `credentials`, `scratch_unusable` or `production_guard`.
  static func open(_ reference: SecretReference, shared: Bool, _ context: EngineContext) async throws -> GivenServer {
    let conninfo = try parse(try context.secrets.value(of: reference))
    let (protected, sources) = (context.protected, context.sources)
    return try await onThread("pg given server") {
      let target = try conninfo.target().setting(session)
      let guardian = AddressGuard(protected)
      let reached = try reach(target, addresses: try guardian.check(target))
      try guardian.check(serverAddress: reached.facts.address)
      try ServerGuard(facts: reached.facts, protected: protected, shared: shared, sources: sources).check()
      return reached
    }
  }

  /// Connects without judging, for a reaper, which drops nothing but what is proven to be a run's. Blocks.
  static func reach(_ conninfo: String) throws -> GivenServer {
    let target = try parse(conninfo).target().setting(session)
    let addresses = target.isSocket ? [] : target.address.map { [$0] } ?? HostAddresses.ordered(target.host)
    return try reach(target, addresses: addresses)
  }

  /// - Throws: `Fault` that shows nothing of the text.
  static func parse(_ text: String) throws -> Conninfo {
    do throws(ConninfoError) { return try Conninfo(text) } catch {
      throw Fault(
        .configuration, "the connection string of the given server cannot be read: \(error.shown)",
        advice: "Write it as postgresql://user:password@host:5432/ or as host=… user=… password=…")
    }
  }

  /// Whatever a role or database is set to, our own statements mean what they say.
  private static let session = ["role": "none", "search_path": "pg_catalog", "statement_timeout": "0", "lock_timeout": "120s"]

  private static func reach(_ target: ConnectionTarget, addresses: [String]) throws -> GivenServer {
    var refusal = ServerError(sqlState: nil, message: "its name leads to no address")
    for address in target.isSocket ? [nil] : addresses.map(Optional.some) {
      var pinned = target
      pinned.address = address
      do throws(ServerError) {
        let connection = try Connection(pinned)
        defer { connection.close() }
        // From here on the password file is read no more; programs in a box could not reach it.
        pinned.password = connection.password
        pinned.transport["passfile"] = nil
        return GivenServer(administrator: pinned, facts: try ServerFacts(connection))
      } catch {
        refusal = error
        if error.sqlState != nil { break }
      }
    }
    throw unreachable(target, refusal)
  }

  private static func unreachable(_ target: ConnectionTarget, _ error: ServerError) -> Fault {
    let what = "the given server \(target.place)"
    switch error.sqlState {
    case "28P01", "28000":
      return Fault(
        .credentials, "\(what) refuses the login as \(target.user): \(error.message)", advice: "Check the secret that `server` refers to")
    case "42501":
      return Fault(
        .productionGuard, "\(what) does not let \(target.user) see which server it is: \(error.message)",
        advice: "Grant EXECUTE on pg_control_system() to the role")
    case nil, "57P03":
      return Fault(
        .scratchUnusable, "\(what) cannot be reached: \(error.message)", advice: "Check that it runs, and the way to it", isTransient: true)
    default: return Fault(.scratchUnusable, "\(what) cannot be used: \(error.message)", advice: "Check the secret that `server` refers to")
    }
  }
}
