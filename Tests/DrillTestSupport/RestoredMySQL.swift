import Glibc

/// A MariaDB with TLS that stands in for what RDS restored: the database `shop` of the account `drills`, with 1000 orders.
package final class RestoredMySQL: Sendable {
  package let port: Int
  private let folder = TemporaryFolder("dmmyrds")
  private let certificates: TestCertificates
  private let process: HostCommand

  /// The authority that signed its certificate, which is for `localhost` and 127.0.0.1.
  package var authority: String { certificates.authority }

  /// One that all tests of a process may share.
  package static func shared() async throws -> RestoredMySQL { try await common.value }

  private static let common = Task { try await RestoredMySQL() }

  private static let become: [String] =
    geteuid() == 0 ? ["/usr/bin/setpriv", "--reuid=mysql", "--regid=mysql", "--clear-groups", "--"] : []

  /// - Parameter kind: Of its certificate.
  package init(_ kind: TestCertificates.Kind = .good) async throws {
    guard let certificates = await TestCertificates() else { throw SamplePostgreSQL.Failed(text: "no certificates could be made") }
    self.certificates = certificates
    port = LoopbackSocket.freePort()
    let (place, port) = (folder.path, port)
    func host(_ arguments: [String]) async throws {
      let result = await HostCommand.run(arguments)
      guard result.status == 0 else { throw SamplePostgreSQL.Failed(text: "\(arguments): \(result.said)") }
    }
    try await host(
      [
        "/bin/sh", "-c",
        "cp \"$1\" server.crt && cp \"$2\" server.key && chmod 600 server.key && mkdir tmp && { [ $(id -u) != 0 ] || chown -R mysql: .; }",
        "sh", certificates.certificate(kind), certificates.key,
      ].inDirectory(place))
    try await host(
      RestoredMySQL.become + [
        "/usr/bin/mariadb-install-db", "--no-defaults", "--datadir=\(place)/data", "--auth-root-authentication-method=normal",
        "--skip-test-db", "--skip-name-resolve",
      ])
    process = HostCommand(
      RestoredMySQL.become + [
        "/usr/sbin/mariadbd", "--no-defaults", "--datadir=\(place)/data", "--socket=\(place)/s", "--tmpdir=\(place)/tmp",
        "--bind-address=127.0.0.1", "--port=\(port)", "--skip-name-resolve", "--ssl-cert=\(place)/server.crt",
        "--ssl-key=\(place)/server.key", "--require-secure-transport=ON", "--pid-file=\(place)/pid",
      ], environment: HostCommand.environment)
    let command = process
    for _ in 0..<500 {
      if (try? ask("SELECT 1")) != nil {
        try fill()
        return
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw SamplePostgreSQL.Failed(text: "the server did not answer: \(command.stderrSoFar)")
  }

  deinit {
    process.signal(SIGKILL)
    // Its folder can be removed only once it writes there no more.
    var info = siginfo_t()
    waitid(P_PID, id_t(process.pid), &info, WEXITED | WNOWAIT)
  }

  private func fill() throws {
    try ask(
      """
      CREATE DATABASE shop;
      CREATE TABLE shop.orders(id INT PRIMARY KEY, created_at DATETIME NOT NULL);
      USE shop;
      INSERT INTO orders SELECT seq, utc_timestamp() FROM seq_1_to_1000;
      CREATE USER drills@'%'; GRANT ALL PRIVILEGES ON *.* TO drills@'%';
      CREATE USER narrow@'%'; GRANT SELECT ON shop.* TO narrow@'%';
      """)
    setPassword("not-a-secret")
  }

  /// Sets the passwords of `drills`, the master user, and of `narrow`, who reads `shop` alone. Blocks.
  package func setPassword(_ password: String) {
    let literal = "'\(password.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
    _ = try? ask("SET PASSWORD FOR drills@'%' = PASSWORD(\(literal)); SET PASSWORD FOR narrow@'%' = PASSWORD(\(literal))")
  }

  /// Runs SQL as its superuser. Blocks.
  package func ask(_ sql: String) throws {
    try HostProgram.run("/usr/bin/mariadb", ["--no-defaults", "-S", "\(folder.path)/s", "-u", "root"], input: sql)
  }
}

extension [String] {
  /// The same command, run in a directory.
  fileprivate func inDirectory(_ path: String) -> [String] { ["/usr/bin/env", "-C", path] + self }
}
