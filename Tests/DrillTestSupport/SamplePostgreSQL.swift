import Foundation
import Glibc
import ToolRunner

/// PostgreSQL dumps of a throw-away server, made once a test process.
package enum SamplePostgreSQL {
  /// The newest installed server's programs; nil when there is none.
  package static let binaries: String? = {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }.sorted()
    guard let newest = versions.last else { return nil }
    let folder = "\(root)/\(newest)/bin"
    return access("\(folder)/initdb", X_OK) == 0 ? folder : nil
  }()
  package static let absence = "no PostgreSQL server is installed"

  /// The dumps of one database with 1000 orders and 50 customers.
  package struct Dumps: Sendable {
    package var plain: [UInt8]
    package var custom: [UInt8]
    package var tar: [UInt8]
  }

  /// - Throws: what went wrong, when the server cannot be made.
  package static func dumps() async throws -> Dumps { try await shared.value }

  package struct Failed: Error { package let text: String }

  private static let shared = Task { try await make() }

  private static let content = """
    create table customers(id int primary key, name text not null);
    create table orders(id bigserial primary key, customer int not null references customers(id), created_at timestamptz not null, note text);
    insert into customers select i, 'customer ' || i from generate_series(1, 50) i;
    insert into orders(customer, created_at, note)
      select 1 + i % 50, now() - i * interval '1 minute', repeat(md5(i::text), 3) from generate_series(1, 1000) i;
    create index on orders(created_at);
    """

  private static func make() async throws -> Dumps {
    guard let binaries else { throw Failed(text: absence) }
    let folder = TemporaryFolder("dmpg")
    let (data, socket) = ("\(folder.path)/data", "\(folder.path)/s")
    let isRoot = geteuid() == 0
    // Servers refuse root; setpriv becomes the user without a session of its own.
    let become = isRoot ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] : []
    if isRoot { _ = try await host(["/bin/chown", "postgres", folder.path]) }
    _ = try await host(become + ["/bin/mkdir", "-m", "700", socket])
    _ = try await host(
      become + ["\(binaries)/initdb", "-D", data, "-U", "postgres", "-N", "--no-instructions", "-A", "trust", "-E", "UTF8", "--locale=C"])
    let server = HostCommand(
      become + ["\(binaries)/postgres", "-D", data, "-c", "listen_addresses=", "-k", socket, "-c", "fsync=off"],
      environment: HostCommand.environment)
    defer { server.signal(SIGQUIT) }
    let reach = ["-h", socket, "-U", "postgres"]
    try await ready("\(binaries)/psql", reach, server)
    _ = try await host(["\(binaries)/psql", "-qXb", "-v", "ON_ERROR_STOP=1"] + reach + ["-c", "create database shop", "postgres"])
    _ = try await host(["\(binaries)/psql", "-qXb", "-v", "ON_ERROR_STOP=1"] + reach + ["-d", "shop"], input: content)
    func dump(_ format: String) async throws -> [UInt8] {
      let path = "\(folder.path)/out.\(format)"
      _ = try await host(["\(binaries)/pg_dump"] + reach + ["-F", format, "-f", path, "shop"])
      return TextFile.bytes(path)
    }
    let dumps = Dumps(plain: try await dump("p"), custom: try await dump("c"), tar: try await dump("t"))
    server.signal(SIGQUIT)
    _ = await server.result()
    return dumps
  }

  private static func ready(_ psql: String, _ reach: [String], _ server: HostCommand) async throws {
    for _ in 0..<500 {
      if await HostCommand.run([psql, "-XAtc", "select 1"] + reach + ["postgres"]).status == 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw Failed(text: "the server did not answer: \(server.stderrSoFar)")
  }

  private static func host(_ arguments: [String], input: String? = nil) async throws -> CommandResult {
    let result = await HostCommand.run(arguments, input: input)
    guard result.status == 0 else { throw Failed(text: "\(arguments[0]): \(result.said)") }
    return result
  }
}
