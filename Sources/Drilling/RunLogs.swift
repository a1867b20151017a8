package import DrillModel
import Foundation
import ToolRunner

/// The folder of tool logs, one file a run.
package struct RunLogs {
  /// How long a log is kept; `drillmark log --help` says so.
  static let kept: Duration = .seconds(90 * 86_400)

  let directory: String

  package init(directory: String) { self.directory = directory }

  package func path(of run: RunID) -> String { "\(directory)/\(run).log" }

  /// Opens the log of a run, adding to one that is there.
  ///
  /// - Throws: `Fault` when the folder or the file cannot be made.
  func open(_ run: RunID, secrets: [String], clocks: any Clocks) throws -> RunLog {
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw Fault(
        .permissionDenied, "the folder of logs \(directory) cannot be made", advice: "Check the owner and mode of the folder above it")
    }
    return try RunLog(path: path(of: run), secrets: secrets, now: { clocks.now() })
  }

  /// Removes logs whose run began longer ago than they are kept. A file that cannot be removed is left for the next time.
  func removeOld(now: Timestamp) {
    let oldest = now - RunLogs.kept
    for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] where name.hasSuffix(".log") {
      guard let run = RunID(String(name.dropLast(4))), run.time < oldest else { continue }
      try? FileManager.default.removeItem(atPath: "\(directory)/\(name)")
    }
  }
}
