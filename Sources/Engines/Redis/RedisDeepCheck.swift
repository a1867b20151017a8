import DrillModel
import EngineKit
import Glibc
import Manifests
import ToolRunner

/// The deep check: what Redis's own checkers say of the files, and at `full` every value read to its end.
struct RedisDeepCheck: DeepProbe {
  let probe: RedisProbe
  let program: RedisProgram
  let placed: Placement.Placed
  let tools: any ToolRunning
  let user: Box.User?

  func check(_ level: DeepLevel, timeout: Duration) async throws -> DeepResult {
    var findings = try await files(timeout)
    let databases = try await probe.ask(timeout) { try RedisInfo($0, section: "keyspace").databases.mapValues(\.keys) }
    let keys = databases.values.reduce(0, +)
    // An empty server has nothing that could be unsound, and is the worst restore of all.
    if keys == 0 { findings.append("the restored server holds no key") }
    var scope = "\(keys) keys of \(databases.count) databases"
    if level == .full {
      findings += try await probe.ask(timeout) { connection in
        try databases.keys.sorted().flatMap { try Self.read(database: $0, connection) }
      }
      scope += ", every value read"
    }
    return DeepResult(findings: findings, scope: scope)
  }

  /// Both checkers tell damage by their text; their exit status is 0 for some damage and 1 for some files that are only newer.
  private func files(_ timeout: Duration) async throws -> [String] {
    let directory = probe.server.directory
    var findings: [String] = []
    if !placed.isLog {
      findings += try await verdict(program.checkSnapshot, "\(directory)/\(Placement.snapshot)", good: "RDB looks OK!", timeout)
    } else {
      let manifest = "\(directory)/\(Placement.parts)/\(Placement.log).manifest"
      findings += try await verdict(program.checkLog, manifest, good: "All AOF files and manifest are valid", timeout)
    }
    return findings
  }

  private func verdict(_ checker: String?, _ path: String, good: String, _ timeout: Duration) async throws -> [String] {
    guard let checker else { throw ProbeError.unavailable("redis-check-rdb and redis-check-aof are not here: apt-get install redis-tools") }
    var box = program.box(checker, user: user)
    box.readable.append(probe.server.directory)
    // A checker of append-only files opens them for writing.
    box.writable = [probe.server.directory, "/dev/null"]
    let exit = try await tools.run(
      ToolCommand(checker, [path], environment: ["LC_ALL": "C", "PATH": "/usr/bin:/bin"], directory: probe.server.directory, box: box),
      deadline: timeout)
    if exit.status == .timedOut { throw ProbeError.timeout(timeout) }
    try Task.checkCancellation()
    let said = exit.outputText + exit.errorText
    if exit.isSuccess, said.contains(good), !said.contains("ERROR DETECTED") { return Self.surplus(said, path) }
    if let broken = said.split(separator: "\n").first(where: { Self.names($0) }) { return ["\(Self.name(checker)): \(broken.prefix(200))"] }
    return ["\(Self.name(checker)) ended with \(exit.status) and called nothing sound"]
  }

  /// What follows the end of an RDB file is loaded by no server: `[offset 11114] \o/ RDB looks OK! \o/`. One with data of modules is passed over.
  private static func surplus(_ said: String, _ path: String) -> [String] {
    guard let end = said.firstMatch(of: /\[offset (\d+)\] \\o\/ RDB looks OK!/).flatMap({ Int64($0.1) }) else { return [] }
    let surplus = RedisFile.size(path) - end
    return surplus > 0 ? ["\(surplus) bytes follow the end of the RDB file, which no server loads"] : []
  }

  private static func names(_ line: Substring) -> Bool {
    let signs = ["Unexpected", "Invalid", "CRC error", "Error", "is not valid", "Expected", "Can't", "Cannot", "Terminating"]
    return signs.contains { line.contains($0) }
  }

  private static func name(_ path: String) -> Substring { path.split(separator: "/").last ?? "" }

  /// Reads all keys of a database; gives what could not be read.
  private static func read(database: Int, _ connection: RedisConnection) throws(ProbeError) -> [String] {
    let walk = try KeyWalk(connection, KeySelection(database: database))
    var findings: [String] = []
    var seen: Int64 = 0
    try walk.each { batch throws(ProbeError) in
      seen += Int64(batch.count)
      for key in batch { connection.send([Array("TYPE".utf8), key]) }
      var types: [String] = []
      for _ in batch { types.append(try connection.reply().text ?? "none") }
      for (key, type) in zip(batch, types) {
        do throws(ProbeError) { try read(key, type, connection) } catch {
          // A connection that is gone or late ends the check; what the server says of one key does not.
          switch error {
          case .timeout, .unavailable: throw error
          case .missing, .damaged, .invalid:
            if findings.count < 100 { findings.append("database \(database), \(Manifest.escaped(key).prefix(100)): \(error.message)") }
          }
        }
      }
    }
    let known = try connection.ask("DBSIZE").integer ?? 0
    // Keys may expire while they are read, and none comes.
    if seen < known { findings.append("database \(database): \(seen) of \(known) keys could be listed") }
    return findings
  }

  private static func read(_ key: [UInt8], _ type: String, _ connection: RedisConnection) throws(ProbeError) {
    let value = ValueWalk(connection, key)
    switch type {
    case "none": return
    case "string": try value.string { _ in }
    case "list": try value.list { _ in }
    case "set": try value.set { _ in }
    case "hash": try value.hash { _ in }
    case "zset": try value.sortedSet { _ in }
    case "stream": try value.stream { _ in }
    default: throw .invalid("the type \(type.prefix(40)) is a module's")
    }
  }
}
