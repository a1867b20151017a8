/// A PostgreSQL with TLS that stands in for what RDS restored, since no stand-in of AWS has a database behind it: the database `shop` of
/// the role `drills`, with 1000 orders.
package final class RestoredPostgreSQL: Sendable {
  package let server: GivenPostgreSQL
  private let certificates: TestCertificates

  /// The authority that signed its certificate.
  package var authority: String { certificates.authority }

  /// One that all tests of a process may share.
  package static func shared() async throws -> RestoredPostgreSQL { try await common.value }

  private static let common = Task { try await RestoredPostgreSQL() }

  /// - Parameter kind: Of its certificate; the usual one is for `localhost` and 127.0.0.1.
  package init(_ kind: TestCertificates.Kind = .good) async throws {
    guard let certificates = await TestCertificates() else { throw SamplePostgreSQL.Failed(text: "no certificates could be made") }
    self.certificates = certificates
    server = try await GivenPostgreSQL()
    await server.stop()
    for (name, source) in [("server.crt", certificates.certificate(kind)), ("server.key", certificates.key)] {
      let place = "\(server.data)/\(name)"
      let result = await HostCommand.run(
        ["/bin/sh", "-c", "cp \"$1\" \"$2\" && chmod 600 \"$2\" && chown --reference=\"$3\" \"$2\"", "sh", source, place, server.data])
      guard result.status == 0 else { throw SamplePostgreSQL.Failed(text: result.said) }
    }
    try await server.start(["ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"])
    try await server.admin("CREATE DATABASE shop OWNER drills")
    try await server.admin(
      "CREATE TABLE orders AS SELECT i AS id, now() AS created_at FROM generate_series(1, 1000) i; ALTER TABLE orders OWNER TO drills",
      in: "shop")
  }

  /// Sets the role's password, as RDS does when it is asked for a new one. Blocks.
  package func setPassword(_ password: String) {
    let program = (SamplePostgreSQL.binaries ?? "") + "/psql"
    _ = try? HostProgram.run(
      program, ["-XAtq", "-h", server.socket, "-p", "\(server.port)", "-U", "postgres", "-d", "postgres", "-f", "-"],
      input: "ALTER ROLE drills PASSWORD '\(password)'")
  }
}
