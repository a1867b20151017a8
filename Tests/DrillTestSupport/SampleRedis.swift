import Foundation
import Glibc
import ToolRunner

/// Backups of a throw-away Redis server, made once a test process.
package enum SampleRedis {
  package static let server = "/usr/bin/redis-server"
  /// Whether the server and its command line are there.
  package static let isInstalled = access(server, X_OK) == 0 && access("/usr/bin/redis-cli", X_OK) == 0
  package static let absence = "no Redis server is installed"

  /// One data set in each form: 1000 strings `k0`…, 50 of them with a time to live in `e0`…, 20 each of hashes `h0`…, sets `s0`…, sorted sets
  /// `z0`…, lists `l0`… and streams `x0`…, and three keys in database 3.
  package struct Backups: Sendable {
    package var snapshot: [UInt8]
    /// An append-only file of before Redis 7, commands only.
    package var log: [UInt8]
    /// Files of an append-only directory by name: manifest, base, increment. Keys `late0`…`late9` are in the increment, with annotated times.
    package var parts: [String: [UInt8]]
  }

  /// Keys that the data set has: in database 0, and in database 3.
  package static let keys = (1150, 3)

  /// - Throws: what went wrong, when the server cannot be made.
  package static func backups() async throws -> Backups { try await shared.value }

  package struct Failed: Error { package let text: String }

  private static let shared = Task { try await make() }

  private static let content: String = {
    var lines = (0..<1000).map { "SET k\($0) \(String(repeating: "v", count: 50))" }
    lines += (0..<50).map { "SET e\($0) v EX 1000000" }
    for number in 0..<20 {
      lines += [
        "HSET h\(number) a 1 b 2", "SADD s\(number) x y z", "ZADD z\(number) 1 a 2.5 b", "RPUSH l\(number) a b c", "XADD x\(number) * f v",
      ]
    }
    lines += ["SELECT 3", "SET here 1", "SET there 2", "SET \"odd key\" 3"]
    return lines.joined(separator: "\n") + "\n"
  }()

  private static func make() async throws -> Backups {
    guard isInstalled else { throw Failed(text: absence) }
    let (log, _) = try await served(["--appendonly", "yes", "--aof-use-rdb-preamble", "no"], [content]) { folder in
      TextFile.bytes("\(folder)/appendonlydir/appendonly.aof.1.incr.aof")
    }
    let (snapshot, parts) = try await served(
      ["--appendonly", "yes", "--aof-timestamp-enabled", "yes"],
      [content, "SAVE\nBGREWRITEAOF\n", (0..<10).map { "SET late\($0) v" }.joined(separator: "\n") + "\n"]
    ) { folder in TextFile.bytes("\(folder)/dump.rdb") }
    return Backups(snapshot: snapshot, log: log, parts: parts)
  }

  /// Serves an empty directory, feeds it the commands part by part, and gives what `read` makes of it, with the append-only directory.
  private static func served(
    _ settings: [String], _ parts: [String], _ read: (_ folder: String) -> [UInt8]
  ) async throws -> ([UInt8], [String: [UInt8]]) {
    let folder = TemporaryFolder("dmredis")
    let socket = "\(folder.path)/s"
    let command = HostCommand(
      [server, "--port", "0", "--unixsocket", socket, "--dir", folder.path, "--save", "", "--daemonize", "no"] + settings,
      environment: HostCommand.environment)
    defer { command.signal(SIGKILL) }
    for part in parts {
      try await feed(part, socket, command)
      for _ in 0..<500 where try await ask(socket, "INFO", "persistence").contains("aof_rewrite_in_progress:1") {
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    let made = read(folder.path)
    var files: [String: [UInt8]] = [:]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/appendonlydir")) ?? [] {
      files[name] = TextFile.bytes("\(folder.path)/appendonlydir/\(name)")
    }
    return (made, files)
  }

  private static func feed(_ commands: String, _ socket: String, _ server: HostCommand) async throws {
    for _ in 0..<500 where access(socket, F_OK) != 0 { try await Task.sleep(for: .milliseconds(10)) }
    let result = await HostCommand.run(["/usr/bin/redis-cli", "-e", "-s", socket], input: commands)
    guard result.status == 0 else { throw Failed(text: "redis-cli: \(result.said)") }
  }

  private static func ask(_ socket: String, _ words: String...) async throws -> String {
    await HostCommand.run(["/usr/bin/redis-cli", "-s", socket] + words).stdout
  }
}
