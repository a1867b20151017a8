import DrillModel
import EngineKit
import Foundation
import ToolRunner

/// The programs of one Redis on this machine.
struct RedisProgram: Sendable, Hashable {
  var server: String
  var checkSnapshot: String?
  var checkLog: String?
  /// `redis 7.0.15`.
  var version: String

  private static let oldest = 7

  /// Finds redis-server, or valkey-server where only that is.
  ///
  /// - Throws: `Fault` with code `tool_missing` or `tool_too_old`.
  static func find(_ tools: any ToolRunning) async throws -> RedisProgram {
    var kind = "redis"
    var server = try? tools.locate("redis-server")
    if server == nil, let valkey = try? tools.locate("valkey-server") { (kind, server) = ("valkey", valkey) }
    guard let server else {
      throw Fault(
        .toolMissing, "redis-server is not on this machine", advice: "Install it: apt-get install redis-server redis-tools; it need not run"
      )
    }
    let exit = try await tools.run(ToolCommand(server, ["--version"]), deadline: .seconds(30))
    // Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=d3de7f64b1c4e3ba
    guard exit.isSuccess, let match = exit.outputText.firstMatch(of: /v=((\d+)[0-9.]*)/), let major = Int(match.2) else {
      throw Fault(.toolFailed, "\(server) does not tell its version (\(exit.status))", advice: "Reinstall redis-server")
    }
    guard major >= oldest else {
      throw Fault(
        .toolTooOld, "Redis \(match.1) is too old: append-only files in parts and what it says of a load came with 7.0",
        advice: "Install redis-server 7.0 or newer; it reads files of all older versions")
    }
    return RedisProgram(
      server: server, checkSnapshot: try? tools.locate("\(kind)-check-rdb"), checkLog: try? tools.locate("\(kind)-check-aof"),
      version: "\(kind) \(match.1)")
  }

  /// A box for one of the programs: no network, no other program, nothing readable but libraries.
  func box(_ program: String, user: Box.User?) -> Box {
    let readable = [
      "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime", "/dev/urandom", "/dev/null",
    ]
    return Box(user: user, executable: [program], readable: readable.filter { FileManager.default.fileExists(atPath: $0) })
  }
}
