import Foundation
import Glibc

/// The file locks that processes of this machine hold, read without trying any: a lock that we held for a moment could keep production's own
/// job from getting it.
enum HeldLocks {
  /// Whether a process holds a lock of flock(2) on the file. False for a file that is not there or may not be looked at, and for a lock
  /// that is held on another machine.
  ///
  /// - Parameter table: What `/proc/locks` says (proc(5)).
  static func hold(_ path: String, table: String? = nil) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    let device = UInt64(status.st_dev)
    let (major, minor) = (device >> 8 & 0xFFF | device >> 32 & ~0xFFF, device & 0xFF | device >> 12 & ~0xFF)
    let lines = (table ?? (try? String(contentsOfFile: "/proc/locks", encoding: .utf8)) ?? "").split(separator: "\n")
    return lines.contains { line in
      // `1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF`; one that waits has an arrow for its kind.
      let fields = line.split(separator: " ")
      guard fields.count > 5, fields[1] == "FLOCK" else { return false }
      let file = fields[5].split(separator: ":")
      return file.count == 3 && UInt64(file[0], radix: 16) == major && UInt64(file[1], radix: 16) == minor
        && UInt64(file[2]) == UInt64(status.st_ino)
    }
  }
}
