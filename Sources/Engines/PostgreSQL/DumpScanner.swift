import DrillModel
import Glibc

/// Reads plain SQL as psql's lexer does, far enough to tell statements, quotes and COPY data apart.
///
/// It drops `\restrict` and `\unrestrict`, stops at `\connect`, and refuses every other backslash command. Its mistakes end in a
/// refusal: psql itself is restricted, so a command that slips through is not carried out. Source: `psqlscan.l`, `copy.c` of psql.
struct DumpScanner {
  enum Mode: Equatable {
    case sql, single, double, tag, dollar, lineComment, blockComment, command, copy
  }

  var mode = Mode.sql
  /// Counts from 1.
  private(set) var line = 1
  /// The database that `\connect` asked for; scanning goes on once the caller took it.
  var connect: String?
  var restriction: String?
  /// Dumps that began with pg_dump's banner and have not shown their trailer.
  private(set) var openDumps = 0
  private(set) var openClusters = 0
  private(set) var hasBanner = false
  private(set) var hasStatement = false

  private var collector = TokenCollector()
  private var previous: UInt8 = 10
  private var wordLength = 0
  private var wordHead: UInt8 = 0
  private var escapes = false
  private var escapeStrings = false
  private var isEscaped = false
  var commentDepth = 0
  var commentPrevious: UInt8 = 0
  private var parentheses = 0
  private(set) var statementIsEmpty = true
  var lineIsBlank = true
  private var tag: [UInt8] = []
  private var tagMatched = 0
  var note: [UInt8] = []
  private(set) var commentBeganLine = false
  private var pendingCopies = 0
  private var resumed = Mode.sql
  var copyHead: [UInt8] = []
  private var isFirstByte = true

  /// Scans `bytes` from `start` and passes on what belongs to psql.
  ///
  /// - Returns: where it stopped: the end, or behind a `\connect` line.
  /// - Throws: `Fault` for content that is refused or damaged, and what the sink throws.
  mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, into sink: some DumpSink) throws -> Int {
    var position = start
    var passed = start
    if isFirstByte, bytes.count - start >= 3, bytes[start] == 0xEF, bytes[start + 1] == 0xBB, bytes[start + 2] == 0xBF {
      position += 3
      passed = position
    }
    isFirstByte = false
    while position < bytes.count {
      if mode == .copy {
        position = scanCopy(bytes, from: position)
        continue
      }
      let byte = bytes[position]
      if mode == .sql, byte == UInt8(ascii: "\\") {
        try beginCommand()
        try pass(bytes, passed..<position, to: sink)
      } else if mode == .command, byte == 10 {
        let replacement = try endCommand()
        passed = position
        if let replacement { try replacement.withUnsafeBufferPointer { try sink.pass($0) } }
        if connect != nil {
          line += 1
          previous = byte
          lineIsBlank = true
          return position + 1
        }
      } else if mode == .command {
        guard note.count < 4096 else { throw refusal("a backslash command of more than 4 kB") }
        note.append(byte)
      } else {
        if mode == .sql, byte == UInt8(ascii: ";"), collector.isCollecting {
          try pass(bytes, passed..<position, to: sink)
          passed = position
        }
        try step(byte, sink)
      }
      if byte == 10 { endLine() }
      previous = byte
      position += 1
    }
    if mode != .command { try pass(bytes, passed..<bytes.count, to: sink) }
    return bytes.count
  }

  /// What the dump's end breaks off, or nil when it ends between statements.
  var unfinished: String? {
    switch mode {
    case .copy: "inside the data of a COPY block"
    case .single, .double, .dollar, .tag: "inside a quoted text"
    case .blockComment: "inside a comment"
    case .sql, .lineComment, .command: parentheses > 0 ? "inside a statement" : nil
    }
  }

  func refusal(_ what: String) -> Fault {
    Fault(
      .unsafeContent, "line \(line) of the dump holds \(what), which is refused",
      advice: "A dump that pg_dump wrote holds no such command; see who can write to the place where the backups lie")
  }

  private func pass(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, to sink: some DumpSink) throws {
    if !range.isEmpty { try sink.pass(UnsafeBufferPointer(rebasing: bytes[range])) }
  }

  mutating func count(database: Int = 0, cluster: Int = 0) {
    openDumps += database
    openClusters += cluster
    if database + cluster > 0 { hasBanner = true }
  }

  /// Counts a line of COPY data; the end of the data gives back the mode in which the statement's line ended.
  mutating func endLine(inCopy: Bool) {
    line += 1
    guard !inCopy else { return }
    mode = resumed
    lineIsBlank = true
    beginPendingCopy()
  }

  private mutating func endLine() {
    line += 1
    lineIsBlank = true
    beginPendingCopy()
  }

  private mutating func beginPendingCopy() {
    guard pendingCopies > 0 else { return }
    pendingCopies -= 1
    resumed = mode
    mode = .copy
    copyHead.removeAll(keepingCapacity: true)
  }
}

extension DumpScanner {
  /// One byte outside COPY data and commands.
  private mutating func step(_ byte: UInt8, _ sink: some DumpSink) throws {
    switch mode {
    case .single: stepSingle(byte)
    case .double: stepDouble(byte)
    case .tag: try stepTag(byte, sink)
    case .dollar: stepDollar(byte)
    case .lineComment: stepLineComment(byte)
    case .blockComment: stepBlockComment(byte)
    case .sql: try stepSQL(byte, sink)
    case .command, .copy: break
    }
  }

  private mutating func stepSQL(_ byte: UInt8, _ sink: some DumpSink) throws {
    if DumpScanner.isWordByte(byte) || (byte == UInt8(ascii: "$") && wordLength > 0) {
      if wordLength == 0 { wordHead = byte }
      wordLength += 1
      statementIsEmpty = false
      hasStatement = true
      lineIsBlank = false
      return collector.append(byte)
    }
    let isLoneE = wordLength == 1 && (wordHead == UInt8(ascii: "e") || wordHead == UInt8(ascii: "E"))
    let wasWord = wordLength > 0
    endWord(unless: isLoneE && byte == UInt8(ascii: "'"))
    if byte == 10 || byte == 32 || byte == 9 || byte == 13 { return }
    let beginsLine = lineIsBlank
    lineIsBlank = false
    switch byte {
    case UInt8(ascii: "'"):
      // A quote right behind a closing one is a doubled quote: the text goes on as it was.
      if previous == byte { collector.reopen(byte) } else { escapes = escapeStrings || isLoneE }
      beginQuote(.single)
    case UInt8(ascii: "\""):
      if previous == byte { collector.reopen(byte) }
      beginQuote(.double)
    case UInt8(ascii: "$") where !wasWord:
      tag = [byte]
      mode = .tag
    case UInt8(ascii: "-") where previous == byte: beginLineComment()
    case UInt8(ascii: "*") where previous == UInt8(ascii: "/"):
      commentDepth = 1
      commentPrevious = 0
      mode = .blockComment
    case UInt8(ascii: ";") where parentheses == 0: try endStatement(sink)
    default:
      commentBeganLine = beginsLine && byte == UInt8(ascii: "-")
      sign(byte)
    }
  }

  private mutating func sign(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "("): parentheses += 1
    case UInt8(ascii: ")"): parentheses = max(0, parentheses - 1)
    case UInt8(ascii: "-"), UInt8(ascii: "/"): return
    default: break
    }
    statementIsEmpty = false
    hasStatement = true
    collector.sign(byte)
  }

  private mutating func beginQuote(_ kind: Mode) {
    statementIsEmpty = false
    hasStatement = true
    isEscaped = false
    mode = kind
  }

  private mutating func endWord(unless isPrefix: Bool) {
    guard wordLength > 0 else { return }
    wordLength = 0
    if isPrefix { return collector.dropWord() }
    collector.endWord()
  }

  private mutating func endStatement(_ sink: some DumpSink) throws {
    if collector.isCollecting {
      for meaning in StatementReader(collector.tokens).meanings {
        switch meaning {
        case .copyIn: pendingCopies += 1
        case .escapes(let value): escapeStrings = value
        case .hostAccess(let what): throw refusal(what)
        default: break
        }
        try sink.found(meaning, line: line)
      }
    }
    collector.reset()
    statementIsEmpty = true
  }

  private mutating func stepSingle(_ byte: UInt8) {
    if isEscaped {
      isEscaped = false
    } else if escapes, byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "'") {
      collector.endString()
      mode = .sql
      return
    }
    collector.append(byte)
  }

  private mutating func stepDouble(_ byte: UInt8) {
    if byte == UInt8(ascii: "\"") {
      collector.endQuoted()
      mode = .sql
    } else {
      collector.append(byte)
    }
  }

  private mutating func stepTag(_ byte: UInt8, _ sink: some DumpSink) throws {
    if byte == UInt8(ascii: "$") {
      tag.append(byte)
      tagMatched = 0
      mode = .dollar
      statementIsEmpty = false
      hasStatement = true
    } else if DumpScanner.isWordByte(byte), tag.count < 64, tag.count > 1 || !(48...57).contains(byte) {
      tag.append(byte)
    } else {
      // Not a quote after all: a parameter such as $1.
      mode = .sql
      statementIsEmpty = false
      try stepSQL(byte, sink)
    }
  }

  private mutating func stepDollar(_ byte: UInt8) {
    if byte == tag[tagMatched] {
      tagMatched += 1
      if tagMatched == tag.count { mode = .sql }
    } else {
      tagMatched = byte == UInt8(ascii: "$") ? 1 : 0
    }
  }

  static func isWordByte(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95 || byte >= 128
  }
}
