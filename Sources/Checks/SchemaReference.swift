import DrillModel
package import EngineKit
import Foundation

/// A schema kept in a file, to compare restored ones with: what `drillmark schema DRILL` writes.
///
/// Text: the line `drillmark-schema 1 ENGINE`, then the snapshot's lines, sorted; a backslash escapes itself and line breaks.
package struct SchemaReference: Sendable, Hashable {
  package let snapshot: SchemaSnapshot

  package init(_ snapshot: SchemaSnapshot) { self.snapshot = snapshot }

  /// The file's text.
  package var text: String {
    let lines = snapshot.lines.sorted().map(Self.escaped)
    return (["drillmark-schema 1 \(snapshot.engine)"] + lines).joined(separator: "\n") + "\n"
  }

  /// Reads a file's text.
  ///
  /// - Throws: `Fault` with code `configuration` when it is no schema file of this version.
  package init(text: String, name: String) throws {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true).map { $0.hasSuffix("\r") ? $0.dropLast() : $0 }
    let head = lines.first?.split(separator: " ") ?? []
    guard head.count == 3, head[0] == "drillmark-schema", head[1] == "1" else {
      throw Fault(.configuration, "\(name) is not a schema file", advice: "Write it with `drillmark schema DRILL`")
    }
    snapshot = SchemaSnapshot(engine: String(head[2]), lines: lines.dropFirst().map(Self.unescaped).sorted())
  }

  /// Reads the file at `path`.
  ///
  /// - Throws: `Fault` with code `configuration` when it cannot be read or is none.
  package init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path), let text = String(bytes: data, encoding: .utf8) else {
      throw Fault(.configuration, "cannot read the schema reference \(path)", advice: "Write it with `drillmark schema DRILL`")
    }
    try self.init(text: text, name: path)
  }

  /// What `other` lacks (`-`) and has more (`+`), in the order of the lines.
  package func difference(to other: SchemaSnapshot) -> [String] {
    var result: [String] = []
    let old = snapshot.lines.sorted()
    let new = other.lines.sorted()
    var left = 0
    var right = 0
    while left < old.count || right < new.count {
      if right == new.count || (left < old.count && old[left] < new[right]) {
        result.append("- \(old[left])")
        left += 1
      } else if left == old.count || new[right] < old[left] {
        result.append("+ \(new[right])")
        right += 1
      } else {
        left += 1
        right += 1
      }
    }
    return result
  }

  private static func escaped(_ line: String) -> String {
    var out = ""
    for scalar in line.unicodeScalars {
      switch scalar {
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  private static func unescaped(_ line: Substring) -> String {
    var out = ""
    var isEscaped = false
    for scalar in line.unicodeScalars {
      if isEscaped {
        out.unicodeScalars.append(scalar == "n" ? "\n" : scalar == "r" ? "\r" : scalar)
        isEscaped = false
      } else if scalar == "\\" {
        isEscaped = true
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
