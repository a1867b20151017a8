import DrillModel
import DrillTestSupport
import EngineKit
import EngineRedis
import Foundation
import ToolRunner

/// Restores one backup as a drill would, without a driver, and removes everything after.
struct RedisBench {
  let scratch: EngineScratch
  var options = RedisOptions()
  var tools: any ToolRunning = RedisBench.tools

  static let tools = SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST")

  init() throws { scratch = try EngineScratch() }

  func context() -> EngineContext { scratch.context(tools: tools, user: EngineScratch.boxUser, cache: EngineScratch.cache) }

  /// Restores the file or directory at `path` and gives what `body` makes of it.
  func restore<T>(_ path: String, _ body: (Probes, RestoreReport) async throws -> T) async throws -> T {
    let (target, report) = try await EngineDrive.restore(RedisEngine(options), path, context())
    do {
      let result = try await body(try await target.probes(), report)
      try await target.destroy()
      return result
    } catch {
      try await target.destroy()
      throw error
    }
  }

  /// The fault that a restore of these bytes ends with; nil when it ends well.
  func fault(_ bytes: some Sequence<UInt8>, named name: String = "b.rdb") async throws -> Fault? {
    try await fault(at: try scratch.file(name, bytes))
  }

  func fault(at path: String) async throws -> Fault? {
    do { return try await restore(path) { _, _ in nil } } catch let fault as Fault { return fault }
  }

  /// Writes files into a new directory in the scratch directory and gives its path.
  func directory(_ files: [String: [UInt8]], _ name: String = "parts") throws -> String {
    let path = "\(scratch.path)/\(name)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (file, bytes) in files { _ = try scratch.file("\(name)/\(file)", bytes) }
    return path
  }

  /// Keys of database 0 after a restore of these bytes, with the notes.
  func keys(_ bytes: some Sequence<UInt8>, named name: String = "b.rdb", in database: Int = 0) async throws -> (Int64, RestoreReport) {
    try await restore(try scratch.file(name, bytes)) { probes, report in
      guard let keys = probes.keys else { throw Fault(.internalError, "no keys") }
      return (try await keys.count(KeySelection(database: database), timeout: .seconds(30)), report)
    }
  }
}

/// Builds RDB files by hand: version 9, without a checksum unless the server is to compute one.
enum HandmadeRDB {
  static func file(version: String = "REDIS0009", aux: [(String, String)] = [], _ records: [[UInt8]]) -> [UInt8] {
    var bytes = Array(version.utf8)
    for (name, value) in aux { bytes += [0xFA] + string(name) + string(value) }
    return bytes + [0xFE, 0] + records.flatMap(\.self) + [0xFF] + [UInt8](repeating: 0, count: 8)
  }

  static func string(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }
  static func entry(_ key: String, _ value: String) -> [UInt8] { [0] + string(key) + string(value) }
  static func emptySet(_ key: String) -> [UInt8] { [2] + string(key) + [0] }
}
