import DrillModel

/// Follows the events of an archive's binary logs, decides where the roll-forward stops, and proves that nothing is missing before.
struct ReplayJudge: Sendable {
  let target: ReplayTarget
  let start: BinaryLogPosition
  /// What the backup says were the last transactions at its end.
  let backup: [TransactionID]

  /// The last transaction of each stream so far.
  private var state: [String: UInt64] = [:]
  private var knowsState = false
  private var server: UInt32?
  /// Whether events from here on come after the backup.
  private var isPastStart = false
  private var file = ""
  private var group: Group?
  private var lastBefore: UInt32 = 0
  private var expectedNext: String?
  private var isInUse = false
  private var hasEnd = false
  private var isFirstFile = true
  /// Where a position as target lies among the events of its log.
  private var metPosition = false

  private(set) var newest: UInt32 = 0
  private(set) var transactions = 0
  /// Where to stop in the current log; nil to apply the whole of it.
  private(set) var stop: Int64?
  private(set) var isReached = false
  private(set) var notes: [String] = []

  private struct Group: Sendable {
    var offset: Int64
    var id: TransactionID?
    var time: UInt32
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
  }

  mutating func take(_ event: BinaryLogEvent) throws {
    if isReached { return }
    if !isPastStart, isFirstFile, event.offset >= start.offset, event.kind != .format { try passStart(event) }
    if event.isBetween { try closeGroup(before: event) }
    if isReached { return }
    try takeKind(event)
    if !isPastStart { lastBefore = max(lastBefore, event.time) }
    if group != nil, !event.isBetween { group?.time = event.time }
    try judgePosition(event)
    if isPastStart, event.isBetween, event.kind != .transaction, event.time > 0 { try judgeTime(between: event) }
  }

  /// Takes the end of a log.
  mutating func end(at offset: Int64) throws {
    if !isReached, let last = group { try close(last, end: offset) }
    group = nil
    if !isPastStart { try reachStart(at: offset) }
    if case .position(let position) = target, position.file == file, !isReached {
      guard position.offset == offset else { throw neverReached("the log \(file) ends at \(offset)") }
      stop = nil
      isReached = true
    }
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

  private func time(_ seconds: UInt32) -> String { Timestamp(seconds: Int64(seconds)).readable }

  private func neverReached(_ why: String) -> Fault {
    Fault(
      .restoreFailed, "\(target.description) was never reached: \(why)",
      advice: "Check `target`, and whether later logs should be in the archive")
  }

  private func tooEarly(_ what: String) -> Fault {
    Fault(
      .configuration, "\(target.description) lies before the end of the backup (\(what)), which nothing can take back",
      advice: "Choose an older backup (`select: {at: …}`) or a later target")
  }
}

extension ReplayJudge {
  // MARK: The backup's end

  private mutating func passStart(_ event: BinaryLogEvent) throws {
    // Position 4 is the beginning of a log, before the event that says how it is written.
    guard event.offset == start.offset || start.offset == 4 else {
      throw Fault(
        .restoreFailed,
        "the binary log \(file) has no event at \(start.offset), where the backup ends: it is of another server, or was changed",
        advice: "Check `logs`: names repeat from server to server")
    }
    if let group { try close(group, end: event.offset) }
    group = nil
    try settleStart()
  }

  private mutating func reachStart(at offset: Int64) throws {
    guard offset == start.offset else {
      throw Fault(
        .restoreFailed,
        "the binary log \(file) ends at \(offset), before \(start.offset), where the backup ends: it was cut or is of another server",
        advice: "Check `logs`, and copy the log again")
    }
    try settleStart()
  }

  private mutating func settleStart() throws {
    isPastStart = true
    for id in backup where knowsState {
      guard state[id.stream] == id.sequence else {
        throw Fault(
          .restoreFailed,
          "at \(start) the binary log stands at \(state[id.stream].map { "\(id.stream)-\($0)" } ?? "no transaction of \(id.stream)"), and the backup says \(id): the log is of another server",
          advice: "Check `logs`: names repeat from server to server")
      }
    }
    newest = lastBefore
    switch target {
    case .latest: break
    case .time(let time):
      if time <= Timestamp(seconds: Int64(lastBefore)) { throw tooEarly("which holds what was logged at \(self.time(lastBefore))") }
    case .position(let position):
      guard let own = BinaryLogName(position.file), let first = BinaryLogName(start.file), own.base == first.base else {
        throw neverReached("the backup ends in \(start), whose logs have another name")
      }
      if (own.number, position.offset) < (first.number, start.offset) { throw tooEarly("at \(start)") }
      if own.number == first.number, position.offset == start.offset {
        stop = start.offset
        isReached = true
      }
    case .transaction(let text):
      guard let id = TransactionID(text) else { return }
      if let at = state[id.stream], at >= id.sequence {
        if at == id.sequence, backup.contains(id) || backup.isEmpty {
          stop = start.offset
          isReached = true
        } else {
          throw tooEarly("at \(start)")
        }
      }
    }
  }

  // MARK: Events

  private mutating func takeKind(_ event: BinaryLogEvent) throws {
    switch event.kind {
    case .format:
      isInUse = event.flags & 1 != 0
      try judgeServer(event)
    case .encryption:
      throw Fault(.backupEncrypted, "the binary log \(file) is encrypted", advice: "Archive logs with `mariadb-binlog --raw`")
    case .rotate:
      hasEnd = true
      expectedNext = event.nextFile
    case .stop: hasEnd = true
    case .state: try takeState(event)
    case .transaction: group = Group(offset: event.offset, id: event.transaction, time: event.time)
    case .other: break
    }
  }

  private mutating func judgeServer(_ event: BinaryLogEvent) throws {
    defer { server = event.server }
    guard let server, server != event.server, !knowsState else { return }
    throw Fault(
      .restoreFailed, "the binary log \(file) was written by server \(event.server), and the one before by server \(server)",
      advice: "Check `logs`: it must hold the logs of one server")
  }

  /// MariaDB begins every log with where it stood, which must be where the one before ended.
  private mutating func takeState(_ event: BinaryLogEvent) throws {
    guard let listed = event.state else { return }
    if knowsState {
      for id in listed where state[id.stream] != id.sequence {
        let before = state[id.stream].map { "\(id.stream)-\($0)" } ?? "nothing of \(id.stream)"
        throw Fault(
          .restoreFailed,
          "the binary log \(file) follows on transaction \(id), and the one before ends with \(before): something is missing between them, or it is of another server",
          advice: "Look at how logs are copied, and take a new backup")
      }
    }
    for id in listed { state[id.stream] = id.sequence }
    knowsState = true
  }

  /// Whether a log follows the one before it.
  mutating func judgeSuccession(to name: String) throws {
    defer { expectedNext = nil }
    if let expected = expectedNext {
      guard BinaryLogName(expected) == BinaryLogName(name) else {
        throw Fault(
          .restoreFailed,
          "the binary log \(file) is followed by \(InertText.line(expected, limit: 80)), and the archive goes on with \(name)")
      }
    } else if !hasEnd {
      guard knowsState || isInUse else {
        throw Fault(.backupTruncated, "the binary log \(file) was closed by its server, and its last event is not there: it was cut")
      }
      guard knowsState else {
        throw Fault(
          .restoreFailed, "the binary log \(file) has no end, and nothing in the next one shows that it is whole",
          advice: "Copy logs that their server has closed, or use global transaction ids")
      }
      notes.append("\(file) has no end, as after a crash of its server; the next log shows that no transaction is missing")
    }
  }

  // MARK: Transactions

  private mutating func closeGroup(before event: BinaryLogEvent) throws {
    guard let last = group else { return }
    group = nil
    try close(last, end: event.offset)
  }

  private mutating func close(_ last: Group, end: Int64) throws {
    if isPastStart, case .time(let time) = target, Timestamp(seconds: Int64(last.time)) >= time {
      stop = last.offset
      isReached = true
      return
    }
    if let id = last.id { state[id.stream] = max(state[id.stream] ?? 0, id.sequence) }
    guard isPastStart else { return }
    transactions += 1
    newest = max(newest, last.time)
    if case .transaction(let text) = target, let id = last.id, id == TransactionID(text) {
      stop = end
      isReached = true
    }
  }

  private mutating func judgePosition(_ event: BinaryLogEvent) throws {
    guard isPastStart, case .position(let position) = target, position.file == file, !isReached else { return }
    if event.offset == position.offset, event.isBetween {
      // The event itself is not applied any more.
      if event.kind == .transaction { group = nil }
      stop = position.offset
      isReached = true
    } else if event.end > position.offset, event.offset < position.offset || !event.isBetween {
      throw Fault(
        .configuration, "\(target.description) lies within a transaction or an event of \(file)",
        advice: "Give the place of an event between two transactions (mariadb-binlog shows them as `# at`)")
    }
  }

  /// Events between transactions carry the time too, and show that nothing happened until then.
  private mutating func judgeTime(between event: BinaryLogEvent) throws {
    if case .time(let time) = target, Timestamp(seconds: Int64(event.time)) >= time {
      stop = event.offset
      isReached = true
      return
    }
    newest = max(newest, event.time)
  }
}
