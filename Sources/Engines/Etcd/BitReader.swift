/// Reads a stream of bytes as bits, the lowest of each byte first, from wherever `refill` gets them.
struct BitReader {
  /// Fills the buffer and says how many bytes it put there; 0 at the end.
  typealias Refill = (UnsafeMutableRawBufferPointer) throws -> Int

  private let refill: Refill
  private var buffer: [UInt8]
  private var position = 0
  private var end = 0
  private var bits: UInt64 = 0
  private var count = 0

  init(_ refill: @escaping Refill) {
    self.refill = refill
    buffer = [UInt8](repeating: 0, count: 64 << 10)
  }

  /// The next `width` bits (at most 32) as a number.
  ///
  /// - Throws: `PackedError.ended` when the stream ends inside them.
  mutating func take(_ width: Int) throws -> Int {
    try ensure(width)
    let value = Int(bits & (1 << UInt64(width) - 1))
    drop(width)
    return value
  }

  private mutating func ensure(_ width: Int) throws {
    while count < width {
      guard let byte = try nextByte() else { throw PackedError.ended }
      push(byte)
    }
  }

  private mutating func push(_ byte: UInt8) {
    bits |= UInt64(byte) << UInt64(count)
    count += 8
  }

  private mutating func drop(_ width: Int) {
    bits >>= UInt64(width)
    count -= width
  }

  private mutating func nextByte() throws -> UInt8? {
    if position == end {
      let refill = refill
      end = try buffer.withUnsafeMutableBytes { try refill($0) }
      position = 0
      if end == 0 { return nil }
    }
    defer { position += 1 }
    return buffer[position]
  }
}

/// Why packed bytes cannot be unpacked.
enum PackedError: Error, Hashable {
  case ended
  case damaged(String)
}

/// Where unpacked bytes go.
typealias UnpackedSink = (UnsafeRawBufferPointer) throws -> Void
