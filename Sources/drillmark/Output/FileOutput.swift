import DrillModel
import Foundation
import Glibc

/// Text written to a file that is replaced only when the new text is complete, or to standard output.
enum FileOutput {
  /// - Throws: `Fault` when the file cannot be written.
  static func write(_ text: String, to path: String?) throws {
    guard let path else { return drillmark.write(text, to: STDOUT_FILENO) }
    do {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw Fault(.permissionDenied, "\(path) cannot be written", advice: "Check the folder's owner, mode and free space")
    }
    tell("wrote \(path)")
  }
}

/// A path from the current directory without links and dots.
func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path }
