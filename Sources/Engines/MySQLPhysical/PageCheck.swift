import DrillModel
import EngineKit
import Foundation
import Manifests
import MySQLKit
import ToolRunner

/// Has innochecksum read every page of every tablespace, while no server uses them.
struct PageCheck: Sendable {
  let context: EngineContext
  let confinement: Confinement
  let programs: PhysicalPrograms

  func run(_ data: String) async throws {
    let program = try programs.pageChecker()
    for path in try await onThread("tablespaces", { try PageCheck.tablespaces(data) }) {
      let exit = try await context.tools.run(
        ToolCommand(
          program, [path], environment: MySQLServer.environment, directory: data, output: .discarded,
          box: confinement.box(
            for: program, reading: programs.installation.readable + [program, data], writing: ["/dev/null"], alone: true)))
      try Task.checkCancellation()
      guard !exit.isSuccess else { continue }
      let said = exit.errorText.split(separator: "\n").suffix(1).map { InertText.line($0, limit: 200) }.joined()
      throw Fault(
        .backupDamaged,
        "the pages of \(InertText.line(path.dropFirst(data.count + 1), limit: 200)) are damaged (innochecksum, \(exit.status)): \(said)")
    }
  }

  private static func tablespaces(_ data: String) throws -> [String] {
    var walker = try TreeWalker(root: data)
    var paths: [String] = []
    while let entry = try walker.next() {
      let path = String(decoding: entry.path, as: UTF8.self)
      let isSystem = !path.contains("/") && (path.hasPrefix("ibdata") || path.hasPrefix("undo"))
      if entry.kind == .file, entry.size > 0, path.hasSuffix(".ibd") || isSystem { paths.append("\(data)/\(path)") }
    }
    return paths
  }
}
