import CSQLite

/// Cuts a stream of SQL text into statements the way SQLite's own shell does, holding no more than one statement.
///
/// Sources: sqlite.org/lang.html for quoting and comments, sqlite.org/c3ref/complete.html for where a trigger ends.
struct SQLStatementSplitter {
  /// One complete statement with its semicolon.
  struct Statement {
    var text: UnsafeBufferPointer<UInt8>
    /// Line of the dump where the statement begins, from 1.
    var line: Int
  }

  /// What stands outside statements and means something.
  enum Oddity: Error, Hashable {
    /// A line for the sqlite3 program rather than for the database.
    case dotCommand(line: Int, String)
    /// A comment in which `.dump` says that it could not read everything.
    case errorMark(line: Int, String)
    case zeroByte(line: Int)
  }

  private enum State {
    case plain
    case quoted(UInt8)
    case lineComment
    case blockComment
  }

  private var pending: [UInt8] = []
  private var scanned = 0
  private var start = 0
  private var state = State.plain
  private var line = 1
  private var firstLine = 1
  private var hasContent = false
  private var previous = UInt8(ascii: "\n")
  private var commentStart = 0

  /// Bytes of the statement that is not complete yet.
  var unfinished: [UInt8] { hasContent ? Array(pending[start...]) : [] }
  var unfinishedLine: Int { firstLine }
  /// Whether the text so far ends inside a quotation or a comment.
  var isOpen: Bool {
    switch state {
    case .plain, .lineComment: false
    case .quoted, .blockComment: true
    }
  }
  /// Bytes held.
  var held: Int { pending.count }

  /// Takes more text and hands over every statement that it completes.
  ///
  /// - Throws: `Oddity`, or whatever `body` throws.
  mutating func feed(_ bytes: UnsafeRawBufferPointer, _ body: (Statement) throws -> Void) throws {
    pending.append(contentsOf: bytes)
    // Taken out while it is scanned, so that the buffer's address and the rest of the state do not overlap.
    let text = pending
    pending = []
    defer {
      pending = text
      pending.removeFirst(start)
      scanned -= start
      commentStart -= start
      start = 0
    }
    try text.withUnsafeBufferPointer { buffer in try scan(buffer, body) }
  }

  private mutating func scan(_ text: UnsafeBufferPointer<UInt8>, _ body: (Statement) throws -> Void) throws {
    while scanned < text.count {
      let byte = text[scanned]
      if byte == 0 { throw Oddity.zeroByte(line: line) }
      var last = byte
      switch state {
      case .plain: try plain(byte, text, body)
      case .quoted(let close):
        if byte == close { state = .plain } else { skipQuoted(text, until: close) }
      case .lineComment: if byte == 10 { endComment(text) }
      case .blockComment:
        if byte == UInt8(ascii: "/"), previous == UInt8(ascii: "*"), scanned >= commentStart + 3 {
          try examineComment(text)
          endComment(text)
          // Its slash begins no other comment.
          last = 32
        }
      }
      if byte == 10 { line += 1 }
      previous = last
      scanned += 1
    }
  }

  /// Moves to the last byte before the next one that can end the quotation, a line, or the text.
  private mutating func skipQuoted(_ text: UnsafeBufferPointer<UInt8>, until close: UInt8) {
    while scanned + 1 < text.count {
      if text[scanned] == 10 { return }
      let next = text[scanned + 1]
      if next == close || next == 0 || next == 10 { return }
      scanned += 1
    }
  }

  private mutating func plain(_ byte: UInt8, _ text: UnsafeBufferPointer<UInt8>, _ body: (Statement) throws -> Void) throws {
    switch byte {
    case 9...13, 32: return
    case UInt8(ascii: "."), UInt8(ascii: "#"):
      if !hasContent, previous == 10 { return try shellLine(byte, text) }
      begin()
    case UInt8(ascii: "-") where previous == byte:
      enterComment(.lineComment)
    case UInt8(ascii: "*") where previous == UInt8(ascii: "/"):
      enterComment(.blockComment)
    case UInt8(ascii: ";"): try semicolon(text, body)
    case UInt8(ascii: "-"), UInt8(ascii: "/"):
      // The first half of a comment's opening is no content yet.
      return
    default:
      if let close = SQLTokens.closing(byte) { state = .quoted(close) }
      begin()
    }
  }

  private mutating func begin() {
    guard !hasContent else { return }
    hasContent = true
    firstLine = line
  }

  private mutating func enterComment(_ kind: State) {
    state = kind
    commentStart = scanned - 1
  }

  private mutating func endComment(_ text: UnsafeBufferPointer<UInt8>) {
    state = .plain
    if !hasContent { start = scanned + 1 }
  }

  private mutating func semicolon(_ text: UnsafeBufferPointer<UInt8>, _ body: (Statement) throws -> Void) throws {
    let end = scanned + 1
    guard hasContent else {
      start = end
      return
    }
    let statement = UnsafeBufferPointer(rebasing: text[start..<end])
    guard Self.isComplete(statement) else { return }
    hasContent = false
    start = end
    try body(Statement(text: statement, line: firstLine))
  }

  /// A semicolon ends every statement but CREATE TRIGGER, inside whose body there are others.
  private static func isComplete(_ statement: UnsafeBufferPointer<UInt8>) -> Bool {
    // By far most statements of a dump are told by their first letter.
    let first = statement.first { $0 != 32 && !(9...13).contains($0) } ?? 0
    guard [UInt8(ascii: "C"), UInt8(ascii: "c"), UInt8(ascii: "-"), UInt8(ascii: "/")].contains(first) else { return true }
    var tokens = SQLTokens(Array(statement.prefix(4096)))
    let words = tokens.rest(limit: 3).map(\.word)
    guard words.first == "CREATE", words.dropFirst().contains("TRIGGER") else { return true }
    var terminated = Array(statement)
    terminated.append(0)
    return terminated.withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { sqlite3_complete($0.baseAddress) != 0 }
    }
  }

  private mutating func shellLine(_ byte: UInt8, _ text: UnsafeBufferPointer<UInt8>) throws {
    // The shell takes a line that begins with # for a comment.
    if byte == UInt8(ascii: "#") { return enterComment(.lineComment) }
    let word = text[scanned...].prefix(24).prefix { $0 > 32 }
    throw Oddity.dotCommand(line: line, String(decoding: word, as: UTF8.self))
  }

  /// sqlite3's shell.c writes these marks into a dump when it meets a damaged page.
  private func examineComment(_ text: UnsafeBufferPointer<UInt8>) throws {
    let comment = String(decoding: text[commentStart...scanned].prefix(256), as: UTF8.self)
    guard comment.hasPrefix("/****"), comment.contains("ERROR") else { return }
    throw Oddity.errorMark(line: line, comment.trimmingStars)
  }
}

extension String {
  fileprivate var trimmingStars: String {
    split { "*/ ".contains($0) }.joined(separator: " ")
  }
}
