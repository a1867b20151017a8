import CSystem
import DrillModel
import Glibc
import ToolRunner

/// Brings a restored tree to the disk.
enum TreeSync {
  /// Waits until the file system that holds the tree has written everything; one call, where a sync a file would take minutes.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`.
  static func run(_ root: String) throws {
    let directory = Descriptor(owning: open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    let status = csystem_sync_filesystem(directory.raw)
    guard status == 0 else { throw Fault(.scratchUnusable, "cannot sync \(root): \(String(cString: strerror(-status)))") }
  }
}
