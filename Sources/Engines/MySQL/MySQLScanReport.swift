import DrillModel

/// What a scanner saw of a dump.
struct MySQLScanReport: Sendable {
  /// Whether anything was made or filled.
  var hasContent = false
  /// Statements that were not handed on, by reason.
  var leftOut: [MySQLStatement.LeftOut: Int] = [:]
  /// Rows of INSERTs, where they are counted.
  var rows: Int64 = 0
  /// The statement that the end cut: its kind, its line, and whether the cut lies outside strings and comments.
  var unfinished: (kind: String, line: Int, isOutside: Bool)?
  var unfinishedEffect: MySQLStatement.Effect?
  /// When the last dump says that it was completed, in the local time of whoever took it.
  private(set) var completed: CivilTime?
  /// Whether the beginning of a dump was seen whose end can be proven.
  private(set) var hasSignature = false
  /// What statements show of the dump's ends.
  private(set) var ends = DumpEnds()
  /// The line of a beginning whose end was not seen.
  private(set) var open: Int?
  /// The same where another began before.
  private(set) var cutBefore: Int?

  /// Where in the binary logs the dump was taken, as far as it says so.
  var coordinates = DumpCoordinates()

  private var kinds: [(line: Int, kind: String)] = []
  private var next = 0
  private static let remembered = 16 << 10

  /// Takes a comment line between statements.
  mutating func take(comment: String, line: Int) {
    let text = comment.split(whereSeparator: \.isNewline).first ?? ""
    ends.take(comment: text)
    // What another dump was cut in may stand before it.
    if MySQLScanReport.signatures.contains(where: { text.contains($0) }) {
      if open != nil, cutBefore == nil { cutBefore = line }
      (open, hasSignature) = (line, true)
    } else if text.hasPrefix("-- Dump completed") || text.hasPrefix("-- Dump end time:") {
      ends.complete()
      open = nil
      completed = MySQLScanReport.time(text) ?? completed
    } else {
      coordinates.take(comment: text)
    }
  }

  private static let signatures = ["-- MySQL dump 1", "-- MariaDB dump ", "-- Dump created by MySQL pump"]

  /// Takes a statement; of one that is not handed on, only what it says of the dump's ends.
  mutating func take(_ statement: MySQLStatement, line: Int, isPassed: Bool) {
    ends.takeSettings(statement, line: line)
    guard isPassed else { return }
    if statement.effect == .content || statement.effect == .rows { hasContent = true }
    ends.take(statement, line: line)
  }

  /// `-- Dump completed on 2026-11-21  9:44:05`.
  private static func time(_ text: Substring) -> CivilTime? {
    guard let match = text.firstMatch(of: /completed on (\d{4})-(\d\d)-(\d\d) {1,2}(\d{1,2}):(\d\d):(\d\d)/) else { return nil }
    let fields = [match.1, match.2, match.3, match.4, match.5, match.6].map { Int($0) ?? 0 }
    let time = CivilTime(
      year: fields[0], month: fields[1], day: fields[2], hour: fields[3], minute: fields[4], second: fields[5])
    return time.isValid ? time : nil
  }

  /// Keeps the last statements, for an error that comes later.
  mutating func remember(_ kind: String, line: Int) {
    if kinds.count < MySQLScanReport.remembered {
      kinds.append((line, kind))
    } else {
      kinds[next] = (line, kind)
      next = (next + 1) % MySQLScanReport.remembered
    }
  }

  /// The kind of the last remembered statement that begins at or before a line.
  func kind(at line: Int) -> String? { kinds.filter { $0.line <= line }.max { $0.line < $1.line }?.kind }

  /// What of the dump is missing; nil when it is whole as far as its format can show.
  var truncation: String? {
    if let unfinished, !endsHarmlessly { return "it ends in the middle of \(unfinished.kind), which begins at line \(unfinished.line)" }
    if let cutBefore { return "the dump before line \(cutBefore) has no `-- Dump completed`" }
    if let open { return "the dump that begins at line \(open) has no `-- Dump completed` at its end" }
    return ends.truncation
  }

  /// What is missing where the server complained of something at a line: an error in an unfinished statement, or in what needs the dump's
  /// beginning, comes of that. A line of nil is any.
  func truncation(behindErrorAt line: Int?) -> String? {
    if let unfinished, line.map({ $0 >= unfinished.line }) ?? false {
      return "it ends in the middle of \(unfinished.kind), which begins at line \(unfinished.line)"
    }
    return ends.missingBeginning
  }

  /// Whether the last statement lacks nothing but its delimiter, which people's own scripts leave out behind a closing word.
  private var endsHarmlessly: Bool {
    guard open == nil, let unfinished, unfinished.isOutside else { return false }
    return ["COMMIT", "UNLOCK TABLES"].contains(unfinished.kind) || unfinished.kind.hasPrefix("SET") && unfinishedEffect == .plain
  }

  /// Sentences for the record.
  var notes: [String] {
    var notes = MySQLStatement.LeftOut.allCases.compactMap { what in
      leftOut[what].map { "\($0) statements were left out because they mean \(what.rawValue)" }
    }
    if !ends.hasRows, ends.makesTables { notes.append("the dump makes tables and holds no row for any of them") }
    if !hasSignature, !ends.areProven {
      notes.append("the dump carries no signature of mysqldump, so nothing in it shows whether its end is there; only checks of counts can")
    }
    return notes
  }
}
