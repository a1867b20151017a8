import DrillModel
import Glibc
import ToolRunner

/// Writes decoded content to a file in the scratch directory, for engines that must read it at any offset.
enum Spool {
  /// Moves everything from the pipe to a new file.
  ///
  /// - Returns: Bytes written.
  /// - Throws: `Fault` with code `no_space` or `scratch_unusable`.
  static func write(_ content: Descriptor, to path: String) async throws -> Int64 {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard file >= 0 else { throw unusable(path, errno) }
    let target = Descriptor(owning: file)
    return try await onThread("spool") {
      var total: Int64 = 0
      try withUnsafeTemporaryAllocation(byteCount: 1 << 20, alignment: 4096) { buffer in
        while true {
          let count = read(content.raw, buffer.baseAddress, buffer.count)
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { break }
          var written = 0
          while written < count {
            let step = Glibc.write(target.raw, buffer.baseAddress?.advanced(by: written), count - written)
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw unusable(path, errno) }
            written += step
          }
          total += Int64(count)
        }
      }
      guard fsync(target.raw) == 0 else { throw unusable(path, errno) }
      return total
    }
  }

  private static func unusable(_ path: String, _ code: Int32) -> Fault {
    let isFull = code == ENOSPC || code == EDQUOT
    return Fault(
      isFull ? .noSpace : .scratchUnusable, "the backup cannot be unpacked to \(path): \(String(cString: strerror(code)))",
      advice: "Check scratch.directory in the site file and its free space")
  }
}
