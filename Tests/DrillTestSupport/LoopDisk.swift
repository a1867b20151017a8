import Foundation
import Glibc
import Synchronization

/// A disk of a test's own that can be plugged in and out: a loop device over an image with a real file system. Only what sysfs says of it is
/// a stand-in, below a root of its own (`DRILLMARK_HARDWARE_ROOT`): no test machine has an NVMe disk of EBS. It goes with the value.
package final class LoopDisk: Sendable {
  /// How the kernel shows an EBS volume.
  package enum Manner: Sendable {
    /// As on Nitro instances, with the volume's id as serial number.
    case nvme
    /// As on Xen instances, under the name that EC2 was given.
    case xen
  }

  package enum FileSystem: Sendable { case ext4, xfs }

  package static let gibibytes = 20
  private static let partitionStart = 1 << 20

  private let folder = TemporaryFolder("disk")
  private let disk: String
  /// Over the partition alone.
  private let part: String?
  /// The partition's.
  private let number: Int?
  private let manner: Manner
  private let plugged = Mutex<String?>(nil)

  /// Why there can be none here; nil when there can.
  package static let absence: String? = {
    guard geteuid() == 0 else { return "only root can mount" }
    guard access("/dev/loop-control", W_OK) == 0 else { return "this machine has no loop devices" }
    return LoopDisk(files: ["a": "b"]) == nil ? "a file system in a loop device cannot be made and mounted here" : nil
  }()

  /// Why there can be none with XFS.
  package static let xfsAbsence: String? =
    absence
    ?? (LoopDisk(files: ["a": "b"], fileSystem: .xfs) == nil ? "an XFS file system cannot be made and mounted here (xfsprogs)" : nil)

  /// Nil when the machine cannot have one.
  ///
  /// - Parameters:
  ///   - files: What lies in the file system, by path.
  ///   - partition: Its number, when the disk has partitions.
  ///   - change: Is given the image's path before it becomes a disk.
  package init?(
    files: [String: String], fileSystem: FileSystem = .ext4, partition: Int? = nil, manner: Manner = .nvme,
    change: (String) throws -> Void = { _ in }
  ) {
    self.manner = manner
    let (image, tree) = ("\(folder.path)/image", "\(folder.path)/tree")
    do {
      for (name, text) in files {
        let path = "\(tree)/\(name)"
        let parent = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex))
        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      }
      switch fileSystem {
      case .ext4: try HostProgram.run("/usr/sbin/mkfs.ext4", ["-q", "-F", "-d", tree, image, "8M"])
      // The smallest that mkfs.xfs makes; a sparse file.
      case .xfs:
        let script = "truncate -s 300M $1; mkfs.xfs -q $1; mkdir $2.at; mount -o loop $1 $2.at; cp -r $2/. $2.at/; umount $2.at"
        try HostProgram.run("/bin/sh", ["-euc", script, "sh", image, tree])
      }
      try change(image)
      if partition != nil { try LoopDisk.partition(image) }
      disk = try LoopDisk.loop(image, from: 0)
      part = try partition.map { _ in try LoopDisk.loop(image, from: LoopDisk.partitionStart) }
    } catch { return nil }
    number = partition
    for name in ["sys/block", "dev"] {
      try? FileManager.default.createDirectory(atPath: "\(root)/\(name)", withIntermediateDirectories: true)
    }
  }

  deinit {
    for device in [part, disk].compactMap(\.self) { _ = try? HostProgram.run("/usr/sbin/losetup", ["-d", device]) }
  }

  package var root: String { "\(folder.path)/hardware" }
  package var bytes: [UInt8] { TextFile.bytes("\(folder.path)/image") }

  /// Where it is mounted.
  package var mountPoints: [String] {
    let numbers = Set([disk, part].compactMap(\.self).map(LoopDisk.number))
    return TextFile.read("/proc/self/mountinfo").split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      return numbers.contains(String(fields[2])) ? String(fields[4]) : nil
    }
  }

  /// The options of its mount.
  package var mountOptions: Set<String> {
    let line = TextFile.read("/proc/self/mountinfo").split(separator: "\n").first { $0.contains(" \(LoopDisk.number(part ?? disk)) ") }
    return Set(line?.split(separator: " ")[5].split(separator: ",").map(String.init) ?? [])
  }

  /// Has the kernel show it as a volume that EC2 attached under a name.
  package func plug(_ volume: String, as device: String) {
    let name = manner == .nvme ? "nvme1n1" : "xvd\(device.suffix(1))"
    let sectors = "\(LoopDisk.gibibytes << 21)"
    show(name, disk, below: "sys/block/\(name)", ["size": sectors])
    if manner == .nvme {
      let serial = volume.replacing("-", with: "") + "   "
      write(["serial": serial, "model": "Amazon Elastic Block Store     "], below: "sys/block/\(name)/device")
    }
    if let part, let number {
      let partName = manner == .nvme ? "\(name)p\(number)" : "\(name)\(number)"
      show(partName, part, below: "sys/block/\(name)/\(partName)", ["partition": "\(number)"])
    }
    plugged.withLock { $0 = name }
  }

  /// Has it vanish.
  package func unplug() {
    guard let name = plugged.withLock({ $0 }) else { return }
    try? FileManager.default.removeItem(atPath: "\(root)/sys/block/\(name)")
    for node in (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/dev")) ?? [] where node.hasPrefix(name) {
      unlink("\(root)/dev/\(node)")
    }
    plugged.withLock { $0 = nil }
  }

  /// Has the kernel show another disk, which is this one by its node, under a name and with a serial number.
  package func decoy(_ name: String, serial: String? = nil) {
    show(name, disk, below: "sys/block/\(name)", ["size": "\(LoopDisk.gibibytes << 21)"])
    if let serial { write(["serial": serial, "model": "Amazon Elastic Block Store"], below: "sys/block/\(name)/device") }
  }

  private func show(_ name: String, _ device: String, below path: String, _ more: [String: String]) {
    write(more.merging(["dev": LoopDisk.number(device)]) { $1 }, below: path)
    symlink(device, "\(root)/dev/\(name)")
  }

  private func write(_ files: [String: String], below path: String) {
    try? FileManager.default.createDirectory(atPath: "\(root)/\(path)", withIntermediateDirectories: true)
    for (name, text) in files { try? Data("\(text)\n".utf8).write(to: URL(fileURLWithPath: "\(root)/\(path)/\(name)")) }
  }

  private static func loop(_ image: String, from offset: Int) throws -> String {
    let said = try HostProgram.run("/usr/sbin/losetup", ["-f", "--show", "-o", "\(offset)", image])
    return said.filter { !$0.isNewline }
  }

  /// `7:3` of `/dev/loop3`.
  private static func number(_ device: String) -> String { "7:\(device.dropFirst("/dev/loop".count))" }

  /// Puts a table with one partition before the file system (the master boot record's signature is all that is looked at).
  private static func partition(_ image: String) throws {
    var head = Data(count: partitionStart)
    (head[510], head[511]) = (0x55, 0xAA)
    try (head + Data(contentsOf: URL(fileURLWithPath: image))).write(to: URL(fileURLWithPath: image))
  }
}
