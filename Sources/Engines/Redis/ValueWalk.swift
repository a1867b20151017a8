import EngineKit

/// Reads one key's value from its beginning to its end in steps. Belongs to one thread.
struct ValueWalk {
  private let connection: RedisConnection
  private let key: [UInt8]

  private static let step: Int64 = 500
  /// Bytes of a string asked for at once.
  private static let part: Int64 = 512 << 10

  init(_ connection: RedisConnection, _ key: [UInt8]) {
    self.connection = connection
    self.key = key
  }

  typealias Line = ([RedisReply]) throws(ProbeError) -> Void

  func string(_ body: ([UInt8]) throws(ProbeError) -> Void) throws(ProbeError) {
    var start: Int64 = 0
    while true {
      let reply = try ask("GETRANGE", "\(start)", "\(start + Self.part - 1)")
      guard let bytes = reply.bytes else { throw unexpected("GETRANGE") }
      try body(bytes)
      guard bytes.count == Self.part else { return }
      start += Self.part
    }
  }

  func list(_ line: Line) throws(ProbeError) {
    var start: Int64 = 0
    while true {
      guard let items = try ask("LRANGE", "\(start)", "\(start + Self.step - 1)").items else { throw unexpected("LRANGE") }
      for item in items { try line([item]) }
      guard items.count == Self.step else { return }
      start += Self.step
    }
  }

  func set(_ line: Line) throws(ProbeError) { try scan("SSCAN") { items throws(ProbeError) in for item in items { try line([item]) } } }

  func hash(_ line: Line) throws(ProbeError) {
    try scan("HSCAN") { items throws(ProbeError) in
      for index in stride(from: 0, to: items.count - 1, by: 2) { try line([items[index], items[index + 1]]) }
    }
  }

  /// Members from the lowest score to the highest; scores as the shortest decimal digits, whatever version of the server wrote them.
  func sortedSet(_ line: Line) throws(ProbeError) {
    var start: Int64 = 0
    while true {
      guard let items = try ask("ZRANGE", "\(start)", "\(start + Self.step - 1)", "WITHSCORES").items else { throw unexpected("ZRANGE") }
      for index in stride(from: 0, to: items.count - 1, by: 2) {
        guard let score = items[index + 1].text.flatMap(Double.init) else { throw unexpected("ZRANGE") }
        try line([items[index], .status("\(score)")])
      }
      guard items.count == Self.step * 2 else { return }
      start += Self.step
    }
  }

  /// Entries in the order of their ids; groups of consumers are not read.
  func stream(_ line: Line) throws(ProbeError) {
    var start = "-"
    while true {
      guard let entries = try ask("XRANGE", start, "+", "COUNT", "\(Self.step)").items else { throw unexpected("XRANGE") }
      for entry in entries {
        guard let parts = entry.items, parts.count == 2, let id = parts[0].text, let fields = parts[1].items else {
          throw unexpected("XRANGE")
        }
        try line([.status(id)] + fields)
        start = "(\(id)"
      }
      guard entries.count == Self.step else { return }
    }
  }

  private func scan(_ command: String, _ body: ([RedisReply]) throws(ProbeError) -> Void) throws(ProbeError) {
    var cursor = "0"
    repeat {
      guard let items = try ask(command, cursor, "COUNT", "\(Self.step)").items, items.count == 2, let next = items[0].text,
        let found = items[1].items
      else { throw unexpected(command) }
      cursor = next
      try body(found)
    } while cursor != "0"
  }

  private func ask(_ command: String, _ words: String...) throws(ProbeError) -> RedisReply {
    connection.send([Array(command.utf8), key] + words.map { Array($0.utf8) })
    return try connection.reply()
  }

  private func unexpected(_ command: String) -> ProbeError {
    .unavailable("the scratch server answered \(command) with something else")
  }
}
