import CSystem
import DrillModel
import Glibc
import PostgreSQLKit
import ToolRunner

/// How a dump's code is kept from this host, as far as this machine and our rights allow.
struct RunIsolation {
  private let isRoot: Bool
  private let landlock: Int

  /// - Throws: `Fault` with code `isolation_missing` when there is nothing that keeps a dump in.
  init() throws {
    isRoot = geteuid() == 0
    landlock = Int(csystem_landlock_abi())
    guard isRoot || landlock > 0 else {
      throw Fault(
        .isolationMissing, "this kernel has no Landlock and we are not root, so a dump's code could not be kept from this host",
        advice: "Run as root, or on Linux 5.13 or newer with Landlock switched on")
    }
  }

  /// Only with a user of its own and Landlock could a superuser of the scratch server reach nothing.
  var holdsSuperuser: Bool { isRoot && landlock > 0 }

  var description: String {
    switch (isRoot, landlock > 0) {
    case (true, true): "a user of its own, Landlock \(landlock), no network"
    case (true, false): "a user of its own, no Landlock on this kernel"
    case (false, _): "Landlock \(landlock), no user of its own because we are not root"
    }
  }

  static let superuserRefused = Fault(
    .isolationMissing, "`superuser: true` needs root and a kernel with Landlock, which are not both here",
    advice: "Run as root on Linux 5.13 or newer, or leave the key out")

  /// - Throws: `Fault` when the run's user could not reach its own directory.
  func confinement(in directory: String) throws -> Confinement {
    guard isRoot else { return Confinement(user: nil, isBoxed: true, holdsSuperuser: false) }
    if let parent = Accounts.unreachableParent(of: "\(directory)/data") {
      throw Fault(
        .scratchUnusable, "the scratch directory cannot be reached by the run's own user: \(parent) is closed to others",
        advice: "Open it for passing through (chmod o+x \(parent)), or set scratch.directory elsewhere")
    }
    return Confinement(user: RunIsolation.freeUser(), isBoxed: true, holdsSuperuser: holdsSuperuser)
  }

  /// A user number from the range that systemd keeps for such use, which no account and no process has.
  private static func freeUser() -> Box.User {
    while true {
      let uid = UInt32.random(in: 61_184...65_519)
      if getpwuid(uid) == nil, getgrgid(uid) == nil, !hasProcess(uid) { return Box.User(uid: uid, gid: uid) }
    }
  }

  private static func hasProcess(_ uid: UInt32) -> Bool {
    guard let directory = opendir("/proc") else { return false }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      var status = stat()
      if name.first?.isNumber == true, stat("/proc/\(name)", &status) == 0, status.st_uid == uid { return true }
    }
    return false
  }
}
