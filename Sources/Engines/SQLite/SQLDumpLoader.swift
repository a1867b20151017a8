import CSQLite
import DrillModel
import EngineKit

/// Loads the text of a `.sql` dump into a new database, statement by statement, in bounded memory.
///
/// The dump is a stranger's program: each statement is judged by `SQLiteGuard`, nothing of the sqlite3 program (dot-commands, file
/// functions) exists here, and pages beyond the limit are refused. Belongs to one thread.
struct SQLDumpLoader {
  /// The longest text SQLite itself accepts for one statement.
  static let longestStatement = 1_000_000_000

  private let connection: SQLiteConnection
  private let guardian: SQLiteGuard
  /// Bytes that the database may grow to.
  private let limit: Int64?
  private var splitter = SQLStatementSplitter()
  private var statements = 0
  private var transactions = 0
  private var beganLikeDump = false

  /// Makes the new database at `path`.
  ///
  /// - Throws: `SQLiteError`.
  init(path: String, limit: Int64?) throws {
    guardian = SQLiteGuard(.loading)
    connection = try SQLiteConnection(path: path, mode: .create, guardian: guardian)
    self.limit = limit
    guardian.isOurs = true
    // The finished file is synced once as a whole; a load that does not finish is thrown away.
    try connection.run("PRAGMA synchronous=OFF")
    try connection.run("PRAGMA locking_mode=EXCLUSIVE")
    guardian.isOurs = false
  }

  /// Takes the next bytes of the dump.
  ///
  /// - Throws: `Fault`.
  mutating func load(_ bytes: UnsafeRawBufferPointer) throws {
    var splitter = self.splitter
    self.splitter = SQLStatementSplitter()
    defer { self.splitter = splitter }
    do {
      try splitter.feed(bytes) { try execute($0) }
    } catch let oddity as SQLStatementSplitter.Oddity {
      throw Self.fault(for: oddity)
    }
    guard splitter.held <= Self.longestStatement else {
      throw Fault(.restoreFailed, "the statement at line \(splitter.unfinishedLine) of the dump is over 1 GB, more than SQLite takes")
    }
  }

  /// Judges the end of the dump; gives the number of tables loaded.
  ///
  /// - Throws: `Fault` when the dump ends before its own end.
  mutating func finish() throws -> Int64 {
    let rest = splitter.unfinished
    if splitter.isOpen || !rest.isEmpty {
      try finishLast(rest)
    }
    if connection.isInTransaction {
      throw Fault(
        .backupTruncated, "the dump is cut: after \(statements) statements it ends inside its transaction, without COMMIT",
        advice: "Look at the job that writes it, and at the space it writes to")
    }
    if beganLikeDump, transactions == 0 {
      throw Fault(.backupTruncated, "the dump is cut: it ends before its transaction begins")
    }
    guard statements > 0 else { throw Fault(.backupEmpty, "the dump holds no statement") }
    var tables: Int64 = 0
    try connection.run("SELECT count(*) FROM sqlite_schema WHERE type = 'table'") { row in
      tables = row.integer(0) ?? 0
      return true
    }
    return tables
  }

  /// A last statement may lack its semicolon only where that changes nothing: at the end of the transaction.
  private mutating func finishLast(_ rest: [UInt8]) throws {
    var tokens = SQLTokens(rest)
    let words = tokens.rest(limit: 3).map(\.word)
    let line = splitter.unfinishedLine
    guard !splitter.isOpen, [["COMMIT"], ["END"], ["COMMIT", "TRANSACTION"], ["END", "TRANSACTION"]].contains(words) else {
      throw Fault(
        .backupTruncated, "the dump is cut: it ends inside the statement that begins at line \(line)",
        advice: "Look at the job that writes it, and at the space it writes to")
    }
    try rest.withUnsafeBufferPointer { try execute(SQLStatementSplitter.Statement(text: $0, line: line)) }
  }

  private mutating func execute(_ statement: SQLStatementSplitter.Statement) throws {
    if statements > 0, Self.isOrdinaryInsert(statement.text) {
      statements += 1
      return try run(statement)
    }
    let words = Self.words(statement.text)
    if statements == 0 { beganLikeDump = words.prefix(2) == ["PRAGMA", "FOREIGN_KEYS"] }
    statements += 1
    // What VACUUM does is of no use to a database that was just written; VACUUM INTO would write another file.
    if words.first == "VACUUM" {
      guard !words.contains("INTO") else { throw unsafe("VACUUM INTO", statement.line) }
      return
    }
    if words.first == "BEGIN" || words.first == "SAVEPOINT" { transactions += 1 }
    if words.first == "ROLLBACK", !words.contains("TO") {
      throw Fault(
        .backupDamaged, "the dump ends in ROLLBACK (line \(statement.line)): the program that wrote it met errors, and undoes everything",
        advice: "Check the source database with PRAGMA integrity_check")
    }
    let isVirtualTable = Self.definesVirtualTable(statement.text, words)
    try allowingSchema(isVirtualTable) { try run(statement) }
  }

  /// Whether this is an INSERT as `.dump` writes it, of which a dump has millions, into a table that is not SQLite's own.
  private static func isOrdinaryInsert(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    // What stands before a statement, the end of the line before it, belongs to it.
    let statement = text.drop { $0 == 32 || (9...13).contains($0) }
    guard statement.starts(with: "INSERT INTO ".utf8) else { return false }
    var name = statement.dropFirst(12)
    if let quote = name.first, SQLTokens.closing(quote) != nil { name = name.dropFirst() }
    guard let first = name.first, SQLTokens.isWord(first) else { return false }
    return !name.starts(with: "sqlite_".utf8) { $0 == $1 || $0 ^ 0x20 == $1 }
  }

  /// The first words of a statement.
  private static func words(_ text: UnsafeBufferPointer<UInt8>) -> [String] {
    var tokens = SQLTokens(Array(text.prefix(2048)))
    return tokens.rest(limit: 12).map(\.word)
  }

  private func run(_ statement: SQLStatementSplitter.Statement) throws {
    guardian.forget()
    do {
      try connection.run(statement.text)
    } catch let error as SQLiteError {
      throw fault(for: error, line: statement.line)
    }
    if let limit, statements % 256 == 0 { try measure(limit) }
  }

  /// PRAGMA writable_schema stays off but for the one statement that needs it.
  private func allowingSchema(_ isNeeded: Bool, _ body: () throws -> Void) throws {
    guard isNeeded else { return try body() }
    func set(_ value: String) throws {
      guardian.isOurs = true
      defer { guardian.isOurs = false }
      try connection.run("PRAGMA writable_schema=\(value)")
    }
    try set("ON")
    try body()
    try set("OFF")
  }

  /// Whether this is exactly what `.dump` writes for a virtual table (shell.c, dump_callback):
  /// `INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','t','t',0,'CREATE VIRTUAL TABLE …');`
  private static func definesVirtualTable(_ text: UnsafeBufferPointer<UInt8>, _ words: [String]) -> Bool {
    guard words.prefix(2) == ["INSERT", "INTO"], words.count > 2, ["SQLITE_SCHEMA", "SQLITE_MASTER"].contains(words[2]),
      text.count < 1_000_000
    else { return false }
    var reader = SQLTokens(Array(text))
    let tokens = reader.rest(limit: 32)
    let columns = ["(", "TYPE", ",", "NAME", ",", "TBL_NAME", ",", "ROOTPAGE", ",", "SQL", ")", "VALUES", "("]
    let middle = tokens.dropFirst(3).prefix(columns.count).map(\.word)
    let values = Array(tokens.dropFirst(3 + columns.count))
    guard middle == columns, values.count == 11, values[9].word == ")", values[10].word == ";", values[6].word == "0",
      values[0].unquoted == Array("table".utf8), values[2] == values[4], let definition = values[8].unquoted
    else { return false }
    var inner = SQLTokens(definition)
    return inner.rest(limit: 3).map(\.word) == ["CREATE", "VIRTUAL", "TABLE"]
  }

  private func measure(_ limit: Int64) throws {
    var size: Int64 = 0
    guardian.isOurs = true
    defer { guardian.isOurs = false }
    try connection.run("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") { row in
      size = row.integer(0) ?? 0
      return true
    }
    guard size <= limit else {
      throw Fault(
        .unsafeContent, "the dump grows past the limit of \(limit) bytes", advice: "Raise the drill's unpack limit if that is right")
    }
  }
}

extension SQLDumpLoader {
  private func unsafe(_ what: String, _ line: Int) -> Fault {
    Fault(
      .unsafeContent, "line \(line) of the dump asks for \(what), which no dump needs; it was refused",
      advice: "Look at who can write to the backups")
  }

  private static func fault(for oddity: SQLStatementSplitter.Oddity) -> Fault {
    switch oddity {
    case .dotCommand(let line, let word):
      Fault(
        .unsafeContent, "line \(line) of the dump is a command for the sqlite3 program (\(word)), which could run programs; it was refused",
        advice: "Write the dump with sqlite3's .dump, which needs none")
    case .errorMark(let line, let text):
      Fault(
        .backupDamaged, "the dump is not whole: at line \(line) the program that wrote it notes \"\(text)\"",
        advice: "Check the source database with PRAGMA integrity_check")
    case .zeroByte(let line):
      Fault(.backupDamaged, "the dump is damaged: zero bytes at line \(line)", advice: "Look at the storage it lay on")
    }
  }

  private func fault(for error: SQLiteError, line: Int) -> Fault {
    let reason = error.message
    if let refusal = guardian.refusal { return unsafe(refusal, line) }
    if reason.hasSuffix("may not be modified") { return unsafe("a change of SQLite's own tables", line) }
    switch error.primary {
    case SQLITE_FULL: return Fault(.noSpace, "no space is left in the scratch directory at line \(line) of the dump")
    case SQLITE_NOMEM:
      return Fault(
        .toolFailed, "line \(line) of the dump needs more memory than a load is given (\(ReaderProcess.loadMemory >> 30) GiB)",
        advice: "Load the dump by hand to see what the statement is; look at who can write to the backups")
    case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY:
      return Fault(.scratchUnusable, "the scratch database cannot be written (\(reason)) at line \(line) of the dump")
    default: break
    }
    let fileFunctions = ["readfile", "writefile", "edit", "fsdir", "zipfile", "shell_", "load_extension"]
    if reason.hasPrefix("no such function"), let name = fileFunctions.first(where: { reason.contains($0) }) {
      return unsafe("the function \(name)", line)
    }
    if reason.contains("no such function: unistr") || reason.contains("no such module") {
      return Fault(
        .toolTooOld, "line \(line) of the dump needs a newer or fuller SQLite than \(String(cString: sqlite3_libversion())) (\(reason))",
        advice: "Upgrade libsqlite3 on this machine")
    }
    return Fault(.restoreFailed, "line \(line) of the dump cannot be loaded: \(Self.withoutData(reason))")
  }

  /// SQLite quotes the text at a syntax error, which may be a customer's value.
  private static func withoutData(_ reason: String) -> String {
    reason.hasPrefix("near \"") ? "syntax error" : reason.hasPrefix("unrecognized token") ? "unrecognised text" : String(reason.prefix(300))
  }
}
