internal import CSystem
internal import DrillModel

/// The filesystem that a path lies on.
package struct Space: Sendable, Hashable {
  /// Bytes that an unprivileged user may still take.
  package var free: Int64
  package var total: Int64
  /// `ext4`, `nfs`, or the magic number in hexadecimal.
  package var filesystem: String
  /// Whether other machines may write there too, so that locks and durability cannot be trusted.
  package var isNetwork: Bool

  /// Looks at the filesystem of an existing path.
  ///
  /// - Throws: `Fault` with code `scratch_unusable`.
  package init(of path: String) throws {
    var found = csystem_filesystem()
    let status = csystem_filesystem(path, &found)
    guard status == 0 else { throw Fault(.scratchUnusable, "the filesystem of \(path) cannot be looked at: \(systemMessage(-status))") }
    free = Int64(clamping: found.free_bytes)
    total = Int64(clamping: found.total_bytes)
    let known = Space.names[found.type]
    filesystem = known ?? "0x\(String(found.type, radix: 16))"
    isNetwork = known.map { Space.networks.contains($0) } ?? false
  }

  private static let networks: Set<String> = ["nfs", "smb", "cifs", "smb2", "ceph", "9p", "afs", "fuse", "lustre", "gfs2", "ocfs2"]

  /// linux/magic.h and statfs(2). A FUSE filesystem may be anything, an object store for one.
  private static let names: [UInt64: String] = [
    0xEF53: "ext4", 0x5846_5342: "xfs", 0x9123_683E: "btrfs", 0x2FC1_2FC1: "zfs", 0x0102_1994: "tmpfs", 0x8584_58F6: "ramfs",
    0xF2F5_2010: "f2fs", 0x794C_7630: "overlayfs", 0x6969: "nfs", 0x517B: "smb", 0xFF53_4D42: "cifs", 0xFE53_4D42: "smb2",
    0x00C3_6400: "ceph", 0x0102_1997: "9p", 0x5346_414F: "afs", 0x6573_5546: "fuse", 0x0BD0_0BD0: "lustre", 0x0116_1970: "gfs2",
    0x7461_636F: "ocfs2", 0x4D44: "vfat", 0x2011_BAB0: "exfat", 0x7366_746E: "ntfs3", 0x7371_7368: "squashfs", 0xCA45_1A4E: "bcachefs",
  ]
}
