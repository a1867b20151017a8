import Glibc
import ToolRunner

/// Files that the kernel makes up, and devices, which have no length to go by.
enum KernelFile {
  /// The first bytes of a file, fewer where it is shorter; nil when it cannot be read, with errno saying why. Blocks.
  static func bytes(_ path: String, limit: Int) -> [UInt8]? {
    let file = Descriptor(owning: open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK))
    guard file.raw >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: limit)
    var end = 0
    while end < limit {
      let count = bytes.withUnsafeMutableBytes { read(file.raw, $0.baseAddress?.advanced(by: end), limit - end) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      end += count
    }
    return Array(bytes.prefix(end))
  }

  /// The same as text.
  static func text(_ path: String, limit: Int) -> String? { bytes(path, limit: limit).map { String(decoding: $0, as: UTF8.self) } }
}
