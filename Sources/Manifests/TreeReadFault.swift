package import DrillModel
import Glibc

/// What a failed look at a tree of files says: of the files where their file system itself is damaged, else of what is ours.
package enum TreeReadFault {
  /// What ext4, XFS and Btrfs answer for structures that cannot be right (`EFSCORRUPTED`) and for those whose checksum does not fit
  /// (`EFSBADCRC`; include/linux/fs.h and fs/xfs/xfs_linux.h). `EIO` is what a device's own failure becomes, so it says nothing of what is on it.
  package static func isDamage(_ code: Int32) -> Bool { code == EUCLEAN || code == EBADMSG }

  /// The fault for the error that the last call left behind (`errno`).
  ///
  /// - Parameter what: `cannot open etc/passwd in /scratch`.
  package static func of(_ what: String) -> Fault { of(what, errno) }

  static func of(_ what: String, _ code: Int32) -> Fault {
    let words = "\(what): \(String(cString: strerror(code)))"
    if isDamage(code) {
      return Fault(.backupDamaged, "\(words); the file system is damaged there", advice: "See dmesg, and whether older backups are too")
    }
    if code == EIO { return Fault(.scratchUnusable, words, advice: "See dmesg: the device failed, which says nothing of what is on it") }
    return Fault(.permissionDenied, words)
  }
}
