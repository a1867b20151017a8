import DrillModel
import Glibc

extension DumpScanner {
  mutating func beginLineComment() {
    note.removeAll(keepingCapacity: true)
    mode = .lineComment
  }

  /// Comments matter for pg_dump's banner and trailer, which stand on lines of their own.
  mutating func stepLineComment(_ byte: UInt8) {
    if byte != 10 {
      if note.count < 80, byte != 13 { note.append(byte) }
      return
    }
    mode = .sql
    guard commentBeganLine else { return }
    switch String(decoding: note, as: UTF8.self) {
    case " PostgreSQL database dump": count(database: 1)
    case " PostgreSQL database dump complete": count(database: -1)
    case " PostgreSQL database cluster dump": count(cluster: 1)
    case " PostgreSQL database cluster dump complete": count(cluster: -1)
    default: break
    }
  }

  mutating func stepBlockComment(_ byte: UInt8) {
    if byte == UInt8(ascii: "/"), commentPrevious == UInt8(ascii: "*") {
      commentDepth -= 1
      commentPrevious = 0
      if commentDepth == 0 { mode = .sql }
    } else if byte == UInt8(ascii: "*"), commentPrevious == UInt8(ascii: "/") {
      commentDepth += 1
      commentPrevious = 0
    } else {
      commentPrevious = byte
    }
  }

  /// Looks for the line `\.` and leaves everything else of the data alone, however long its lines are.
  mutating func scanCopy(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var position = start
    while position < bytes.count, let base = bytes.baseAddress {
      let found = memchr(base + position, 10, bytes.count - position)
      let end: Int = found.map { UnsafePointer<UInt8>($0.assumingMemoryBound(to: UInt8.self)) - base } ?? bytes.count
      if found != nil, copyHead.isEmpty {
        // The whole line is here, as nearly every one is.
        let isEnd = DumpScanner.isEndOfData(base + position, end - position)
        position = end + 1
        endLine(inCopy: !isEnd)
        if isEnd { return position }
        continue
      }
      let headEnd: Int = Swift.min(end, position + 4 - copyHead.count)
      if headEnd > position { copyHead.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[position..<headEnd])) }
      guard found != nil else { return bytes.count }
      let isEnd = copyHead == [92, 46] || copyHead == [92, 46, 13]
      copyHead.removeAll(keepingCapacity: true)
      position = end + 1
      endLine(inCopy: !isEnd)
      if isEnd { return position }
    }
    return position
  }

  private static func isEndOfData(_ line: UnsafePointer<UInt8>, _ length: Int) -> Bool {
    (length == 2 || (length == 3 && line[2] == 13)) && line[0] == 92 && line[1] == 46
  }

  mutating func beginCommand() throws {
    guard statementIsEmpty, lineIsBlank else { throw refusal("a backslash command inside a statement") }
    lineIsBlank = false
    note = [UInt8(ascii: "\\")]
    mode = .command
  }

  /// Judges the backslash command that a line holds.
  ///
  /// - Returns: SQL to put in its place, or nil.
  mutating func endCommand() throws -> [UInt8]? {
    mode = .sql
    let text: String = String(decoding: note, as: UTF8.self).trimmingSuffix { $0.isWhitespace }
    let parts: [Substring] = text.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\t" })
    let argument: String = parts.count > 1 ? String(parts[1]) : ""
    let command: String = parts.first.map { String($0) } ?? text
    switch command {
    case "\\restrict" where restriction == nil && isPlainWord(argument):
      restriction = argument
    case "\\unrestrict" where restriction != nil && restriction == argument:
      restriction = nil
    case "\\connect", "\\c":
      guard let name = ConnectArgument.database(argument) else {
        throw refusal("a \\connect that names more than a database")
      }
      connect = name
    case "\\encoding" where isPlainWord(argument):
      return Array("SET client_encoding TO '\(argument)';".utf8)
    default:
      throw refusal("the psql command \(text.prefix(40).filter { !$0.isNewline })")
    }
    return nil
  }

  private func isPlainWord(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { DumpScanner.isWordByte($0) && $0 < 128 || $0 == UInt8(ascii: "-") }
  }
}

/// The argument of `\connect`, as pg_dump and people write it.
enum ConnectArgument {
  /// The database it names; nil for connection strings, other users and hosts.
  static func database(_ argument: String) -> String? {
    var text = argument.trimmingSuffix { $0 == ";" || $0.isWhitespace }
    let reuse = "-reuse-previous=on "
    let isReuse = text.hasPrefix(reuse)
    if isReuse { text = String(text.dropFirst(reuse.count)) }
    guard let name = unquoted(text), !name.isEmpty, name != "-" else { return nil }
    if isReuse { return connectionValue(name) }
    // psql takes such a name for a connection string.
    if name.contains("=") || name.hasPrefix("postgres://") || name.hasPrefix("postgresql://") { return nil }
    return name
  }

  /// Takes off SQL-style double quotes; nil when there is more than one word.
  private static func unquoted(_ text: String) -> String? {
    guard text.hasPrefix("\"") else {
      return text.contains(where: { $0.isWhitespace || "\"'`:\\".contains($0) }) ? nil : text
    }
    guard text.count >= 2, text.hasSuffix("\"") else { return nil }
    let inner = text.dropFirst().dropLast()
    let withoutPairs = inner.replacing("\"\"", with: "")
    return withoutPairs.contains("\"") ? nil : String(inner.replacing("\"\"", with: "\""))
  }

  /// The value of a connection string that holds `dbname='…'` and nothing else.
  private static func connectionValue(_ text: String) -> String? {
    guard text.hasPrefix("dbname=") else { return nil }
    let value = text.dropFirst("dbname=".count)
    guard value.hasPrefix("'") else { return value.contains(where: { $0.isWhitespace || $0 == "=" || $0 == "'" }) ? nil : String(value) }
    var name = ""
    var isEscaped = false
    var rest = value.dropFirst()
    while let character = rest.popFirst() {
      if isEscaped {
        name.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "'" {
        return rest.isEmpty ? name : nil
      } else {
        name.append(character)
      }
    }
    return nil
  }
}

extension String {
  func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
    var text = self[...]
    while let last = text.last, isTrimmed(last) { text.removeLast() }
    return String(text)
  }
}
