import DrillModel
import PostgreSQLKit

/// One error that psql or pg_restore reported while loading.
struct LoadError: Hashable, Sendable {
  /// Nil from pg_restore, which does not print it.
  var sqlState: String?
  /// The server's or the tool's message; may quote a value at its end.
  var message: String
  /// Where in the data, without the row: `COPY orders, line 12, column placed`.
  var context: String?
  /// The beginning of the statement, on one line.
  var command: String?
  /// Line of the dump, where known.
  var line: Int?

  /// For a reason: nothing of a row is in it.
  var readable: String {
    let place = line.map { " at line \($0)" } ?? ""
    let state = sqlState.map { " (SQLSTATE \($0))" } ?? ""
    return "\(ServerError.withoutValues(message))\(state)\(place)\(context.map { "; \($0)" } ?? "")"
  }
}

/// Puts the lines of a tool's standard error together to errors.
struct LoadErrorReader {
  private var current: LoadError?
  private var isInCommand = false

  /// Takes one line; gives the error that it completes, if any.
  mutating func take(_ line: String) -> LoadError? {
    if let start = LoadErrorReader.beginning(of: line) {
      let finished = current
      current = start
      isInCommand = false
      return finished
    }
    if line.hasPrefix("psql:") || line.hasPrefix("pg_restore:") {
      if let statement = line.firstRange(of: ": STATEMENT:  ") {
        current?.command = LoadErrorReader.shortened(line[statement.upperBound...])
        isInCommand = true
        // psql prints the statement last, but it may go on for many lines: its head is enough.
        return finish()
      }
      return finish()
    }
    guard current != nil else { return nil }
    if line.hasPrefix("CONTEXT:  ") {
      current?.context = ServerError.withoutValues(String(line.dropFirst(10)))
    } else if line.hasPrefix("Command was: ") {
      current?.command = LoadErrorReader.shortened(line.dropFirst(13))
      isInCommand = true
    } else if isInCommand, let command = current?.command, command.count < 200 {
      current?.command = LoadErrorReader.shortened("\(command) \(line)")
    }
    return nil
  }

  /// Gives the error in progress at the end of the output.
  mutating func finish() -> LoadError? {
    defer {
      current = nil
      isInCommand = false
    }
    return current
  }

  private static func beginning(of line: String) -> LoadError? {
    if line.hasPrefix("pg_restore: error: ") {
      let text = String(line.dropFirst("pg_restore: error: ".count))
      return LoadError(message: text.replacing("could not execute query: ERROR:  ", with: "", maxReplacements: 1))
    }
    guard line.hasPrefix("psql:") else { return nil }
    for mark in [": ERROR:  ", ": FATAL:  ", ": PANIC:  "] {
      guard let found = line.firstRange(of: mark) else { continue }
      let text = line[found.upperBound...]
      guard let colon = text.firstIndex(of: ":"), text.distance(from: text.startIndex, to: colon) == 5 else {
        return LoadError(message: String(text), line: number(in: line))
      }
      let message = text[colon...].dropFirst().drop { $0 == " " }
      return LoadError(sqlState: String(text[..<colon]), message: String(message), line: number(in: line))
    }
    if let found = line.firstRange(of: ": error: ") { return LoadError(message: String(line[found.upperBound...]), line: number(in: line)) }
    return nil
  }

  /// The line number in `psql:<stdin>:12: ERROR: …`.
  private static func number(in line: String) -> Int? {
    let parts = line.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
    return parts.count > 2 ? Int(parts[2]) : nil
  }

  private static func shortened(_ text: some StringProtocol) -> String {
    String(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(240))
  }
}
