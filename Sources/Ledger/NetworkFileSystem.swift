internal import DrillModel
internal import Foundation
internal import Glibc

/// Tells file systems whose locks do not hold between machines, on which SQLite's log and our run locks are not safe.
package enum NetworkFileSystem {
  /// Types as the kernel lists them in /proc/self/mountinfo.
  private static let types: Set<String> = [
    "nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "9p", "afs", "coda", "ncpfs", "ceph", "lustre", "gpfs", "gfs2", "ocfs2", "beegfs",
    "panfs", "orangefs", "pvfs2", "glusterfs", "davfs",
  ]
  /// FUSE file systems that are a local disk underneath; every other one is taken for a network.
  private static let localFuse: Set<String> = ["fuse", "fuseblk", "fuse.fuse-overlayfs", "fuse.ntfs-3g", "fuse.bindfs"]

  /// Whether a file system of this type may hold a ledger.
  package static func isNetwork(type: String) -> Bool {
    type.hasPrefix("fuse") ? !localFuse.contains(type) : types.contains(type)
  }

  /// - Throws: `Fault` when `directory` lies on a network file system. Where the kernel does not tell, nothing is refused.
  static func refuse(_ directory: String) throws {
    guard let type = mountedType(of: directory), isNetwork(type: type) else { return }
    throw Fault(
      .ledgerUnusable, "the ledger's directory \(directory) lies on a network file system (\(type)), where locks do not hold",
      advice: "Put the ledger on a local disk (ledger: in drillmark.yaml)")
  }

  private static func mountedType(of directory: String) -> String? {
    var status = stat()
    guard stat(directory, &status) == 0, let table = FileManager.default.contents(atPath: "/proc/self/mountinfo") else { return nil }
    return type(device: deviceNumber(UInt64(status.st_dev)), in: String(decoding: table, as: UTF8.self))
  }

  /// The type of the mount with this `major:minor`; fields as in proc(5): `… major:minor root point options … - type source options`.
  package static func type(device: String, in table: String) -> String? {
    for line in table.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 6, fields[2] == device, let dash = fields.firstIndex(of: "-"), dash + 1 < fields.count else { continue }
      return String(fields[dash + 1])
    }
    return nil
  }

  // How glibc packs a device number (sys/sysmacros.h).
  private static func deviceNumber(_ device: UInt64) -> String {
    let major = (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000
    let minor = device & 0xFF | (device >> 12) & 0xFFFF_FF00
    return "\(major):\(minor)"
  }
}
