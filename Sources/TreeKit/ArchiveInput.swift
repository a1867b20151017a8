internal import DrillModel
internal import Glibc
package import ToolRunner

/// Reads an archive's bytes in order through one buffer. Belongs to one thread.
package final class ArchiveInput {
  private let descriptor: Descriptor
  private let buffer: UnsafeMutableRawBufferPointer
  private var position = 0
  private var end = 0
  /// Bytes taken so far.
  package private(set) var offset: Int64 = 0
  private let isCancelled: @Sendable () -> Bool

  /// - Parameter beginning: What was read of the descriptor already, at most 2 MiB.
  package init(_ descriptor: Descriptor, beginning: [UInt8] = [], isCancelled: @escaping @Sendable () -> Bool) {
    precondition(beginning.count <= 2 << 20, "a beginning fits the buffer")
    self.descriptor = descriptor
    self.isCancelled = isCancelled
    buffer = .allocate(byteCount: beginning.isEmpty ? 1 << 20 : 2 << 20, alignment: 4096)
    buffer.copyBytes(from: beginning)
    end = beginning.count
  }

  deinit { buffer.deallocate() }

  /// The next bytes that are at hand, at most `limit`; empty at the end. Valid until the next call.
  ///
  /// - Throws: `Fault` with code `backup_unreadable`, or `CancellationError`.
  package func some(limit: Int64) throws -> UnsafeRawBufferPointer {
    if position == end { try refill() }
    let count = Int(min(limit, Int64(end - position)))
    defer {
      position += count
      offset += Int64(count)
    }
    return UnsafeRawBufferPointer(rebasing: buffer[position..<position + count])
  }

  private func refill() throws {
    if isCancelled() { throw CancellationError() }
    position = 0
    end = 0
    while true {
      let count = read(descriptor.raw, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw Fault(.backupUnreadable, "reading the backup failed: \(String(cString: strerror(errno)))", isTransient: true)
      }
      end = count
      return
    }
  }

  /// What lies in the buffer and was not taken; valid until the next call.
  package var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[position..<end]) }

  /// Exactly `count` bytes, or fewer at the end.
  package func exactly(_ count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let part = try some(limit: Int64(count - bytes.count))
      if part.isEmpty { break }
      bytes += part
    }
    return bytes
  }

  /// Hands over `count` bytes; false when the input ends before.
  package func pass(_ count: Int64, to body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
    var left = count
    while left > 0 {
      let part = try some(limit: left)
      if part.isEmpty { return false }
      left -= Int64(part.count)
      try body(part)
    }
    return true
  }
}
