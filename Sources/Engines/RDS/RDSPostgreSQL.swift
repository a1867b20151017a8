import AWSClient
import DrillModel
import EngineKit
import PostgreSQLKit

/// A restored PostgreSQL.
struct RDSPostgreSQL: RDSServer {
  private var target: ConnectionTarget

  init(_ target: ConnectionTarget) { self.target = target }

  init(_ options: RDSOptions, of database: RDSDatabase, host: String, user: String, password: String) {
    target = ConnectionTarget(
      host: host, port: database.port ?? 5432, user: user, password: password,
      database: options.database ?? database.database ?? "postgres")
    target.transport["sslmode"] = options.tls.rawValue
    if options.tls == .verifyFull { target.transport["sslrootcert"] = options.certificateAuthorities }
  }

  var host: String { target.host }
  var port: Int { target.port }
  var user: String { target.user }

  func answering(at addresses: [String]) throws -> any RDSServer {
    var pinned = self
    pinned.target.address = addresses.first
    do throws(ServerError) {
      let connection = try Connection(pinned.target)
      defer { connection.close() }
      _ = try connection.query("SELECT 1")
      return pinned
    } catch { throw silence(error) }
  }

  private func silence(_ error: ServerError) -> RDSSilence {
    let words = refusal(error.message)
    switch error.sqlState {
    case "28P01", "28000": return .login(Fault(.credentials, words, advice: RDSPostgreSQL.loginAdvice))
    case "3D000": return .hopeless(Fault(.configuration, words, advice: "Correct `database`"))
    default: break
    }
    let text = error.message.lowercased()
    if text.contains("certificate") || text.contains("root ca") || text.contains("does not support ssl") {
      return .hopeless(Fault(.configuration, words, advice: RDSPostgreSQL.proofAdvice))
    }
    return error.sqlState == nil ? .unreached(error.message) : .busy(error.message)
  }

  func probes() -> Probes {
    // A policy that would hide rows from the role is an error of the question instead.
    let checker = target.setting(["row_security": "off"])
    let sql = DatabaseProbe(checker)
    return Probes(sql: sql, schema: SchemaDescription(sql), deep: ReadingCheck(checker), digests: TableDigests(checker))
  }

  func access(directory: String) -> [String] {
    let path = "\(directory)/pgpass"
    let line = "*:*:*:\(Quoting.passwordFileField(user)):\(Quoting.passwordFileField(target.password))\n"
    guard (try? Accounts.writeFile(path, line, owner: nil)) != nil else { return [] }
    var words = ["host=\(Quoting.connectionValue(host))", "port=\(port)", "user=\(Quoting.connectionValue(user))"]
    words.append("dbname=\(Quoting.connectionValue(target.database))")
    words += target.transport.sorted { $0.key < $1.key }.map { "\($0.key)=\(Quoting.connectionValue($0.value))" }
    return ["PGPASSFILE=\(path) psql \"\(words.joined(separator: " "))\""]
  }
}
