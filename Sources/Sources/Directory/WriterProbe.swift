internal import Glibc
import ToolRunner

/// Tells whether some process has a file open for writing.
///
/// A read lease is granted only while nobody has (fcntl(2), "Leases"); it is given back at once. Where leases are unknown (network file
/// systems) or not ours to take (another user's file) the answer is no: age and size must do.
enum WriterProbe {
  // Linux's numbers (F_LINUX_SPECIFIC_BASE and what follows), which the C library shows only to GNU programs.
  private static let setLease: Int32 = 1024
  private static let setSignal: Int32 = 10

  static func isWritten(_ name: [UInt8], in folder: Descriptor) -> Bool {
    let raw = openat(folder.raw, cString(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
    guard raw >= 0 else { return errno == EWOULDBLOCK }
    defer { close(raw) }
    // A writer that comes while we hold the lease makes the kernel send a signal, by default one that would end us.
    guard fcntl(raw, setSignal, SIGURG) == 0 else { return false }
    if fcntl(raw, setLease, F_RDLCK) == 0 {
      _ = fcntl(raw, setLease, F_UNLCK)
      return false
    }
    return errno == EAGAIN
  }
}
