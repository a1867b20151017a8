import DrillModel
import ToolRunner
import TreeKit

/// What the commands of an append-only file say about when they were written.
struct AppendOnlyScan: Sendable, Hashable {
  /// The newest time annotation (`#TS:1700000000`, aof-timestamp-enabled of Redis 7.0); nil when there is none.
  var newest: Timestamp?

  /// Walks over the commands without looking into them. What is broken is Redis's to tell; the walk just ends there. Blocks.
  ///
  /// - Throws: `Fault` with code `backup_unreadable`, or `CancellationError`.
  init(_ file: Descriptor, stop: StopFlag) throws {
    let input = ArchiveInput(file) { stop.isSet }
    while let first = try Self.byte(input) {
      guard let line = try Self.line(input) else { return }
      switch first {
      case UInt8(ascii: "#"):
        guard line.hasPrefix("TS:"), let seconds = Int64(line.dropFirst(3)), seconds > 0, seconds < 1 << 40 else { continue }
        newest = max(newest ?? Timestamp(seconds: 0), Timestamp(seconds: seconds))
      case UInt8(ascii: "*"):
        guard let count = Int(line), count > 0, try Self.skip(count, input) else { return }
      default: return
      }
    }
  }

  /// Passes over the arguments of one command; false at the end of the file or at something else.
  private static func skip(_ arguments: Int, _ input: ArchiveInput) throws -> Bool {
    for _ in 0..<arguments {
      guard try byte(input) == UInt8(ascii: "$"), let text = try line(input), let count = Int64(text), count >= 0, count < 1 << 40 else {
        return false
      }
      guard try input.pass(count + 2, to: { _ in }) else { return false }
    }
    return true
  }

  private static func byte(_ input: ArchiveInput) throws -> UInt8? { try input.some(limit: 1).first }

  /// The rest of a short line without its end; nil when there is none.
  private static func line(_ input: ArchiveInput) throws -> String? {
    var bytes: [UInt8] = []
    while bytes.count < 64, let byte = try byte(input) {
      if byte == 10 { return String(decoding: bytes.last == 13 ? bytes.dropLast() : bytes[...], as: UTF8.self) }
      bytes.append(byte)
    }
    return nil
  }
}
