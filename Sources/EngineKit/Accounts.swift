import DrillModel
import Glibc
package import ToolRunner

/// Files and directories that belong to a box's user.
package enum Accounts {
  /// The user that owns nothing, of every Debian and Red Hat.
  package static var nobody: Box.User {
    guard let entry = getpwnam("nobody") else { return Box.User(uid: 65534, gid: 65534) }
    return Box.User(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
  }

  /// Makes a directory and gives it away; `owner` nil keeps it.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`, also when it is there already.
  package static func makeDirectory(_ path: String, owner: Box.User?, mode: UInt32) throws {
    guard mkdir(path, mode) == 0, chmod(path, mode) == 0 else { throw unusable("cannot make the directory \(path)") }
    if let owner, chown(path, owner.uid, owner.gid) != 0 { throw unusable("cannot give \(path) to user \(owner.uid)") }
  }

  /// Writes a new file that only its owner reads.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`, also when it is there already.
  package static func writeFile(_ path: String, _ text: String, owner: Box.User?) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw unusable("cannot write \(path)") }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard write(file, bytes, bytes.count) == bytes.count else { throw unusable("cannot write \(path)") }
    if let owner, fchown(file, owner.uid, owner.gid) != 0 { throw unusable("cannot give \(path) to user \(owner.uid)") }
  }

  /// Whether a user without any rights of its own can search every directory above `path`.
  package static func isReachable(_ path: String) -> Bool { unreachableParent(of: path) == nil }

  /// The first directory above `path` that others cannot search.
  package static func unreachableParent(of path: String) -> String? { BoxUsers.closedDirectory(above: path) }

  /// Whether such a user can read the file or directory itself.
  package static func isReadable(_ path: String) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    let isDirectory = status.st_mode & S_IFMT == S_IFDIR
    return status.st_mode & 0o004 != 0 && (!isDirectory || status.st_mode & 0o001 != 0) && isReachable(path)
  }

  private static func unusable(_ what: String) -> Fault {
    let code = errno
    let advice =
      switch code {
      case ENOSPC, EDQUOT: "Free space, or set scratch.directory elsewhere"
      case EPERM, EACCES: geteuid() == 0 ? Isolation.neededCapabilities : "Check the owner and mode of scratch.directory"
      default: "Check scratch.directory"
      }
    let kind: FaultCode = code == ENOSPC || code == EDQUOT ? .noSpace : .scratchUnusable
    return Fault(kind, "\(what): \(String(cString: strerror(code)))", advice: advice)
  }
}
