/// A place in the write-ahead log, in bytes from its beginning (`pg_lsn`: `0/3000028`).
struct LogPosition: Sendable, Hashable, Comparable, CustomStringConvertible {
  var bytes: UInt64

  init(bytes: UInt64) { self.bytes = bytes }

  /// Two hexadecimal numbers of up to 32 bits with a slash between them; nil for anything else.
  init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ (1...8).contains($0.utf8.count) && $0.utf8.allSatisfy(LogPosition.isDigit) }),
      let high = UInt64(parts[0], radix: 16), let low = UInt64(parts[1], radix: 16)
    else { return nil }
    bytes = high << 32 | low
  }

  var description: String {
    String(bytes >> 32, radix: 16, uppercase: true) + "/" + String(bytes & 0xFFFF_FFFF, radix: 16, uppercase: true)
  }

  static func < (left: LogPosition, right: LogPosition) -> Bool { left.bytes < right.bytes }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }
}

/// One segment of the log on one timeline.
struct Segment: Sendable, Hashable {
  var timeline: UInt32
  /// Counted from the log's beginning: position / segment size.
  var number: UInt64

  /// `000000010000000000000003` (XLogFileName in xlog_internal.h).
  func name(size: UInt64) -> String {
    let each = 0x1_0000_0000 / size
    return hexadecimal(UInt64(timeline), 8) + hexadecimal(number / each, 8) + hexadecimal(number % each, 8)
  }
}

private func hexadecimal(_ value: UInt64, _ width: Int) -> String {
  let digits = String(value, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// What a name in a log archive stands for.
enum LogFile: Sendable, Hashable {
  case segment(Segment)
  /// Where a timeline came from.
  case history(UInt32)
  /// Where a base backup began and ended: the segment that it began in.
  case backupHistory(Segment)
  /// A segment that nobody completed.
  case partial(Segment)

  private static let compressions = [".gz", ".zst", ".zstd", ".lz4", ".xz", ".bz2"]

  /// - Parameters:
  ///   - name: Without folders; the ending of a compression may follow.
  ///   - size: Bytes of a segment.
  init?(_ name: some StringProtocol, size: UInt64) {
    var text = String(name)[...]
    for ending in LogFile.compressions where text.hasSuffix(ending) { text = text.dropLast(ending.count) }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let first = parts.first, first.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x46).contains($0) }) else { return nil }
    if first.utf8.count == 8, parts.count == 2, parts[1] == "history", let timeline = UInt32(first, radix: 16) {
      self = .history(timeline)
      return
    }
    guard first.utf8.count == 24, let segment = LogFile.segment(first, size) else { return nil }
    switch parts.dropFirst().map(String.init) {
    case []: self = .segment(segment)
    case ["partial"]: self = .partial(segment)
    case let rest where rest.count == 2 && rest[1] == "backup" && rest[0].utf8.count == 8: self = .backupHistory(segment)
    default: return nil
    }
  }

  private static func segment(_ digits: Substring, _ size: UInt64) -> Segment? {
    let each = 0x1_0000_0000 / size
    guard let timeline = UInt32(digits.prefix(8), radix: 16), let high = UInt64(digits.dropFirst(8).prefix(8), radix: 16),
      let low = UInt64(digits.suffix(8), radix: 16), low < each
    else { return nil }
    return Segment(timeline: timeline, number: high * each + low)
  }
}
