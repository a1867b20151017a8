import AWSClient
import AWSKit
import DrillModel
import EngineKit
import PostgreSQLKit
import ToolRunner

/// How the restored PostgreSQL is reached.
struct RDSServer: Sendable {
  private let options: RDSOptions

  init(_ options: RDSOptions) { self.options = options }

  /// - Throws: `Fault` with code `not_ready` when RDS gives no address.
  func target(_ database: RDSDatabase, password: String) throws -> ConnectionTarget {
    guard let host = database.host, !host.isEmpty, !host.hasPrefix("/"), !host.hasPrefix("@"), !host.contains(",") else {
      throw Fault(.notReady, "RDS gives no address of the restored \(database.name)")
    }
    let user = options.password == nil ? database.user : options.user ?? database.user
    var target = ConnectionTarget(
      host: host, port: database.port ?? 5432, user: user ?? "postgres", password: password,
      database: options.database ?? database.database ?? "postgres")
    target.transport["sslmode"] = options.tls.rawValue
    if options.tls == .verifyFull { target.transport["sslrootcert"] = options.certificateAuthorities }
    return target
  }

  /// Asks until it answers; the deadline is the caller's. The address that the guards looked at is pinned.
  ///
  /// - Parameter mayRefuseLogin: Whether a refused password may still become right.
  /// - Throws: `Fault` with code `production_guard`, `credentials` or `configuration` for what waiting does not mend, `scratch_unusable` when no
  ///   server was reached for as long as `pace` says.
  func reach(
    _ target: ConnectionTarget, protected: ProtectedSystems, pace: Pace, mayRefuseLogin: Bool
  ) async throws -> ConnectionTarget {
    let begin = ContinuousClock.now
    var looks = 0
    while true {
      var pinned = target
      let last: ServerError
      // A name that is new may lead nowhere for a while.
      let addresses = try await onThread("pg guard") { try AddressGuard(protected, what: "restored database").check(target) }
      pinned.address = addresses.first
      if addresses.isEmpty {
        last = ServerError(sqlState: nil, message: "its name leads to no address yet")
      } else {
        do {
          let asked = pinned
          return try await onThread("pg ready") {
            let connection = try Connection(asked)
            defer { connection.close() }
            _ = try connection.query("SELECT 1")
            return asked
          }
        } catch let error as ServerError { last = error }
      }
      if let fault = fault(last, target, mayRefuseLogin: mayRefuseLogin) { throw fault }
      // RDS calls it available: what is missing is the way to it, which says nothing of the backup.
      if last.sqlState == nil, ContinuousClock.now - begin > pace.reach { throw unreachable(last, target) }
      looks += 1
      try await pace.wait(after: looks)
    }
  }

  private func unreachable(_ error: ServerError, _ target: ConnectionTarget) -> Fault {
    Fault(
      .scratchUnusable, "the restored database on \(target.place) cannot be reached from here: \(error.message)",
      advice: "Let this machine in: check `security-groups` and `subnet-group`, and that the name of the instance can be looked up here")
  }

  /// What no waiting mends; nil for the rest.
  private func fault(_ error: ServerError, _ target: ConnectionTarget, mayRefuseLogin: Bool) -> Fault? {
    let words = "the restored database on \(target.place) refuses \(target.user): \(error.message)"
    switch error.sqlState {
    case "28P01", "28000":
      if mayRefuseLogin { return nil }
      return Fault(
        .credentials, words, advice: "Give the password that the role had when the snapshot was taken, or leave `password` out")
    case "3D000": return Fault(.configuration, words, advice: "Correct `database`")
    default: break
    }
    let text = error.message.lowercased()
    guard text.contains("certificate") || text.contains("root ca") || text.contains("does not support ssl") else { return nil }
    return Fault(
      .configuration, words,
      advice: "Give the file of RDS's authorities as `ca`; `tls: require` encrypts without proof of whom it reaches")
  }

  /// Ways to ask it.
  static func probes(_ server: ConnectionTarget) -> Probes {
    // A policy that would hide rows from the role is an error of the question instead.
    let checker = server.setting(["row_security": "off"])
    let sql = DatabaseProbe(checker)
    return Probes(sql: sql, schema: SchemaDescription(sql), deep: ReadingCheck(checker), digests: TableDigests(checker))
  }

  /// How a person reaches a kept target: the password is put into a file that only our user reads.
  func access(_ server: ConnectionTarget, directory: String) -> [String] {
    let path = "\(directory)/pgpass"
    let line = "*:*:*:\(Quoting.passwordFileField(server.user)):\(Quoting.passwordFileField(server.password))\n"
    guard (try? Accounts.writeFile(path, line, owner: nil)) != nil else { return [] }
    var words = ["host=\(Quoting.connectionValue(server.host))", "port=\(server.port)", "user=\(Quoting.connectionValue(server.user))"]
    words.append("dbname=\(Quoting.connectionValue(server.database))")
    words += server.transport.sorted { $0.key < $1.key }.map { "\($0.key)=\(Quoting.connectionValue($0.value))" }
    return ["PGPASSFILE=\(path) psql \"\(words.joined(separator: " "))\""]
  }
}
