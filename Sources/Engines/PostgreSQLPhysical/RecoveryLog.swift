import DrillModel
import Synchronization

/// What a recovering server has said so far (xlogrecovery.c; the texts are those of PostgreSQL 12 to 17 in the C locale).
final class RecoveryLog: Sendable {
  struct Facts: Sendable {
    /// Whether it takes connections and recovery is over.
    var isReady = false
    /// Where the last record that was applied begins.
    var end: LogPosition?
    var consistent: LogPosition?
    /// The line that says where it stopped short of the log's end.
    var stopped: String?
    /// Why it found no further record: the last complaint about one before the end.
    var complaint: String?
    /// The last moment of a transaction that was applied, as the server writes it.
    var lastTransaction: String?
    var fatal: [String] = []
    /// The line about a process of the server that a signal ended.
    var crash: String?
    /// Where it is now.
    var current: LogPosition?
  }

  private let state = Mutex(Facts())
  private let onPosition: @Sendable (LogPosition) -> Void

  init(onPosition: @escaping @Sendable (LogPosition) -> Void = { _ in }) { self.onPosition = onPosition }

  var facts: Facts { state.withLock { $0 } }

  /// Takes the next line.
  func add(_ line: String) {
    guard let range = line.firstRange(of: ":  ") else { return }
    let text = line[range.upperBound...]
    let level = line[..<range.lowerBound]
    if level.hasSuffix("FATAL") || level.hasSuffix("PANIC") {
      // Whoever knocks too early is told so; that is no end.
      if !text.hasPrefix("the database system is") { state.withLock { if $0.fatal.count < 20 { $0.fatal.append(String(text)) } } }
      return
    }
    var moved: LogPosition?
    state.withLock { facts in
      if text.hasPrefix("redo done at ") {
        facts.end = position(after: "redo done at ", in: text)
      } else if text.hasPrefix("consistent recovery state reached at ") {
        facts.consistent = position(after: "consistent recovery state reached at ", in: text)
      } else if text.hasPrefix("recovery stopping ") {
        facts.stopped = String(text)
      } else if text.hasPrefix("last completed transaction was at log time ") {
        facts.lastTransaction = String(text.dropFirst("last completed transaction was at log time ".count))
      } else if text.hasPrefix("redo in progress"), let at = text.firstRange(of: "current LSN: ") {
        moved = LogPosition(text[at.upperBound...].prefix { $0 != " " && $0 != "," })
        facts.current = moved ?? facts.current
      } else if text.contains(" was terminated by signal ") {
        facts.crash = String(text)
      } else if text.hasPrefix("database system is ready to accept connections") {
        facts.isReady = true
      } else if facts.end == nil, RecoveryLog.isComplaint(text) {
        facts.complaint = String(text)
      }
    }
    if let moved { onPosition(moved) }
  }

  private func position(after start: String, in text: Substring) -> LogPosition? {
    LogPosition(text.dropFirst(start.count).prefix { $0 != " " })
  }

  /// What xlogreader.c and xlogrecovery.c say of a record or page that is none.
  private static func isComplaint(_ text: Substring) -> Bool {
    complaints.contains { text.contains($0) }
  }

  private static let complaints = [
    "invalid record length at", "invalid record offset at", "contrecord is requested by", "record length ",
    "there is no contrecord flag at",
    "invalid contrecord length", "missing contrecord at", "invalid resource manager ID", "record with incorrect prev-link",
    "incorrect resource manager data checksum", "invalid magic number", "invalid info bits", "WAL file is from different database system",
    "unexpected pageaddr", "out-of-sequence timeline ID", "out-of-order block_id", "BKPIMAGE", "BKPBLOCK", "invalid block_id",
    "out of sequence",
    "unexpected timeline ID", "record with invalid length", "could not decompress image", "could not restore image",
  ]
}

extension RecoveryLog.Facts {
  /// Whether the log just ends where the server stopped reading: zeros, or what a recycled segment held before. Anything else is damage.
  var endsInUnwritten: Bool {
    guard let complaint else { return true }
    return complaint.hasPrefix("invalid record length at") && (complaint.hasSuffix("got 0") || complaint.contains("expected at least"))
      || complaint.hasPrefix("unexpected pageaddr") || complaint.hasPrefix("invalid magic number 0000")
  }
}
