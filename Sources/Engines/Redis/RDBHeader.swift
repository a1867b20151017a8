package import DrillModel

/// The beginning of an RDB file: its version and what the server wrote down about itself.
///
/// `REDIS` and four digits, or `VALKEY` and three; from version 7 on auxiliary fields follow, each the opcode 0xFA, a name and a value
/// (rdb.h and rdbSaveInfoAuxFields in rdb.c of Redis 7.0).
package struct RDBHeader: Sendable, Hashable {
  /// 1 and up; of Valkey's own numbers 80 and up.
  package var version: Int
  package var isValkey: Bool
  /// `7.0.15`; nil before version 7.
  package var serverVersion: String?
  /// When the save began, by the server's clock; nil before version 7.
  package var created: Timestamp?
  /// Bytes that the server held in memory then.
  package var usedMemory: Int64?
  /// Whether the file is the beginning of an append-only file, so that commands may follow.
  package var isPreamble: Bool
  /// Whether it is so in several parts, where the commands lie in other files (Redis 7 and later).
  package var isBase = false

  /// Reads as much of the header as `bytes` hold; nil when they are not the beginning of an RDB file.
  ///
  /// - Throws: `Fault` with code `backup_damaged` for a name without its version.
  package init?(_ bytes: some Collection<UInt8>, name: String) throws {
    var reader = Reader(bytes: Array(bytes.prefix(64 << 10)))
    if reader.takes("REDIS") { isValkey = false } else if reader.takes("VALKEY") { isValkey = true } else { return nil }
    guard let digits = reader.take(isValkey ? 3 : 4), digits.allSatisfy({ (48...57).contains($0) }),
      let version = Int(String(decoding: digits, as: UTF8.self)), version > 0
    else { throw Fault(.backupDamaged, "\(name) begins like an RDB file and has no version there", advice: RedisFormat.lookAtJob) }
    self.version = version
    isPreamble = false
    while let (field, value) = reader.field() {
      switch field {
      case "redis-ver", "valkey-ver": serverVersion = String(value.prefix(40).filter { $0.isNumber || $0 == "." })
      case "ctime": created = Int64(value).flatMap { $0 > 0 && $0 < 1 << 40 ? Timestamp(seconds: $0) : nil }
      case "used-mem": usedMemory = Int64(value).flatMap { $0 > 0 ? $0 : nil }
      case "aof-preamble": isPreamble = value == "1"
      case "aof-base": (isPreamble, isBase) = (value == "1", value == "1")
      default: break
      }
    }
  }

  /// For people: `RDB 10 of Redis 7.0.15`.
  package var description: String {
    let server = serverVersion.map { $0.isEmpty ? "" : " \($0)" } ?? ""
    return "RDB \(version) of \(isValkey ? "Valkey" : "Redis")\(server)"
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func takes(_ text: String) -> Bool {
      guard bytes[position...].starts(with: text.utf8) else { return false }
      position += text.utf8.count
      return true
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
      guard count >= 0, count <= bytes.count - position else { return nil }
      defer { position += count }
      return bytes[position..<position + count]
    }

    /// The next auxiliary field; nil at anything else.
    mutating func field() -> (String, String)? {
      guard position < bytes.count, bytes[position] == 0xFA else { return nil }
      position += 1
      guard let name = string(), let value = string() else { return nil }
      return (name, value)
    }

    /// A string: a length and its bytes, or a number of 8, 16 or 32 bits. A compressed one ends the reading.
    private mutating func string() -> String? {
      guard let first = take(1)?.first else { return nil }
      switch first >> 6 {
      case 0: return text(Int(first & 0x3F))
      case 1: return take(1)?.first.flatMap { text(Int(first & 0x3F) << 8 | Int($0)) }
      case 2: return nil
      default:
        let width = [0xC0: 1, 0xC1: 2, 0xC2: 4][first]
        guard let width, let raw = take(width) else { return nil }
        let value = raw.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let shift = UInt32(32 - width * 8)
        return String(Int32(bitPattern: value << shift) >> Int32(shift))
      }
    }

    private mutating func text(_ count: Int) -> String? { take(count).map { String(decoding: $0, as: UTF8.self) } }
  }
}
