import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQL
import Foundation
import Glibc
import ToolRunner

/// Runs one restore as a drill would, without a driver, and removes everything after.
struct MySQLBench {
  let scratch: EngineScratch
  var options = MySQLOptions()
  var tools: any ToolRunning = SampleMySQL.tools

  init(database: String? = nil) throws {
    scratch = try EngineScratch()
    options.database = database
  }

  func context() -> EngineContext { scratch.context(tools: tools, user: EngineScratch.boxUser, cache: EngineScratch.cache) }

  /// Restores a file or directory and gives what `body` makes of the probes.
  func restore<T>(_ path: String, _ body: (Probes, RestoreReport) async throws -> T) async throws -> T {
    let (target, report) = try await EngineDrive.restore(MySQLEngine(options), path, context())
    let result: Result<T, any Error>
    do { result = .success(try await body(try await target.probes(), report)) } catch { result = .failure(error) }
    try await target.destroy()
    return try result.get()
  }

  func restore<T>(_ bytes: [UInt8], _ body: (Probes, RestoreReport) async throws -> T) async throws -> T {
    try await restore(try scratch.file("dump.sql", bytes), body)
  }

  /// The fault that a restore ends with, nil when it ends well.
  func fault(_ path: String) async throws -> Fault? {
    do { return try await restore(path) { _, _ in nil } } catch let fault as Fault { return fault }
  }

  func fault(_ bytes: [UInt8]) async throws -> Fault? { try await fault(try scratch.file("dump.sql", bytes)) }
}

extension Probes {
  /// One value that a query gives.
  func value(_ query: String) async throws -> String? {
    try await sql?.query(query, timeout: .seconds(30), limit: 1).rows.first?.first ?? nil
  }

  /// What the deep check finds; one that is not there finds that.
  func findings(_ level: DeepLevel) async throws -> [String] {
    try await deep?.check(level, timeout: .seconds(120)).findings ?? ["there is no deep check"]
  }

  func count(_ table: String) async throws -> Int64? { try await sql?.count(table: table, timeout: .seconds(30)) }
}

extension [UInt8] {
  /// The same with something else in the first place where `old` stands; empty when it stands nowhere.
  func replacing(_ old: String, with new: String) -> [UInt8] {
    var text = self
    guard let place = firstRange(of: old) else { return [] }
    text.replaceSubrange(place, with: Array(new.utf8))
    return text
  }

  /// Where a text stands first. Bytes that are no text stay what they are.
  func firstRange(of text: String) -> Range<Int>? {
    let wanted = Array(text.utf8)
    guard count >= wanted.count else { return nil }
    let start = (0...(count - wanted.count)).first { self[$0..<$0 + wanted.count].elementsEqual(wanted) }
    return start.map { $0..<$0 + wanted.count }
  }
}
