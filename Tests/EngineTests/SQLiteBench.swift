import DrillModel
import DrillTestSupport
import EngineKit
import EngineSQLite
import Foundation
import ToolRunner

/// Makes databases with the machine's sqlite3 and restores them, read by the built program in its box.
struct SQLiteBench {
  let scratch: EngineScratch
  var tools: any ToolRunning = SupervisedTools(run: SQLiteBench.run)

  static let run = "01TESTTESTTESTTESTTESTTEST"
  static let minute = Duration.seconds(60)
  static let engine = SQLiteEngine(program: OwnProgram(path: ProgramUnderTest.path))

  init() throws { scratch = try EngineScratch() }

  /// A run's context; what an earlier restore of this bench left is gone then, as between runs.
  func context(limits: UnpackLimits = UnpackLimits()) -> EngineContext {
    for name in ["database", "sorting"] { try? FileManager.default.removeItem(atPath: "\(scratch.path)/run/\(name)") }
    return scratch.context(tools: tools, limits: limits, user: EngineScratch.boxUser)
  }

  func database(_ sql: String, _ name: String = "b.sqlite") throws -> String {
    let path = "\(scratch.path)/\(name)"
    try HostProgram.run("/usr/bin/sqlite3", [path], input: sql)
    return path
  }

  func dump(_ sql: String) throws -> String {
    let path = try database(sql)
    return try HostProgram.run("/usr/bin/sqlite3", [path, ".dump"])
  }

  func restore(_ path: String, limits: UnpackLimits = UnpackLimits()) async throws -> (probes: Probes, notes: [String]) {
    let (target, report) = try await EngineDrive.restore(SQLiteBench.engine, path, context(limits: limits))
    return (try await target.probes(), report.notes)
  }

  func restore(text: some Sequence<UInt8>, limits: UnpackLimits = UnpackLimits()) async throws -> (probes: Probes, notes: [String]) {
    try await restore(try scratch.file("b.sql", text), limits: limits)
  }
}
