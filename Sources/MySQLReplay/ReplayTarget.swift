package import DrillConfig
package import DrillModel

/// Where a roll-forward with binary logs ends.
package enum ReplayTarget: Sendable, Hashable {
  /// The end of the logs.
  case latest
  /// Every transaction that was logged before this moment; logs know whole seconds.
  case time(Timestamp)
  /// A place in a log, between two transactions.
  case position(BinaryLogPosition)
  /// The end of one transaction: `0-7-1234`, or `uuid:1234` of MySQL.
  case transaction(String)

  /// For people.
  package var description: String {
    switch self {
    case .latest: "the end of the logs"
    case .time(let time): "the time \(time)"
    case .position(let position): "the position \(position)"
    case .transaction(let name): "the transaction \(name)"
    }
  }
}

/// A place in a binary log: `bin.000042:1234`.
package struct BinaryLogPosition: Sendable, Hashable, CustomStringConvertible {
  /// The log's name on its server, without directories.
  package var file: String
  package var offset: Int64

  package init(file: String, offset: Int64) {
    self.file = file
    self.offset = offset
  }

  /// Reads `file:offset`; nil for anything else.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let offset = Int64(text[text.index(after: colon)...]), offset >= 4 else { return nil }
    let file = text[..<colon]
    guard BinaryLogName(String(file)) != nil else { return nil }
    self.init(file: String(file), offset: offset)
  }

  package var description: String { "\(InertText.line(file, limit: 80)):\(offset)" }
}

extension ReplayTarget {
  /// How it is written: `latest`, or a mapping of one key.
  package static let valueType: ValueType<ReplayTarget> = {
    let word = ValueType<ReplayTarget>.choice(of: ["latest": .latest], named: ["latest"])
    let keys = Section<Written>(
      [
        Key("time", \.time, .timestamp, "The moment before which every transaction is applied"),
        Key("position", \.position, position, "The place in a log to stop at, such as bin.000042:1234"),
        Key("gtid", \.transaction, transaction, "The transaction to stop behind, such as 0-7-1234"),
      ], rules: [.exactlyOne(["time", "position", "gtid"])])
    let mapping = ValueType<Written>.section(keys, initial: Written()).map { $0.target }
    return word.or(mapping) { $0.entries != nil }
  }()

  private struct Written: Sendable {
    var time: Timestamp?
    var position: BinaryLogPosition?
    var transaction: String?

    var target: ReplayTarget {
      if let time { return .time(time) }
      if let position { return .position(position) }
      return .transaction(transaction ?? "")
    }
  }

  private static let position = ValueType<BinaryLogPosition>(
    summary: "place in a binary log", schema: ["type": "string", "pattern": "^[^/]+\\.[0-9]{6,}:[0-9]+$"]
  ) { node, diagnostics in
    guard let text = node.scalar?.text, let position = BinaryLogPosition(text) else {
      diagnostics.error("a place in a binary log such as bin.000042:1234 is expected here", at: node.place)
      return nil
    }
    return position
  }

  private static let transaction = ValueType<String>(
    summary: "global transaction id", schema: ["type": "string", "pattern": "^([0-9]+-[0-9]+-[0-9]+|[0-9A-Fa-f-]{36}:[0-9]+)$"]
  ) { node, diagnostics in
    guard let text = node.scalar?.text, text.wholeMatch(of: /[0-9]+-[0-9]+-[0-9]+|[0-9A-Fa-f-]{36}:[0-9]+/) != nil else {
      diagnostics.error("a global transaction id such as 0-7-1234 is expected here", at: node.place)
      return nil
    }
    return text.lowercased()
  }
}
