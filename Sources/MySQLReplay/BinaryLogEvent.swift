import DrillModel

/// One event of a binary log.
///
/// Sources: MySQL's internals manual, "Binary Log Version 4"; MariaDB's knowledge base, "Replication Protocol", from where the type
/// numbers of its own events come.
struct BinaryLogEvent: Sendable {
  /// Where it begins in its log.
  var offset: Int64
  var type: UInt8
  /// Seconds since 1970 on the server's clock; 0 for an event that was made up.
  var time: UInt32
  var server: UInt32
  var length: UInt32
  var flags: UInt16
  /// Where it ends in the log that its server wrote, modulo 2^32; 0 for an event that was made up.
  var written: UInt32 = 0
  /// What follows the header, without the checksum; empty for types that do not matter here.
  var body: [UInt8]

  static let headerLength = 19

  var end: Int64 { offset + Int64(length) }

  enum Kind: Sendable { case format, rotate, stop, transaction, state, encryption, other }

  var kind: Kind {
    switch type {
    case 15: .format
    case 4: .rotate
    case 3: .stop
    case 33, 34, 42, 162: .transaction
    case 35, 163: .state
    case 164: .encryption
    default: .other
    }
  }

  /// Whether it lies where its server wrote it. Events of relay logs, and made-up ones (flags 0x40 and 0x20), say nothing of that.
  var isInPlace: Bool { written == 0 || flags & 0x60 != 0 || written == UInt32(truncatingIfNeeded: end) }

  /// Events between transactions, which end the one before.
  var isBetween: Bool { kind != .other || type == 161 || type == 27 }

  /// The next log's name, of a rotate event.
  var nextFile: String? { body.count > 8 ? String(decoding: body[8...], as: UTF8.self) : nil }

  /// The server's version, of a format event.
  var serverVersion: String { String(decoding: body.dropFirst(2).prefix(50).prefix { $0 != 0 }, as: UTF8.self) }

  /// The global transaction id that begins here; nil for an anonymous one.
  var transaction: TransactionID? {
    if type == 162, body.count >= 13 {
      return TransactionID(stream: "\(body.number(8, 4))-\(server)", domain: String(body.number(8, 4)), sequence: body.number(0, 8))
    }
    if type == 33, body.count >= 25 {
      let uuid = TransactionID.uuid(body[1..<17])
      return TransactionID(stream: uuid, domain: uuid, sequence: body.number(17, 8))
    }
    return nil
  }

  /// Whether it carries a statement's text, which replaying by database may leave out: types 2, 18 (LOAD DATA), and MariaDB's compressed 165.
  var carriesStatement: Bool { [2, 18, 165].contains(type) }

  /// Whether its text decides where a transaction begins and ends: `BEGIN`, `COMMIT`, which are short.
  var mayBound: Bool { type == 2 && length <= 1024 }

  /// The session's database and the statement's text as far as it was kept; nil for events that carry none.
  var statement: LoggedStatement? {
    let fixed = type == 18 ? 26 : 13
    guard carriesStatement, body.count >= fixed else { return nil }
    let start = fixed + Int(body.number(11, 2))
    let end = start + Int(body[8])
    guard body.count > end else { return nil }
    return LoggedStatement(
      database: String(decoding: body[start..<end], as: UTF8.self), text: type == 165 ? nil : Array(body[(end + 1)...]))
  }

  /// The last transaction of each stream before this log, of a state event of MariaDB; nil for MySQL's, which holds ranges.
  var state: [TransactionID]? {
    guard type == 163, body.count >= 4 else { return nil }
    let count = Int(body.number(0, 4) & 0x0FFF_FFFF)
    guard body.count >= 4 + count * 16 else { return nil }
    return (0..<count).map { index in
      let at = 4 + index * 16
      let domain = body.number(at, 4)
      return TransactionID(stream: "\(domain)-\(body.number(at + 4, 4))", domain: String(domain), sequence: body.number(at + 8, 8))
    }
  }
}

/// A statement in a log.
package struct LoggedStatement: Sendable {
  /// The database that its session was in; empty for none.
  package var database: String
  /// Its beginning; nil where the log holds it compressed.
  package var text: [UInt8]?

  package init(database: String, text: [UInt8]?) {
    self.database = database
    self.text = text
  }
}

/// A global transaction id. `stream` is what counts by itself: domain and server with MariaDB, the server's UUID with MySQL.
struct TransactionID: Sendable, Hashable, CustomStringConvertible {
  var stream: String
  var domain: String
  var sequence: UInt64

  init(stream: String, domain: String, sequence: UInt64) {
    self.stream = stream
    self.domain = domain
    self.sequence = sequence
  }

  /// Reads `0-7-1234` or `uuid:1234`.
  init?(_ text: String) {
    if let match = text.wholeMatch(of: /([0-9]+)-([0-9]+)-([0-9]+)/), let sequence = UInt64(match.3) {
      self.init(stream: "\(match.1)-\(match.2)", domain: String(match.1), sequence: sequence)
    } else if let match = text.wholeMatch(of: /([0-9A-Fa-f-]{36}):([0-9]+)/), let sequence = UInt64(match.2) {
      self.init(stream: match.1.lowercased(), domain: match.1.lowercased(), sequence: sequence)
    } else {
      return nil
    }
  }

  var description: String { stream.contains("-") && stream.utf8.count == 36 ? "\(stream):\(sequence)" : "\(stream)-\(sequence)" }

  static func uuid(_ bytes: ArraySlice<UInt8>) -> String {
    let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    guard digits.utf8.count == 32 else { return digits }
    var parts: [Substring] = []
    var rest = digits[...]
    for length in [8, 4, 4, 4, 12] {
      parts.append(rest.prefix(length))
      rest = rest.dropFirst(length)
    }
    return parts.joined(separator: "-")
  }
}

extension [UInt8] {
  /// A number of `count` bytes at `offset`, least significant first.
  func number(_ offset: Int, _ count: Int) -> UInt64 {
    self[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
