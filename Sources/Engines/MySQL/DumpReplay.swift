import DrillModel
import EngineKit
import MySQLKit
import MySQLReplay
import Synchronization
import ToolRunner

/// Rolls a restored dump forward with binary logs from the place that it names.
struct DumpReplay: Sendable {
  let session: MySQLLoadSession
  let archive: LogArchive
  let start: BinaryLogPosition
  let transactions: [String]
  /// The one database to apply logs for; nil applies all.
  let database: String?

  /// - Throws: `Fault` with code `configuration` for a dump that does not say where it was taken, or of which part of a server.
  init(_ session: MySQLLoadSession, _ archive: LogArchive, _ coordinates: DumpCoordinates, holds dumped: Dumped)
    throws
  {
    self.session = session
    self.archive = archive
    start = try DumpReplay.start(coordinates)
    transactions = coordinates.transactions
    database = try DumpReplay.scope(dumped, session.options)
  }

  /// What of a server a dump holds.
  struct Dumped: Sendable {
    /// Whether it says itself that it is of all databases; nil when it says nothing.
    var isWhole: Bool?
    /// The database that it names as its only or first one.
    var named: String?
    /// The databases that were restored.
    var databases: [String]
  }

  /// - Throws: as `init`.
  static func start(_ coordinates: DumpCoordinates) throws -> BinaryLogPosition {
    guard let start = coordinates.positions.first else {
      throw Fault(
        .configuration, "the dump does not say where in the binary logs it was taken, so logs cannot be applied",
        advice: "Take it with --master-data=2 (MariaDB), --source-data=2 (MySQL) or with mydumper, or remove `logs`")
    }
    guard coordinates.positions.count == 1 else {
      throw Fault(
        .configuration,
        "the dump names \(coordinates.positions.count) places in binary logs (\(start), \(coordinates.positions[1])): it is put together of several",
        advice: "Drill each dump by itself, or remove `logs`")
    }
    return start
  }

  /// Logs hold every database of a server, and statements on those that were not dumped would fail.
  private static func scope(_ dumped: Dumped, _ options: MySQLOptions) throws -> String? {
    if options.wholeServer ?? dumped.isWhole ?? false { return nil }
    guard dumped.databases.count == 1, let only = dumped.databases.first else {
      throw Fault(
        .configuration,
        "the dump holds \(dumped.databases.count) databases and does not say whether these are all of its server, so that its logs cannot be cut to them",
        advice: "Say `whole-server: true` under `restore` if they are; else drill dumps of one database, or of all")
    }
    guard dumped.named == nil || dumped.named == only else {
      throw Fault(
        .configuration, "the dump of \(dumped.named ?? "") was restored as \(only), and logs name it as it was",
        advice: "Remove `database` under `restore`")
    }
    return only
  }

  func run() async throws -> RestoreReport {
    let target = session.options.target ?? session.context.recoverTo.map { .time($0) } ?? .latest
    let counts = Mutex<[MySQLStatement.LeftOut: Int]>([:])
    let session = session
    var scope = ReplayScope(database: database)
    scope.filter = { source, client in
      let feed = MySQLDumpFeed(source, origin: .log)
      // Only accounts: a database that a log makes is there for good reasons, or not.
      _ = try feed.run(into: client) { need in
        if case .account = need { session.provide(need, initial: nil) }
      }
      let seen = feed.report.leftOut
      counts.withLock { $0.merge(seen) { $0 + $1 } }
    }
    if let database { scope.statements = { statement in try DumpReplay.judge(statement, database) } }
    let replay = LogReplay(context: session.context, server: session.server, archive: archive, target: target, scope: scope)
    var report = try await replay.run(from: start, transactions: transactions)
    let leftOut = counts.withLock { $0 }
    report.notes += MySQLStatement.LeftOut.allCases.compactMap { what in
      leftOut[what].map { "\($0) logged statements were left out because they mean \(what.rawValue)" }
    }
    if let database { report.notes.append("of the logs only what belongs to \(InertText.line(database, limit: 64)) was applied") }
    return report
  }

  /// The reader leaves a statement out whose session was in another database, whatever it changes: one that names ours would be lost unseen.
  ///
  /// - Throws: `Fault` with code `configuration`.
  static func judge(_ statement: LoggedStatement, _ database: String) throws {
    guard statement.database != database else { return }
    if let text = statement.text {
      if case .leaveOut = MySQLStatement(Array(text.prefix(MySQLScanner.beginning))).effect { return }
      guard names(database, in: text) else { return }
    }
    let session = statement.database.isEmpty ? "no database" : "the database \(InertText.line(statement.database, limit: 64))"
    throw Fault(
      .configuration,
      "the logs hold a statement of a session in \(session) that may change \(InertText.line(database, limit: 64)), and logs can be cut to one database only where sessions are in it",
      advice: "Log rows in place of statements (binlog_format=ROW), or drill a dump of all databases")
  }

  /// Whether a name stands before a dot somewhere, quoted or not, in any case of its letters.
  static func names(_ database: String, in text: [UInt8]) -> Bool {
    func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 32 : byte }
    func isWord(_ byte: UInt8) -> Bool {
      [48...57, 65...90, 97...122, 128...255].contains { $0.contains(byte) } || byte == 95 || byte == 36
    }
    let wanted = database.utf8.map(lower)
    guard let first = wanted.first, text.count > wanted.count else { return false }
    for start in 0..<(text.count - wanted.count) where lower(text[start]) == first {
      guard start == 0 || !isWord(text[start - 1]) else { continue }
      guard zip(text[start..<start + wanted.count], wanted).allSatisfy({ lower($0) == $1 }) else { continue }
      let behind = text[(start + wanted.count)...].first { $0 > 32 && $0 != UInt8(ascii: "`") && $0 != UInt8(ascii: "\"") }
      if behind == UInt8(ascii: ".") { return true }
    }
    return false
  }
}
