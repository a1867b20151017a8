import Foundation
import Glibc

/// Host names that one program of a test knows and nobody else: a file in place of `/etc/hosts`, seen in a mount namespace of its own
/// (unshare(1)), without any name server.
package final class PrivateHosts: Sendable {
  private let folder = TemporaryFolder("dmhosts")
  private let file: String
  private let nobody: String

  /// Why there can be none here; nil when there can.
  package static let absence: String? = {
    guard geteuid() == 0 else { return "only root can give a program host names of its own" }
    let tried = try? HostProgram.run("/usr/bin/unshare", ["--mount", "/bin/sh", "-c", "mount --bind /dev/null /etc/resolv.conf"])
    return tried == nil ? "this machine lets nobody give a program host names of its own (unshare)" : nil
  }()

  package init() {
    file = folder.file("hosts", "127.0.0.1 localhost\n")
    nobody = folder.file("resolv.conf", "")
  }

  /// What starts a program that knows them. Its process id is the program's.
  package var prefix: [String] {
    let script = "mount --bind \"$1\" /etc/hosts && mount --bind \"$2\" /etc/resolv.conf && shift 2 && exec \"$@\""
    return ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", script, "sh", file, nobody]
  }

  /// Has a name lead to this machine. Programs that run already know it too.
  package func add(_ name: String) {
    // Written in place: the mount is of the file and not of its name.
    guard let handle = FileHandle(forWritingAtPath: file) else { return }
    defer { try? handle.close() }
    _ = try? handle.seekToEnd()
    try? handle.write(contentsOf: Data("127.0.0.1 \(name)\n".utf8))
  }
}
