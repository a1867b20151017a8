import Glibc

extension MySQLScanner {
  /// Whitespace and comments before a statement's first byte.
  mutating func between(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ sink: any MySQLSink) throws -> Int {
    var position = start
    fate = .pass
    while position < end, bytes[position] <= 32 || bytes[position] >= 0xEF && MySQLScanner.isMark(bytes, position) {
      position += bytes[position] <= 32 ? 1 : 3
    }
    guard position < end else {
      try emit(bytes, start..<position, sink)
      return position
    }
    if MySQLScanner.opensLineComment(bytes, position) {
      mode = .lineComment
    } else if MySQLScanner.opensBlockComment(bytes, position) {
      mode = .blockComment
      position += 2
    } else if matches(bytes, position, delimiter) {
      // An empty statement.
      position += delimiter.count
    } else if MySQLScanner.opensDelimiterLine(bytes, position) {
      mode = .delimiterLine
    } else {
      try emit(bytes, start..<position, sink)
      beginStatement()
      return position
    }
    try emit(bytes, start..<position, sink)
    return position
  }

  private mutating func beginStatement() {
    mode = .statement
    fate = .undecided
    current = nil
    statementLine = line
    (depth, groups) = (0, 0)
  }

  /// A statement's bytes outside quotes and comments, to its delimiter.
  mutating func statement(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ sink: any MySQLSink) throws -> Int {
    var position = start
    let first = delimiter[0]
    while position < end {
      let byte = bytes[position]
      if byte == first, matches(bytes, position, delimiter) {
        position += delimiter.count
        try emit(bytes, start..<position, sink)
        try endStatement(sink)
        return position
      }
      guard MySQLScanner.isSpecial[Int(byte)] else {
        position += 1
        continue
      }
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"):
        position += 1
        mode = .quoted(byte)
        try emit(bytes, start..<position, sink)
        return position
      case UInt8(ascii: "("):
        if countsRows, depth == 0 { groups += 1 }
        depth += 1
        position += 1
      case UInt8(ascii: ")"):
        depth -= 1
        position += 1
      default:
        let isComment = MySQLScanner.opensLineComment(bytes, position)
        if isComment || MySQLScanner.opensBlockComment(bytes, position) {
          try emit(bytes, start..<position, sink)
          mode = isComment ? .lineComment : .blockComment
          // A comment in a statement is none that says anything of the dump.
          isInsideStatement = true
          guard mode == .blockComment else { return position }
          try emit(bytes, position..<position + 2, sink)
          return position + 2
        }
        position += 1
      }
    }
    try emit(bytes, start..<position, sink)
    return position
  }

  private mutating func endStatement(_ sink: any MySQLSink) throws {
    if fate == .undecided { try decide(sink) }
    if countsRows, let current, current.effect == .rows { report.rows += groups - (current.hasColumnList ? 1 : 0) }
    mode = .between
    fate = .pass
    current = nil
  }

  /// The inside of a string or a quoted name. A doubled quote closes it and opens it again.
  mutating func quoted(
    _ quote: UInt8, _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ sink: any MySQLSink
  ) throws -> Int {
    var position = start
    let escapes = backslashEscapes && quote != UInt8(ascii: "`")
    while position < end {
      let byte = bytes[position]
      if byte == quote {
        position += 1
        mode = .statement
        break
      }
      let takesNext = (byte == UInt8(ascii: "\\") && escapes) || (isDoubleByte && byte > 127)
      position += takesNext && position + 1 < bytes.count ? 2 : 1
    }
    try emit(bytes, start..<position, sink)
    return position
  }

  /// A comment or a `delimiter` command up to the end of its line.
  mutating func toLineEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ sink: any MySQLSink) throws -> Int {
    guard let base = bytes.baseAddress else { return end }
    let found = memchr(base + start, 10, end - start).map { UnsafeRawPointer($0) - UnsafeRawPointer(base) }
    let stop = found.map { $0 + 1 } ?? end
    // Global transaction ids are a list in one line.
    if comment.count < MySQLScanner.beginning { comment.append(contentsOf: bytes[start..<min(stop, start + MySQLScanner.beginning)]) }
    let text = comment
    if found != nil {
      comment.removeAll(keepingCapacity: true)
      if mode == .delimiterLine {
        setDelimiter(text)
      } else {
        comment = text
        endComment()
      }
    }
    try emit(bytes, start..<stop, sink)
    if found != nil { mode = isInsideStatement ? .statement : .between }
    if found != nil { isInsideStatement = false }
    return stop
  }

  /// A comment in `/* */`, which this client sends to the server like any other bytes.
  mutating func blockComment(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ sink: any MySQLSink) throws -> Int {
    var position = start
    while position < end {
      if bytes[position] == UInt8(ascii: "*"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "/") {
        position += 2
        mode = isInsideStatement ? .statement : .between
        isInsideStatement = false
        break
      }
      position += 1
    }
    try emit(bytes, start..<position, sink)
    return position
  }

  /// Takes a whole line comment between statements for what it may be: a dump's header or its trailer.
  mutating func endComment() {
    if !isInsideStatement { report.take(comment: String(decoding: comment, as: UTF8.self), line: line) }
    comment.removeAll(keepingCapacity: true)
  }

  private mutating func setDelimiter(_ text: [UInt8]) {
    // `delimiter`, blanks, what it shall be.
    let words = text.split { $0 <= 32 }
    guard words.count > 1 else { return }
    delimiter = Array(words[1].prefix(15))
  }

  private func matches(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int, _ text: [UInt8]) -> Bool {
    guard position + text.count <= bytes.count else { return false }
    for offset in text.indices where bytes[position + offset] != text[offset] { return false }
    return true
  }

  /// A byte order mark, which some editors put in front.
  private static func isMark(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
    position + 2 < bytes.count && bytes[position] == 0xEF && bytes[position + 1] == 0xBB && bytes[position + 2] == 0xBF
  }

  private static func opensLineComment(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
    if bytes[position] == UInt8(ascii: "#") { return true }
    guard bytes[position] == UInt8(ascii: "-"), position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "-") else { return false }
    return position + 2 >= bytes.count || bytes[position + 2] <= 32
  }

  /// Conditional comments (`/*!`, `/*M!`) are code, but for the version that no server will ever have, in which mariadb-dump hides a command
  /// for its client.
  private static func opensBlockComment(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
    guard bytes[position] == UInt8(ascii: "/"), position + 2 < bytes.count, bytes[position + 1] == UInt8(ascii: "*") else { return false }
    var next = position + 2
    if bytes[next] == UInt8(ascii: "M"), next + 1 < bytes.count, bytes[next + 1] == UInt8(ascii: "!") { next += 1 }
    guard bytes[next] == UInt8(ascii: "!") else { return true }
    return bytes[next...].dropFirst().prefix(never.count).elementsEqual(never)
  }

  private static let never = Array("999999".utf8)

  private static func opensDelimiterLine(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
    guard position + word.count < bytes.count, bytes[position + word.count] <= 32 else { return false }
    for offset in word.indices where bytes[position + offset] | 0x20 != word[offset] { return false }
    return true
  }

  private static let word = Array("delimiter".utf8)

  /// Bytes that end a run of plain statement text.
  private static let isSpecial: [Bool] = (0..<256).map { "'\"`()-#/".utf8.contains(UInt8($0)) }
}
