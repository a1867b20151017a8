import DrillModel
import MySQLKit

/// Takes what a scanner of a dump finds, in the order of the dump.
protocol MySQLSink: AnyObject {
  /// Bytes to hand on. Every newline of the dump is handed on, so that line numbers stay the dump's own.
  func pass(_ bytes: UnsafeBufferPointer<UInt8>) throws

  /// What the next statement needs, told before any of it is passed.
  func needs(_ need: MySQLNeed) throws
}

/// What must hold on the server before a statement of a dump is carried out.
enum MySQLNeed: Hashable, Sendable {
  /// An account is there that it names as definer.
  case account(MySQLStatement.Definer)
  /// A database is not there that it makes; told only while nothing was put anywhere.
  case absence(String)
}

/// Splits a plain dump into statements as the vendor's client does, leaves out those that mean the server, and sees whether the dump's end is
/// there.
///
/// The client is in binary mode, where the only command it knows besides statements is `delimiter` (MariaDB's client, `--binary-mode`).
struct MySQLScanner {
  /// Bytes that must lie ahead of the position, but for the end, so that no token is cut.
  static let lookahead = 32
  /// How much of a statement is looked at to tell what it is.
  static let beginning = 4 << 10

  /// What the statements come from.
  enum Origin: Sendable {
    case dump
    /// Binary logs in the form of the vendor's reader: the default database says nothing of what a statement changes.
    case log
  }

  enum Mode: Hashable {
    case between, statement, lineComment, blockComment, delimiterLine
    case quoted(UInt8)
  }

  /// What becomes of the statement that is read now.
  enum Fate { case undecided, pass, drop }

  var mode = Mode.between
  var fate = Fate.undecided
  /// The statement's first bytes while its fate is undecided.
  var held: [UInt8] = []
  /// A comment's first bytes.
  var comment: [UInt8] = []
  var delimiter: [UInt8] = [UInt8(ascii: ";")]
  var backslashEscapes = true
  /// Whether a byte over 127 takes the next one with it, whatever that is (the client speaks gbk, sjis or big5).
  var isDoubleByte = false
  /// Whether statements mean one of the server's own databases.
  var isInSystem = false
  /// The line of the first byte that was not handed on yet.
  var line = 1
  var statementLine = 1
  var report = MySQLScanReport()
  /// Counts rows of INSERTs; only for dumps whose tables are compared by that.
  let countsRows: Bool
  var depth = 0
  var groups: Int64 = 0
  var current: MySQLStatement?
  /// Whether a comment stands inside a statement and not between two.
  var isInsideStatement = false

  private let origin: Origin

  init(countsRows: Bool = false, origin: Origin = .dump) {
    self.countsRows = countsRows
    self.origin = origin
  }

  /// Reads on from `start`; answers how far it came, which leaves less than `lookahead` bytes unless this `isLast`.
  mutating func scan(
    _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool, into sink: any MySQLSink
  ) throws -> Int {
    var position = start
    let end = isLast ? bytes.count : bytes.count - MySQLScanner.lookahead
    while position < end {
      switch mode {
      case .between: position = try between(bytes, position, end, sink)
      case .statement: position = try statement(bytes, position, end, sink)
      case .quoted(let quote): position = try quoted(quote, bytes, position, end, sink)
      case .lineComment, .delimiterLine: position = try toLineEnd(bytes, position, end, sink)
      case .blockComment: position = try blockComment(bytes, position, end, sink)
      }
    }
    return position
  }

  /// To be called behind the last byte.
  mutating func finish(into sink: any MySQLSink) throws {
    if mode == .lineComment {
      endComment()
      mode = isInsideStatement ? .statement : .between
    }
    if mode == .delimiterLine { mode = .between }
    guard mode != .between else { return }
    if fate == .undecided { try decide(sink) }
    report.unfinished = (current?.kind ?? "a statement", statementLine, mode == .statement)
    report.unfinishedEffect = current?.effect
  }

  /// What the sink gets of a piece, as the statement's fate wants it.
  mutating func emit(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ sink: any MySQLSink) throws {
    guard !range.isEmpty else { return }
    let piece = UnsafeBufferPointer(rebasing: bytes[range])
    line += MySQLScanner.newlines(piece)
    switch fate {
    case .pass: try sink.pass(piece)
    case .drop: try MySQLScanner.blank(piece, sink)
    case .undecided:
      held.append(contentsOf: piece)
      if held.count >= MySQLScanner.beginning { try decide(sink) }
    }
  }

  /// Tells what the held statement is, and hands it on or leaves it out.
  mutating func decide(_ sink: any MySQLSink) throws {
    let statement = MySQLStatement(Array(held.prefix(MySQLScanner.beginning)))
    if statement.effect == .leaveOut(.replication) || statement.effect == .leaveOut(.settings), origin == .dump {
      report.coordinates.take(String(decoding: held.prefix(MySQLScanner.beginning), as: UTF8.self))
    }
    fate = try judge(statement, sink)
    current = statement
    report.remember(statement.kind, line: statementLine)
    let bytes = held
    held.removeAll(keepingCapacity: true)
    try bytes.withUnsafeBufferPointer { fate == .pass ? try sink.pass($0) : try MySQLScanner.blank($0, sink) }
  }

  private mutating func judge(_ statement: MySQLStatement, _ sink: any MySQLSink) throws -> Fate {
    switch statement.effect {
    case .enter(let name): isInSystem = origin == .dump && SystemSchemas.contains(name)
    // The reader's own: the session's character set, and files of LOAD DATA that it wrote beside the logs.
    case .hostAccess(let what) where origin == .log && (statement.setsCharacterSet || what.hasPrefix("LOAD ")): break
    case .hostAccess(let what):
      throw Fault(
        .unsafeContent, "the dump asks the host for a file or a command with \(what), at line \(statementLine), which is refused",
        advice: "Find out who can write to the backups; a script that reads other files is no backup of its own")
    default: break
    }
    // The next database is made while the one before is still entered.
    if isInSystem, statement.creates == nil || statement.effect != .plain {
      report.leftOut[.system, default: 0] += 1
      report.take(statement, line: statementLine, isPassed: false)
      return .drop
    }
    if case .leaveOut(let what) = statement.effect {
      report.leftOut[what, default: 0] += 1
      return .drop
    }
    report.take(statement, line: statementLine, isPassed: true)
    if let escapes = statement.backslashEscapes { backslashEscapes = escapes }
    if let set = statement.characterSet {
      isDoubleByte = ["gbk", "gb2312", "gb18030", "sjis", "cp932", "big5", "euckr", "ujis"].contains(set)
    }
    if let database = statement.creates, !report.hasContent { try sink.needs(.absence(database)) }
    for definer in statement.definers { try sink.needs(.account(definer)) }
    return .pass
  }

  static func newlines(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    for byte in bytes where byte == 10 { count += 1 }
    return count
  }

  /// Hands on nothing but the newlines.
  private static func blank(_ bytes: UnsafeBufferPointer<UInt8>, _ sink: any MySQLSink) throws {
    let lines = [UInt8](repeating: 10, count: newlines(bytes))
    try lines.withUnsafeBufferPointer { try sink.pass($0) }
  }
}
