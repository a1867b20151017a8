import DrillModel
import Glibc

/// Brings a restored tree to the disk.
enum TreeSync {
  /// Waits until everything written so far is on the disk.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`.
  static func run(_ root: String) throws {
    Glibc.sync()
    let directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(directory) }
    guard directory >= 0, fsync(directory) == 0 else {
      throw Fault(.scratchUnusable, "cannot sync \(root): \(String(cString: strerror(errno)))")
    }
  }
}
