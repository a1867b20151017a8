import DrillConfig
package import DrillModel

/// Where a roll-forward is to end.
package enum RecoveryTarget: Sendable, Hashable {
  /// The end of the log.
  case latest
  /// As soon as the backup is consistent.
  case immediate
  case time(Timestamp)
  /// A position in the log.
  case position(String)
  /// A restore point that `pg_create_restore_point` made.
  case name(String)
  case transaction(UInt64)

  /// The server's settings for it; none for the end of the log.
  func settings(inclusive: Bool) -> [(String, String)] {
    let end = [("recovery_target_inclusive", inclusive ? "on" : "off"), ("recovery_target_action", "promote")]
    switch self {
    case .latest: return [("recovery_target_action", "promote")]
    case .immediate: return [("recovery_target", "immediate"), ("recovery_target_action", "promote")]
    // The session's zone never matters: the text carries its own.
    case .time(let time): return [("recovery_target_time", time.description.replacing("Z", with: "+00"))] + end
    case .position(let text): return [("recovery_target_lsn", text)] + end
    case .name(let name): return [("recovery_target_name", name), ("recovery_target_action", "promote")]
    case .transaction(let number): return [("recovery_target_xid", String(number))] + end
    }
  }

  /// For people: `the time 2026-11-21 10:00:00 UTC`.
  var description: String {
    switch self {
    case .latest: "the end of the log"
    case .immediate: "the backup's own consistent state"
    case .time(let time): "the time \(time)"
    case .position(let text): "the position \(text)"
    case .name(let name): "the restore point \(InertText.line(name, limit: 63))"
    case .transaction(let number): "transaction \(number)"
    }
  }

  /// Whether the server has to say where it stopped.
  var stops: Bool { self != .latest }
}

/// Which timeline a roll-forward follows.
package enum TimelineChoice: Sendable, Hashable {
  /// The newest that the archive knows.
  case latest
  /// That of the backup.
  case current
  case number(UInt32)
}

extension RecoveryTarget {
  /// How it is written: `latest`, `immediate`, or a mapping of one key.
  static let valueType: ValueType<RecoveryTarget> = {
    let word = ValueType<RecoveryTarget>.choice(of: ["latest": .latest, "immediate": .immediate], named: ["latest", "immediate"])
    let keys = Section<Written>(
      [
        Key("time", \.time, .timestamp, "The moment to recover to"),
        Key("lsn", \.position, position, "The position in the log to recover to, such as 0/3000028"),
        Key("name", \.name, restorePoint, "The restore point to recover to, which pg_create_restore_point made"),
        Key("xid", \.transaction, .integer(3...Int(UInt32.max)), "The transaction to recover to"),
      ], rules: [.exactlyOne(["time", "lsn", "name", "xid"])])
    let mapping = ValueType<Written>.section(keys, initial: Written()).map { $0.target }
    return word.or(mapping) { $0.entries != nil }
  }()

  private struct Written: Sendable {
    var time: Timestamp?
    var position: String?
    var name: String?
    var transaction: Int?

    var target: RecoveryTarget {
      if let time { return .time(time) }
      if let position { return .position(position) }
      if let name { return .name(name) }
      return .transaction(UInt64(transaction ?? 3))
    }
  }

  private static let position = ValueType<String>(
    summary: "position in the log", schema: ["type": "string", "pattern": "^[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}$"]
  ) { node, diagnostics in
    guard let text = node.scalar?.text, LogPosition(text) != nil else {
      diagnostics.error("a position in the log such as 0/3000028 is expected here", at: node.place)
      return nil
    }
    return text
  }

  /// The server refuses longer ones (MAXFNAMELEN).
  private static let restorePoint = ValueType<String>(
    summary: "name of a restore point", schema: ["type": "string", "minLength": 1, "maxLength": 63]
  ) { node, diagnostics in
    guard let text = node.scalar?.text, (1...63).contains(text.utf8.count), !text.utf8.contains(0) else {
      diagnostics.error("the name of a restore point, of 1 to 63 bytes, is expected here", at: node.place)
      return nil
    }
    return text
  }
}

extension TimelineChoice {
  /// How it is written: `latest`, `current` or a number.
  static let valueType: ValueType<TimelineChoice> = {
    let word = ValueType<TimelineChoice>.choice(of: ["latest": .latest, "current": .current], named: ["latest", "current"])
    let number = ValueType<Int>.integer(1...Int(UInt32.max)).map { TimelineChoice.number(UInt32($0)) }
    return word.or(number) { node in node.scalar.map { $0.text.utf8.allSatisfy { (0x30...0x39).contains($0) } } ?? false }
  }()
}
