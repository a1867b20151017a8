import DrillModel
import Glibc

/// How etcd-backup-restore packed a file, as far as its head tells (pkg/compressor/types.go); gzip has been taken off before.
enum Packing: Sendable, Hashable {
  case none
  case zlib
  case lzw

  /// Unpacks `input` from its first byte to its end.
  ///
  /// - Throws: `Fault` for bytes that cannot be unpacked or read, and what `sink` throws.
  func unpack(_ input: @escaping BitReader.Refill, name: String, to sink: UnpackedSink) throws {
    do {
      try pass(input, to: sink)
    } catch PackedError.ended {
      throw Fault(.backupTruncated, "\(name) is cut: its packed bytes end before their end", advice: "Look at the job that copies it")
    } catch PackedError.damaged(let what) {
      throw Fault(.backupDamaged, "\(name) cannot be unpacked: \(what)", advice: "Look at the store and at what copies into it")
    }
  }

  /// What the head unpacks to, as far as it goes; nil when it is not packed so.
  func head(of bytes: [UInt8]) -> [UInt8]? {
    var (rest, result) = (bytes[...], [UInt8]())
    let input: BitReader.Refill = { buffer in
      let part = rest.prefix(buffer.count)
      buffer.copyBytes(from: part)
      rest = rest.dropFirst(part.count)
      return part.count
    }
    do {
      try pass(input) { result += $0 }
    } catch PackedError.ended {
      // The head is only a beginning.
    } catch {
      return nil
    }
    return result
  }

  private func pass(_ input: @escaping BitReader.Refill, to sink: UnpackedSink) throws {
    switch self {
    case .none:
      var buffer = [UInt8](repeating: 0, count: 1 << 20)
      while true {
        let count = try buffer.withUnsafeMutableBytes { try input($0) }
        if count == 0 { return }
        try buffer.withUnsafeBytes { try sink(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      }
    case .zlib:
      try ZlibUnpacker.unpack(input, to: sink)
    case .lzw:
      var (source, unpacker) = (BitReader(input), LZWUnpacker())
      try unpacker.unpack(&source, to: sink)
    }
  }
}
