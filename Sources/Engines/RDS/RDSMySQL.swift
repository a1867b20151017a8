import AWSClient
import DrillModel
import EngineKit
import MySQLKit

/// A restored MySQL or MariaDB.
struct RDSMySQL: RDSServer {
  let host: String
  let port: Int
  private var endpoint: MySQLEndpoint
  private let authority: String?
  /// As the server itself tells, once it answered.
  private var vendor = MySQLVendor.mysql
  /// How long it may say nothing while it is only asked whether it is there.
  private static let silenceLimit = Duration.seconds(30)

  init(_ options: RDSOptions, of database: RDSDatabase, host: String, user: String, password: String) {
    self.host = host
    port = database.port ?? 3306
    authority = options.tls == .verifyFull ? options.certificateAuthorities : nil
    endpoint = MySQLEndpoint(
      .network(host: host, port: UInt16(clamping: port), authority: authority, addresses: []), user: user, password: password,
      database: options.database ?? database.database)
  }

  var user: String { endpoint.user }

  func answering(at addresses: [String]) throws -> any RDSServer {
    var pinned = self
    pinned.endpoint.place = .network(host: host, port: UInt16(clamping: port), authority: authority, addresses: addresses)
    do throws(MySQLError) {
      let connection = try MySQLConnection(pinned.endpoint, silence: RDSMySQL.silenceLimit)
      defer { connection.close() }
      _ = try connection.query("SELECT 1")
      pinned.vendor = MySQLVendor(serverVersion: connection.serverVersion)
      if endpoint.database == nil { pinned.endpoint.database = try SystemSchemas.onlyOther(connection) }
      return pinned
    } catch { throw silence(error) }
  }

  private func silence(_ error: MySQLError) -> RDSSilence {
    let words = refusal(error.withoutValues)
    switch error.code {
    // Access denied, by a plugin too; this host is not let in; the account is locked, or its password has expired.
    case 1045, 1698, 1130, 3118, 4151, 1820, 1862:
      return .login(Fault(.credentials, words, advice: RDSMySQL.loginAdvice))
    case 1044, 1049: return .hopeless(Fault(.configuration, words, advice: "Correct `database`"))
    case 1251, 2059:
      return .hopeless(
        Fault(.toolMissing, words, advice: "The client library lacks the account's way to log in: apt-get install libmariadb3"))
    default: break
    }
    if error.code == 2026, RDSMySQL.proofWords.contains(where: { error.message.lowercased().contains($0) }) {
      return .hopeless(Fault(.configuration, words, advice: RDSMySQL.proofAdvice))
    }
    return error.code >= 2000 && error.code < 3000 ? .unreached(error.withoutValues) : .busy(error.withoutValues)
  }

  /// What the library says of a certificate, and of a server without TLS; the rest of its TLS errors may pass.
  private static let proofWords = ["certificate", "ssl is required", "no such file", "authority"]

  func probes() -> Probes {
    let sql = MySQLProbe(endpoint, vendor: vendor)
    return Probes(
      sql: sql, schema: MySQLSchema(sql), deep: MySQLDeepCheck(endpoint, vendor: vendor, server: nil), digests: MySQLTableDigests(sql))
  }

  func access(directory: String) -> [String] {
    let path = "\(directory)/client.cnf"
    guard (try? Accounts.writeFile(path, endpoint.optionsFile, owner: nil)) != nil else { return [] }
    return ["mariadb --defaults-file=\(path)"]
  }
}
