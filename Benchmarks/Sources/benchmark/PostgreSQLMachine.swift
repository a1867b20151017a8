import Foundation
import Glibc

/// PostgreSQL as installed on this machine, and servers of it for the bare side.
struct PostgreSQLMachine {
  private let folder: String

  /// Takes the newest version.
  ///
  /// - Throws: `Unavailable` when there is none.
  init() throws {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }.sorted()
    guard let newest = versions.last, access("\(root)/\(newest)/bin/postgres", X_OK) == 0 else {
      throw Unavailable(reason: "no PostgreSQL server below \(root)")
    }
    folder = "\(root)/\(newest)/bin"
  }

  func program(_ name: String) -> String { "\(folder)/\(name)" }

  /// What goes before a server's command: it refuses to be root. The server ends with us.
  var asServerUser: String {
    getuid() == 0 ? "setpriv --pdeathsig QUIT --reuid=postgres --regid=postgres --clear-groups -- " : "setpriv --pdeathsig QUIT -- "
  }

  /// Makes a folder that belongs to the server's user.
  func makeFolder(_ path: String, _ workshop: Workshop) throws {
    try workshop.make("mkdir -p \(path)" + (getuid() == 0 ? "; chown postgres \(path)" : ""))
  }

  /// Initialises a data directory with a database named `bench`.
  func initialise(_ data: String, options: String, _ workshop: Workshop) throws {
    try makeFolder((data as NSString).deletingLastPathComponent, workshop)
    try workshop.make(
      """
      cd /
      \(asServerUser) \(program("initdb")) -D \(data) -A trust -U bench -E UTF8 --locale=C.UTF-8 -N --no-instructions \(options)
      printf 'create database bench;\\n\\n' | \(asServerUser) \(program("postgres")) --single -j -D \(data) postgres
      """)
  }

  /// Shell lines that start a server and wait until it answers; it is then process `$server`.
  func start(_ data: String, socket: String, settings: [String]) -> String {
    let words = settings.map { "'\($0)'" }.joined(separator: " ")
    return """
      \(asServerUser)\(program("postgres")) -D \(data) \(words) -c unix_socket_directories=\(socket) -c listen_addresses= 2>\(socket)/log &
      server=$!
      until \(client("psql", socket)) -c 'select 1' >\(socket)/answer 2>&1; do kill -0 $server; sleep 0.01; done
      """
  }

  /// Shell lines that end that server and remove its data.
  func stop(_ data: String) -> String { "kill -QUIT $server\nwait $server || true\nrm -rf \(data)" }

  /// A client's command, up to its own options.
  func client(_ name: String, _ socket: String) -> String { "\(program(name)) -h \(socket) -p 5432 -U bench -d bench" }
}
