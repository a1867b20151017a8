import ToolRunner

/// A stream whose beginning was read ahead.
final class HeadedInput {
  let head: [UInt8]
  private let input: Descriptor
  private let stop: StopFlag
  private var given = 0
  private static let headBytes = 64 << 10

  /// Reads the head. Blocks.
  ///
  /// - Throws: as `StopFlag.read`.
  init(_ input: Descriptor, _ stop: StopFlag) throws {
    var (head, count) = ([UInt8](repeating: 0, count: Self.headBytes), 0)
    while count < head.count {
      let got = try head[count...].withUnsafeMutableBytes { try stop.read(input, into: $0) }
      if got == 0 { break }
      count += got
    }
    self.head = Array(head.prefix(count))
    self.input = input
    self.stop = stop
  }

  /// The next bytes, the head first; 0 at the end.
  func read(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard given < head.count else { return try stop.read(input, into: buffer) }
    let part = head[given...].prefix(buffer.count)
    buffer.copyBytes(from: part)
    given += part.count
    return part.count
  }
}
