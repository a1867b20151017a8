import CZlib

/// Undoes zlib's format (RFC 1950), with zlib itself.
struct ZlibUnpacker {
  /// Whether these first two bytes can be zlib's (RFC 1950 section 2.2).
  static func recognises(_ head: [UInt8]) -> Bool {
    guard head.count >= 2 else { return false }
    return head[0] & 15 == 8 && head[0] >> 4 <= 7 && head[1] & 0x20 == 0 && (Int(head[0]) << 8 | Int(head[1])) % 31 == 0
  }

  /// Unpacks all of `source` into `sink`, which gets what there is of a source that is cut, too, and compares the checksum.
  ///
  /// - Throws: `PackedError`, and what `source` and `sink` throw.
  static func unpack(_ source: BitReader.Refill, to sink: UnpackedSink) throws {
    var stream = z_stream()
    guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw PackedError.damaged("zlib cannot be started")
    }
    defer { inflateEnd(&stream) }
    var (input, output) = ([UInt8](repeating: 0, count: 64 << 10), [UInt8](repeating: 0, count: 256 << 10))
    while true {
      let count = try input.withUnsafeMutableBytes { try source($0) }
      if count == 0 { throw PackedError.ended }
      let isEnd = try input.withUnsafeMutableBufferPointer { bytes in
        stream.next_in = bytes.baseAddress
        stream.avail_in = UInt32(count)
        return try drain(&stream, &output, sink)
      }
      if isEnd { return }
    }
  }

  /// Inflates what there is of the input.
  ///
  /// - Returns: Whether the stream's end was reached.
  private static func drain(_ stream: inout z_stream, _ output: inout [UInt8], _ sink: UnpackedSink) throws -> Bool {
    var status = Z_OK
    repeat {
      let made = output.withUnsafeMutableBufferPointer { bytes in
        stream.next_out = bytes.baseAddress
        stream.avail_out = UInt32(bytes.count)
        status = inflate(&stream, Z_NO_FLUSH)
        return bytes.count - Int(stream.avail_out)
      }
      try output.withUnsafeBytes { try sink(UnsafeRawBufferPointer(rebasing: $0[..<made])) }
      guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else {
        throw PackedError.damaged("zlib says: \(stream.msg.map { String(cString: $0) } ?? "error \(status)")")
      }
    } while status == Z_OK && stream.avail_out == 0
    return status == Z_STREAM_END
  }
}
