import DrillModel

/// Follows the events of an archive's binary logs, decides where the roll-forward stops, and proves that nothing is missing before.
struct ReplayJudge: Sendable {
  let target: ReplayTarget
  let start: BinaryLogPosition
  /// What the backup says were the last transactions at its end.
  let backup: [TransactionID]

  /// Looks at each statement that is to be applied, where only part of the logs is.
  var statements: (@Sendable (LoggedStatement) throws -> Void)?

  /// The last transaction of each stream so far.
  var state: [String: UInt64] = [:]
  var knowsState = false
  var server: UInt32?
  /// Whether events from here on come after the backup.
  var isPastStart = false
  var file = ""
  var group: Group?
  var lastBefore: UInt32 = 0
  var expectedNext: String?
  var isInUse = false
  var hasEnd = false
  var isFirstFile = true
  /// Where a position as target lies among the events of its log.
  var metPosition = false

  var newest: UInt32 = 0
  var transactions = 0
  /// Where to stop in the current log; nil to apply the whole of it.
  var stop: Int64?
  var isReached = false
  var notes: [String] = []

  struct Group: Sendable {
    var offset: Int64
    var id: TransactionID?
    var time: UInt32
    /// Whether something must come that ends it.
    var isBegun = false
    /// Whether all of it was seen.
    var isWhole = false

    /// Takes an event of the transaction: MariaDB says at its beginning whether it is one statement by itself, MySQL begins others with `BEGIN`.
    mutating func take(_ event: BinaryLogEvent) {
      switch event.type {
      case 16, 38, 40: isWhole = true
      case 2, 18, 165:
        let text = String(decoding: event.statement?.text?.prefix(12) ?? [], as: UTF8.self)
        if text == "BEGIN" {
          isBegun = true
        } else if !isBegun || ["COMMIT", "ROLLBACK", "XA COMMIT", "XA ROLLBACK"].contains(where: { text.hasPrefix($0) }) {
          isWhole = true
        }
      default: break
      }
    }
  }

  init(target: ReplayTarget, start: BinaryLogPosition, backup: [String]) {
    self.target = target
    self.start = start
    self.backup = backup.compactMap { TransactionID($0) }
  }

  /// Takes the next log's name before its events.
  mutating func begin(_ name: String) {
    file = name
    isFirstFile = !isPastStart
    isInUse = false
    hasEnd = false
    group = nil
    stop = nil
  }

  mutating func take(_ event: BinaryLogEvent) throws {
    if isReached { return }
    if !isPastStart, isFirstFile, event.offset >= start.offset, event.kind != .format { try passStart(event) }
    if event.isBetween { try closeGroup(before: event) }
    if isReached { return }
    try takeKind(event)
    if !isPastStart { lastBefore = max(lastBefore, event.time) }
    if group != nil, !event.isBetween {
      group?.time = event.time
      group?.take(event)
    }
    try judgePosition(event)
    if isPastStart, !isReached, let statements, let statement = event.statement, !isBehindTime(event) { try statements(statement) }
    if isPastStart, event.isBetween, event.kind != .transaction, event.time > 0 { try judgeTime(between: event) }
  }

  /// Its transaction, which is not applied, is known to be behind the target only once it has ended.
  private func isBehindTime(_ event: BinaryLogEvent) -> Bool {
    guard case .time(let time) = target else { return false }
    return Timestamp(seconds: Int64(event.time)) >= time
  }

  /// Takes the end of a log.
  ///
  /// - Parameter surplus: Bytes of an event behind it that did not come whole.
  mutating func end(at offset: Int64, surplus: Int64 = 0) throws {
    if !isReached, let last = group, !last.isWhole {
      leaveOut(last, surplus: offset + surplus - last.offset)
    } else if !isReached {
      if let group { try close(group, end: offset) }
      if surplus > 0 {
        notes.append("\(file) was copied while it was written, and its last \(surplus) bytes, no whole event, were left out")
      }
    }
    group = nil
    if !isPastStart { try reachStart(at: offset) }
    if case .position(let position) = target, position.file == file, !isReached {
      guard position.offset == offset else { throw neverReached("the log \(file) ends at \(offset)") }
      stop = nil
      isReached = true
    }
  }

  /// A transaction without its end was not committed, or its end was lost: then the next log follows on more than was applied.
  private mutating func leaveOut(_ last: Group, surplus: Int64) {
    stop = last.offset
    notes.append("\(file) ends within a transaction, whose \(surplus) bytes from \(last.offset) on were left out")
  }

  /// Whether the log may be the last one: cut at the edge of an event shows in nothing but this.
  func judgeLast() throws {
    guard !isReached, !hasEnd, !isInUse else { return }
    throw Fault(
      .backupTruncated, "the binary log \(file) was closed by its server, and its last event is not there: it was cut",
      advice: "Look at how logs are copied")
  }

  /// What was not reached at the end of all logs.
  func judgeTarget() throws {
    guard target != .latest, !isReached else { return }
    throw neverReached("the logs end \(newest > 0 ? "at \(time(newest))" : "before")")
  }

  var dataTime: Timestamp? { newest > 0 ? Timestamp(seconds: Int64(newest)) : nil }

  func time(_ seconds: UInt32) -> String { Timestamp(seconds: Int64(seconds)).readable }

  func neverReached(_ why: String) -> Fault {
    Fault(
      .restoreFailed, "\(target.description) was never reached: \(why)",
      advice: "Check `target`, and whether later logs should be in the archive")
  }

  func tooEarly(_ what: String) -> Fault {
    Fault(
      .configuration, "\(target.description) lies before the end of the backup (\(what)), which nothing can take back",
      advice: "Choose an older backup (`select: {at: …}`) or a later target")
  }
}
