import Digesting
import EngineKit

/// The digest of one key's value, in the written form of docs/engines/redis.md. Belongs to one thread.
struct ValueDigest {
  let connection: RedisConnection

  /// Members or fields of a value that must be put in order before they are digested.
  private static let most = 500_000

  /// Of each key in its order; nil for one that is not there.
  func digests(_ keys: [[UInt8]]) throws(ProbeError) -> [[UInt8]?] {
    for key in keys { connection.send([Array("TYPE".utf8), key]) }
    var types: [String] = []
    for _ in keys { types.append(try connection.reply().text ?? "none") }
    var digests: [[UInt8]?] = []
    for (key, type) in zip(keys, types) { digests.append(try digest(key, type)) }
    return digests
  }

  private func digest(_ key: [UInt8], _ type: String) throws(ProbeError) -> [UInt8]? {
    switch type {
    case "none": return nil
    case "string": return try string(key)
    case "list": return try written("list", ValueWalk(connection, key).list)
    case "zset": return try written("zset", ValueWalk(connection, key).sortedSet)
    case "stream": return try written("stream", ValueWalk(connection, key).stream)
    case "set": return try sorted("set", ValueWalk(connection, key).set)
    case "hash": return try sorted("hash", ValueWalk(connection, key).hash)
    default: throw .invalid("a value of the type \(type.prefix(40)) belongs to a module and has no digest")
    }
  }

  private func string(_ key: [UInt8]) throws(ProbeError) -> [UInt8]? {
    let hash = SHA256()
    try ValueWalk(connection, key).string { part throws(ProbeError) in hash.update(part) }
    return hash.finish()
  }

  private func written(
    _ type: String, _ walk: (_ line: ([RedisReply]) throws(ProbeError) -> Void) throws(ProbeError) -> Void
  ) throws(ProbeError) -> [UInt8] {
    let hash = SHA256()
    hash.update(Array("\(type)\n".utf8))
    try walk { parts throws(ProbeError) in hash.update(Array((parts.map(Self.text).joined(separator: " ") + "\n").utf8)) }
    return hash.finish()
  }

  private func sorted(
    _ type: String, _ walk: (_ line: ([RedisReply]) throws(ProbeError) -> Void) throws(ProbeError) -> Void
  ) throws(ProbeError) -> [UInt8] {
    var lines: [DigestPair] = []
    try walk { parts throws(ProbeError) in
      lines.append(DigestPair(parts.compactMap(\.digest)))
      if lines.count > Self.most { throw .invalid("a value has more than \(Self.most) members, too many to be digested in order") }
    }
    lines.sort()
    let hash = SHA256()
    hash.update(Array("\(type)\n".utf8))
    // SSCAN and HSCAN may give a member twice.
    for (index, line) in lines.enumerated() where index == 0 || line != lines[index - 1] { hash.update(Array((line.text + "\n").utf8)) }
    return hash.finish()
  }

  /// Scores and the ids of a stream's entries are written as they are, everything else as its digest.
  private static func text(_ part: RedisReply) -> String {
    if case .status(let plain) = part { return plain }
    return part.digest.map { Hexadecimal.encode($0) } ?? "-"
  }
}

/// One or two digests, kept flat so that many of them sort in little memory.
struct DigestPair: Comparable, Sendable {
  private var words: SIMD8<UInt64> = .zero
  private var count: Int

  init(_ digests: [[UInt8]]) {
    count = digests.count
    for (index, byte) in digests.prefix(2).joined().enumerated() { words[index / 8] |= UInt64(byte) << UInt64(56 - index % 8 * 8) }
  }

  var text: String {
    let bytes = (0..<count * 32).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - $0 % 8 * 8)) }
    return stride(from: 0, to: bytes.count, by: 32).map { Hexadecimal.encode(bytes[$0..<$0 + 32]) }.joined(separator: " ")
  }

  static func < (left: DigestPair, right: DigestPair) -> Bool {
    for index in 0..<8 where left.words[index] != right.words[index] { return left.words[index] < right.words[index] }
    return false
  }
}
