import EngineKit

/// Walks over keys of a scratch server in steps, so that neither side holds many. Belongs to one thread.
struct KeyWalk {
  let connection: RedisConnection
  let keys: KeySelection

  /// Keys of a step; SCAN gives about so many.
  private static let step = "2000"

  init(_ connection: RedisConnection, _ keys: KeySelection) throws(ProbeError) {
    self.connection = connection
    self.keys = keys
    if let database = keys.database, database > 0 {
      do { _ = try connection.ask("SELECT", "\(database)") } catch .missing {
        throw .missing("there is no database \(database): the scratch server has as many as `databases` under `restore` says")
      }
    }
  }

  /// The number of keys; asks for it where the server knows it.
  func count() throws(ProbeError) -> Int64 {
    if keys.prefix == nil, keys.pattern == nil, keys.type == nil {
      guard let expires = keys.expires else { return try connection.ask("DBSIZE").integer ?? 0 }
      let known = try RedisInfo(connection, section: "keyspace").databases[keys.database ?? 0] ?? (0, 0)
      return expires ? known.expiring : known.keys - known.expiring
    }
    var total: Int64 = 0
    try each { batch throws(ProbeError) in total += Int64(batch.count) }
    return total
  }

  /// Remaining times to live of the keys that have one.
  func lifetimes() throws(ProbeError) -> KeyLifetimes {
    var found = KeyLifetimes(count: 0)
    try each { batch throws(ProbeError) in
      for milliseconds in try remaining(batch) where milliseconds >= 0 {
        let time = Duration.milliseconds(milliseconds)
        found.count += 1
        found.shortest = min(found.shortest ?? time, time)
        found.longest = max(found.longest ?? time, time)
      }
    }
    return found
  }

  /// Hands over the selected keys in batches, each key once.
  func each(_ body: ([[UInt8]]) throws(ProbeError) -> Void) throws(ProbeError) {
    var cursor = Array("0".utf8)
    repeat {
      connection.send([Array("SCAN".utf8), cursor, Array("COUNT".utf8), Array(Self.step.utf8)] + filters)
      guard let items = try connection.reply().items, items.count == 2, let next = items[0].bytes, let found = items[1].items else {
        throw .unavailable("the scratch server answered SCAN with something else")
      }
      cursor = next
      var batch = found.compactMap(\.bytes)
      guard batch.count == found.count else { throw .invalid("a key is longer than 1 MiB") }
      if let expires = keys.expires {
        batch = zip(batch, try remaining(batch)).filter { $1 != -2 && ($1 >= 0) == expires }.map(\.0)
      }
      if !batch.isEmpty { try body(batch) }
    } while cursor != Array("0".utf8)
  }

  private var filters: [[UInt8]] {
    var words: [[UInt8]] = []
    if let pattern = keys.pattern ?? keys.prefix.map({ Self.escaped($0) + [UInt8(ascii: "*")] }) {
      words += [Array("MATCH".utf8), pattern]
    }
    if let type = keys.type { words += [Array("TYPE".utf8), Array(type.utf8)] }
    return words
  }

  /// Milliseconds; -1 for a key that does not expire, -2 for one that is gone.
  private func remaining(_ batch: [[UInt8]]) throws(ProbeError) -> [Int64] {
    for key in batch { connection.send([Array("PTTL".utf8), key]) }
    var times: [Int64] = []
    for _ in batch { times.append(try connection.reply().integer ?? -2) }
    return times
  }

  /// A prefix as a pattern that fits nothing else: what has a meaning in a glob stands for itself (stringmatchlen in util.c).
  static func escaped(_ bytes: [UInt8]) -> [UInt8] {
    bytes.flatMap { "*?[]\\^-".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
  }
}
