import DrillModel
import Glibc

/// Reads a text file line by line through a buffer of 256 KiB. Belongs to one thread.
package final class LineReader {
  private let descriptor: Int32
  private let name: String
  private var buffer: [UInt8] = []
  private var position = 0
  private var isAtEnd = false

  /// - Throws: `Fault` with code `configuration` when it cannot be opened.
  package init(path: String) throws {
    name = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Fault(.configuration, "cannot open \(path): \(String(cString: strerror(errno)))") }
  }

  deinit { close(descriptor) }

  /// The next line without its end; nil at the end of the file.
  ///
  /// - Throws: `Fault` with code `configuration` when it cannot be read, or for a line of over 1 MiB.
  package func next() throws -> ArraySlice<UInt8>? {
    while true {
      if let end = buffer[position...].firstIndex(of: 10) {
        defer { position = end + 1 }
        return buffer[position..<end]
      }
      if isAtEnd {
        defer { position = buffer.count }
        return position < buffer.count ? buffer[position...] : nil
      }
      try refill()
    }
  }

  private func refill() throws {
    buffer.removeFirst(position)
    position = 0
    guard buffer.count < 1 << 20 else { throw Fault(.configuration, "\(name) has a line of over 1 MiB") }
    let more = try [UInt8](unsafeUninitializedCapacity: 1 << 18) { space, count in
      var got = -1
      repeat { got = read(descriptor, space.baseAddress, 1 << 18) } while got < 0 && errno == EINTR
      guard got >= 0 else { throw Fault(.configuration, "cannot read \(name): \(String(cString: strerror(errno)))") }
      count = got
    }
    isAtEnd = more.isEmpty
    buffer += more
  }
}
