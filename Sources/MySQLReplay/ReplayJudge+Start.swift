import DrillModel

extension ReplayJudge {
  mutating func passStart(_ event: BinaryLogEvent) throws {
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

  mutating func reachStart(at offset: Int64) throws {
    guard offset == start.offset else {
      throw Fault(
        .restoreFailed,
        "the binary log \(file) ends at \(offset), before \(start.offset), where the backup ends: it was cut or is of another server",
        advice: "Check `logs`, and copy the log again")
    }
    try settleStart()
  }

  mutating func settleStart() throws {
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
}
