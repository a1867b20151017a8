import DrillModel

extension ReplayJudge {
  mutating func takeKind(_ event: BinaryLogEvent) throws {
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
    case .transaction:
      group = Group(offset: event.offset, id: event.transaction, time: event.time)
      // MariaDB: sql/log_event.h, FL_STANDALONE.
      if event.type == 162, event.body.count > 12 { group?.isBegun = event.body[12] & 1 == 0 }
    case .other: break
    }
  }

  mutating func judgeServer(_ event: BinaryLogEvent) throws {
    defer { server = event.server }
    guard let server, server != event.server, !knowsState else { return }
    throw Fault(
      .restoreFailed, "the binary log \(file) was written by server \(event.server), and the one before by server \(server)",
      advice: "Check `logs`: it must hold the logs of one server")
  }

  /// MariaDB begins every log with where it stood, which must be where the one before ended.
  mutating func takeState(_ event: BinaryLogEvent) throws {
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

  mutating func closeGroup(before event: BinaryLogEvent) throws {
    guard let last = group else { return }
    group = nil
    try close(last, end: event.offset)
  }

  mutating func close(_ last: Group, end: Int64) throws {
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

  mutating func judgePosition(_ event: BinaryLogEvent) throws {
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
  mutating func judgeTime(between event: BinaryLogEvent) throws {
    if case .time(let time) = target, Timestamp(seconds: Int64(event.time)) >= time {
      stop = event.offset
      isReached = true
      return
    }
    newest = max(newest, event.time)
  }
}
