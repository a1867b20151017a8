internal import CSystem
internal import DrillModel
internal import Glibc

/// A user and group that belong to nobody else while this object lives.
package final class ClaimedUser: Sendable {
  package let user: Box.User
  private let lock: Descriptor

  init(user: Box.User, lock: Descriptor) {
    self.user = user
    self.lock = lock
  }
}

/// Numbers for users that exist only while a run uses them.
package enum BoxUsers {
  /// The range that systemd sets aside for dynamic users (systemd's UIDS-GIDS), which no distribution gives to people or services.
  static let range: ClosedRange<UInt32> = 61184...65519

  /// Claims a user without a passwd entry and without any process; nil when we are not root and can become nobody.
  ///
  /// - Parameter lockDirectory: on a local filesystem, the same for all that run on this machine; made when it is missing.
  /// - Throws: `Fault` with code `isolation_missing`.
  package static func claim(lockDirectory: String) throws -> ClaimedUser? {
    guard geteuid() == 0 else { return nil }
    let missing = missingCapabilities(String(decoding: contents(of: "/proc/self/status") ?? [], as: UTF8.self))
    guard missing.isEmpty else {
      throw Fault(
        .isolationMissing,
        "Drillmark runs as root without the capabilities to use users of its own, and to end their processes: "
          + missing.joined(separator: ", "), advice: Isolation.neededCapabilities)
    }
    if mkdir(lockDirectory, 0o700) != 0, errno != EEXIST {
      throw Fault(.isolationMissing, "\(lockDirectory) for the locks of box users could not be made: \(systemMessage(errno))")
    }
    let first = UInt32.random(in: range)
    for offset in 0..<UInt32(range.count) {
      let uid = range.lowerBound + (first - range.lowerBound + offset) % UInt32(range.count)
      guard let lock = try lock("\(lockDirectory)/\(uid).lock") else { continue }
      if !hasEntry(uid), !hasProcess(uid) { return ClaimedUser(user: Box.User(uid: uid, gid: uid), lock: lock) }
    }
    throw Fault(
      .isolationMissing, "no free user is left between \(range.lowerBound) and \(range.upperBound)",
      advice: "Look for what runs there: ps -eo uid,pid,args")
  }

  /// Which capabilities that it takes to make, use and end a box user's processes are not effective by this /proc/PID/status (proc(5),
  /// capability.h); none where it does not tell.
  static func missingCapabilities(_ status: String) -> [String] {
    guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("CapEff:") }),
      let effective = UInt64(line.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16)
    else { return [] }
    let needed: [(bit: UInt64, name: String)] = [(0, "chown"), (5, "kill"), (6, "setgid"), (7, "setuid")]
    return needed.filter { effective & 1 << $0.bit == 0 }.map(\.name)
  }

  /// The first directory above `path` that a user without any rights of its own cannot search; one that is not there counts as closed.
  package static func closedDirectory(above path: String) -> String? {
    var parent = ""
    for part in path.split(separator: "/").dropLast() {
      parent += "/\(part)"
      var status = stat()
      guard stat(parent, &status) == 0, status.st_mode & 0o001 != 0 else { return parent }
    }
    return nil
  }

  /// The lock, or nil when somebody holds it.
  private static func lock(_ path: String) throws -> Descriptor? {
    do {
      let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
      return csystem_try_lock(file.raw, 0) == 0 ? file : nil
    } catch {
      throw Fault(.isolationMissing, "the lock \(path) could not be opened: \(error.message)")
    }
  }

  private static func hasEntry(_ uid: UInt32) -> Bool {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 << 10)
    _ = getpwuid_r(uid, &entry, &buffer, buffer.count, &found)
    return found != nil
  }

  private static func hasProcess(_ uid: UInt32) -> Bool {
    processNumbers().contains { pid in
      let status = String(decoding: contents(of: "/proc/\(pid)/status") ?? [], as: UTF8.self)
      guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Uid:") }) else { return false }
      return line.dropFirst(4).split(separator: "\t").contains { UInt32($0) == uid }
    }
  }
}
