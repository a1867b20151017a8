internal import CSystem
internal import DrillModel
internal import Glibc
internal import ToolRunner

/// Brings a restored tree to the disk.
package enum TreeSync {
  /// Waits until the file system that holds the tree has written everything; one call, where a sync a file would take minutes.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`.
  package static func run(_ root: String) throws {
    let directory = Descriptor(owning: open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    let status = csystem_sync_filesystem(directory.raw)
    guard status == 0 else { throw Fault(.scratchUnusable, "cannot sync \(root): \(String(cString: strerror(-status)))") }
  }
}
