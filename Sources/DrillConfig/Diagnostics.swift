/// One thing wrong in a file, with its place and what to write instead.
package struct Diagnostic: Sendable, Hashable, CustomStringConvertible {
  package var file: String
  /// Line and column from 1; both 0 when the whole file is meant.
  package var line: Int
  package var column: Int
  package var severity: Severity
  /// What is wrong and what was expected. Never a secret or more than the one offending scalar.
  package var message: String
  /// What to do about it; nil when the message says it.
  package var suggestion: String?

  package enum Severity: String, Sendable { case error, warning }

  package init(file: String, line: Int, column: Int, severity: Severity = .error, message: String, suggestion: String? = nil) {
    self.file = file
    self.line = line
    self.column = column
    self.severity = severity
    self.message = message
    self.suggestion = suggestion
  }

  /// One line without control characters: `drills/orders.yaml:12:9: expected a duration such as 90s, 5m or 1h30m, found "soon"`.
  package var description: String {
    let place = line > 0 ? "\(file):\(line):\(column): " : "\(file): "
    let mark = severity == .warning ? "warning: " : ""
    return printable(place + mark + message + (suggestion.map { "; \($0)" } ?? ""))
  }
}

/// Everything wrong that reading has met so far, in the order met.
package struct Diagnostics: Sendable {
  package private(set) var all: [Diagnostic] = []
  /// Further faults are not kept, so that a hostile file cannot fill memory with them; readers may stop looking then.
  package static let limit = 1000
  package private(set) var dropped = 0

  package init() {}

  /// Whether anything is wrong enough that the file cannot be used.
  package var hasErrors: Bool { dropped > 0 || all.contains { $0.severity == .error } }

  /// Whether no further fault is kept.
  package var isFull: Bool { all.count >= Diagnostics.limit }

  /// The same in the order of the lines within each file, files as first met, and with a last line when not all were kept.
  package var sorted: [Diagnostic] {
    var files: [String: Int] = [:]
    for diagnostic in all where files[diagnostic.file] == nil { files[diagnostic.file] = files.count }
    let keyed = all.enumerated().sorted { left, right in
      let one = (files[left.element.file] ?? 0, left.element.line, left.element.column, left.offset)
      return one < (files[right.element.file] ?? 0, right.element.line, right.element.column, right.offset)
    }
    let more = Diagnostic(file: all.last?.file ?? "", line: 0, column: 0, message: "further faults are not listed")
    return keyed.map(\.element) + (isFull ? [more] : [])
  }

  /// How many errors were met.
  package var errorCount: Int { dropped + all.count { $0.severity == .error } }

  package mutating func add(_ diagnostic: Diagnostic) {
    if all.count < Diagnostics.limit { all.append(diagnostic) } else { dropped += 1 }
  }

  package mutating func add(contentsOf others: Diagnostics) {
    for diagnostic in others.all { add(diagnostic) }
    dropped += others.dropped
  }

  /// Reports a fault of a whole file that has no line.
  package mutating func error(_ message: String, in file: String, suggestion: String? = nil) {
    add(Diagnostic(file: file, line: 0, column: 0, message: message, suggestion: suggestion))
  }

  package mutating func error(_ message: String, at place: Place, suggestion: String? = nil) {
    add(
      Diagnostic(file: place.file.shown, line: place.line, column: place.column, message: message, suggestion: suggestion))
  }

  package mutating func warning(_ message: String, at place: Place, suggestion: String? = nil) {
    add(
      Diagnostic(
        file: place.file.shown, line: place.line, column: place.column, severity: .warning, message: message, suggestion: suggestion))
  }

  /// Reports that `node` is not what was `expected`, and gives nil so that a reader can return it.
  package mutating func expected<Value>(_ expected: String, at node: ConfigNode, suggestion: String? = nil) -> Value? {
    error("expected \(expected), found \(node.found)", at: node.place, suggestion: suggestion)
    return nil
  }
}
