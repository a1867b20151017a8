import CSystem
package import DrillModel
import Glibc

/// By what a file is known to have changed: another file under its name, another size, or a later change.
package struct FileStamp: Sendable, Hashable {
  package let inode: UInt64
  /// In bytes.
  package let size: Int64
  package let modified: Timestamp

  /// Looks at the file that `path` leads to; nil when there is none.
  package init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    modified = Timestamp(
      milliseconds: csystem_modified_seconds(&status) * 1000 + csystem_modified_nanoseconds(&status) / 1_000_000)
  }
}
