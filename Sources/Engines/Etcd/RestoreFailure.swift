import DrillModel
import Foundation
import ToolRunner

/// What `snapshot restore` says when it fails.
enum RestoreFailure {
  static func fault(_ program: String, _ exit: ToolExit) -> Fault {
    let tool = program.split(separator: "/").last.map(String.init) ?? program
    if exit.status == .timedOut { return Fault(.deadlineExceeded, "\(tool) snapshot restore did not end in time") }
    let text = exit.errorText + "\n" + exit.outputText
    if text.contains("no space left") {
      return Fault(.noSpace, "\(tool) ran out of space", advice: "Free space, or set scratch.directory elsewhere")
    }
    return Fault(
      .restoreFailed, "\(tool) snapshot restore ended with \(exit.status): \(words(text))",
      advice: "Run `drillmark log` for all it said")
  }

  /// The line that tells why: the last error, a panic, or else the last line.
  private static func words(_ text: String) -> String {
    let lines = text.split(separator: "\n").filter { !$0.contains("\"level\":\"info\"") && !$0.allSatisfy(\.isWhitespace) }
    let grave =
      lines.first { $0.hasPrefix("panic:") || $0.hasPrefix("fatal error:") || $0.hasPrefix("unexpected fault") }
      ?? lines.last { $0.hasPrefix("Error:") }
    return InertText.line(String(grave ?? lines.last ?? "it said nothing"), limit: 300)
  }
}
