import Checks
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import ToolRunner

@testable import DrillConfig

/// Answers as told, and notes nothing.
struct ScriptedSQL: SQLProbe {
  var answer: Result<SQLTable, ProbeError> = .success(SQLTable(columns: ["v"], rows: []))

  init(_ rows: [[String?]], isCut: Bool = false) {
    answer = .success(SQLTable(columns: (0..<(rows.first?.count ?? 1)).map { "c\($0)" }, rows: rows, isCut: isCut))
  }
  init(_ error: ProbeError) { answer = .failure(error) }

  func query(_ sql: String, timeout: Duration, limit: Int) async throws -> SQLTable { try answer.get() }
  func count(table: String, timeout: Duration) async throws -> Int64 { Int64(try answer.get().rows[0][0] ?? "") ?? -1 }
}

struct ScriptedSchema: SchemaProbe {
  var snapshot: SchemaSnapshot
  func schema(timeout: Duration) async throws -> SchemaSnapshot { snapshot }
}

struct ScriptedDeep: DeepProbe {
  var result: Result<DeepResult, ProbeError>
  func check(_ level: DeepLevel, timeout: Duration) async throws -> DeepResult { try result.get() }
}

struct RestoredTree: FileProbe {
  var root: String
  var withheldModes: [String: UInt32] = [:]
}

enum CheckBench {
  static let moment = Timestamp(rfc3339: "2026-11-21T04:00:00Z") ?? Timestamp(seconds: 0)

  /// The check that a drill file's text declares, or what is wrong with it.
  static func check(_ kind: String, _ yaml: String, directory: String = "/site/drills") throws -> any IntegrityCheck {
    let node = try node(yaml, directory)
    var context = ReadContext(drill: "d", node: node)
    let declared = try require(Checks.kinds.first { $0.name == kind })
    guard let check = declared.read(&context, []) else { throw Refused(messages: context.diagnostics.all.map(\.message)) }
    return check
  }

  private static func node(_ yaml: String, _ directory: String) throws -> ConfigNode {
    var diagnostics = Diagnostics()
    let file = ConfigFile(shown: "d.yaml", directory: directory)
    return try require(YAMLDocument.read(Array(yaml.utf8), file: file, &diagnostics))
  }

  struct Refused: Error { let messages: [String] }
  struct Missing: Error {}

  private static func require<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Missing() }
    return value
  }

  static func subject(
    _ probes: Probes, point: Timestamp? = moment, tools: any ToolRunning = NoPrograms(), timeout: Duration = .seconds(60)
  ) -> CheckSubject {
    CheckSubject(
      probes: probes, tools: tools, timeout: timeout, recoveryPoint: point, failureInstant: moment + .seconds(3600),
      environment: ["DRILLMARK_RUN": "r"])
  }
}
