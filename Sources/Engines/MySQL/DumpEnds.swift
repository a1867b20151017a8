/// What statements and comments of a dump show of its two ends, besides the header and the trailer of the vendors' tools.
///
/// All common tools (mysqldump, phpMyAdmin, HeidiSQL, Sequel Pro, SQLyog, Workbench) keep settings of the session in variables named
/// `@OLD_…` at the beginning and put them back at the end, with or without comments.
struct DumpEnds: Sendable {
  /// Whether rows are put into any table, or changed.
  private(set) var hasRows = false
  private(set) var makesTables = false
  /// The line of what belongs behind a beginning that was not seen.
  private var headless: Int?
  private var hasKept = false
  /// The line where settings were kept that nothing put back so far.
  private var kept: Int?
  private var putsBack = false
  /// Stand-ins for views, less the views themselves, which the vendors' tools write last.
  private var standIns = 0
  private var commitsItself = true
  private var isInTransaction = false
  /// The line from which on nothing is committed.
  private var uncommitted: Int?

  /// Whether the end is known to be there.
  var areProven: Bool { putsBack && kept == nil }

  /// Takes a comment line between statements.
  mutating func take(comment text: Substring) {
    if text.hasPrefix("-- Temporary table structure for view `") || text.hasPrefix("-- Temporary view structure for view `") {
      standIns += 1
    } else if text.hasPrefix("-- Final view structure for view `") {
      standIns -= 1
    }
  }

  /// Takes the trailer of the vendors' tools.
  mutating func complete() { kept = nil }

  /// Takes a statement that is handed on.
  mutating func take(_ statement: MySQLStatement, line: Int) {
    if statement.effect == .rows { hasRows = true }
    if statement.kind == "CREATE TABLE" { makesTables = true }
    takeTransaction(statement, line)
  }

  /// Takes the settings of any statement, handed on or not: a dump of all databases may end in one of the server's own.
  mutating func takeSettings(_ statement: MySQLStatement, line: Int) {
    switch statement.settings {
    case .kept:
      hasKept = true
      if kept == nil { kept = line }
    case .putBack:
      if !hasKept, headless == nil { headless = line }
      (kept, putsBack) = (nil, true)
    case nil: break
    }
  }

  /// What the client leaves uncommitted at the end is lost. Definitions commit what came before (MySQL's manual, "Statements That Cause an
  /// Implicit Commit").
  private mutating func takeTransaction(_ statement: MySQLStatement, _ line: Int) {
    let words = statement.kind.split(separator: " ")
    switch words.first {
    case "BEGIN": (isInTransaction, uncommitted) = (true, nil)
    case "START" where words.dropFirst().first == "TRANSACTION": (isInTransaction, uncommitted) = (true, nil)
    case "COMMIT", "ROLLBACK", "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "LOCK", "UNLOCK":
      (isInTransaction, uncommitted) = (false, nil)
    case "SET":
      guard let commits = statement.commitsItself else { break }
      commitsItself = commits
      if commits { uncommitted = nil }
    default:
      guard statement.effect == .rows || statement.effect == .content, isInTransaction || !commitsItself else { break }
      if uncommitted == nil { uncommitted = line }
    }
  }

  /// Why the beginning is not there; nil when it is, or nothing shows it.
  var missingBeginning: String? {
    headless.map { "line \($0) puts back settings that nothing before it kept, so its beginning is missing" }
  }

  /// What is missing; nil when nothing shows it.
  var truncation: String? {
    if let missingBeginning { return missingBeginning }
    if let kept { return "the settings that it keeps for its end at line \(kept) are never put back" }
    if let uncommitted { return "what it puts into tables from line \(uncommitted) on is never committed" }
    if standIns > 0 { return "it holds stand-ins for \(standIns) views more than views, which stand at a dump's end" }
    return nil
  }
}
