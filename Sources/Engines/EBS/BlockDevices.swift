import AWSKit
import DrillModel
import Glibc
import ToolRunner

/// The block devices of this machine, as its kernel tells of them in sysfs.
struct BlockDevices: Sendable {
  /// Stands before `/sys` and `/dev`: empty, but for tests, which have no such hardware.
  private let root: String
  /// How long an attached volume may take to show.
  private static let patience = Duration.seconds(60)

  init(root: String = "") { self.root = root }

  /// Debug builds take another root from `DRILLMARK_HARDWARE_ROOT`.
  static func ofThisMachine(_ environment: [String: String]) -> BlockDevices {
    #if DEBUG
      return BlockDevices(root: environment["DRILLMARK_HARDWARE_ROOT"] ?? "")
    #else
      return BlockDevices()
    #endif
  }

  /// A disk or one of its partitions.
  struct Device: Sendable, Hashable {
    /// `nvme1n1p1`.
    var name: String
    /// Its node: `/dev/nvme1n1p1`.
    var path: String
    /// Major and minor: `259:3`.
    var number: String
  }

  /// What is looked for.
  struct Wanted: Sendable, Hashable {
    /// `vol-0123456789abcdef0`.
    var volume: String
    var gibibytes: Int?
    /// The name that EC2 attached it under: `/dev/sdf`.
    var name: String
    /// The disks that were there before it was attached, none of which can be it.
    var before: Set<String>
  }

  /// The names of all disks, partitions not among them.
  func names() -> Set<String> { Set(entries("\(root)/sys/block")) }

  /// Waits until the kernel shows an attached volume, and gives it, or its partition of that number.
  ///
  /// - Throws: `Fault` when it does not come, or has no such partition.
  func wait(for wanted: Wanted, partition: Int?, pace: Pace) async throws -> Device {
    var waited = Duration.zero
    while waited < BlockDevices.patience {
      if let disk = find(wanted) {
        guard let partition else { return try confirmed(disk) }
        if let part = self.partition(partition, of: disk) { return try confirmed(part) }
        // Partitions are read a moment after the disk is there.
        if waited >= .seconds(5) { throw noPartition(partition, of: disk) }
      }
      try await pace.sleep(.milliseconds(500))
      waited += .milliseconds(500)
    }
    throw Fault(
      .scratchUnusable, "EC2 says that \(wanted.volume) is attached as \(wanted.name), and this machine's kernel shows no such disk",
      advice: "See lsblk and dmesg; in a container, /sys and /dev must be the host's")
  }

  /// The disk that is the volume. On Nitro instances it carries the volume's id as its serial number; on Xen ones it is the disk under that
  /// name, or what Linux makes of the name, that was not there before and has the volume's size.
  private func find(_ wanted: Wanted) -> String? {
    let disks = names()
    let serial = wanted.volume.replacing("-", with: "")
    let bySerial = disks.filter {
      text("sys/block/\($0)/device/serial") == serial && text("sys/block/\($0)/device/model").hasPrefix("Amazon")
    }
    if let found = bySerial.first { return bySerial.count == 1 ? found : nil }
    guard let gibibytes = wanted.gibibytes, wanted.name.hasPrefix("/dev/") else { return nil }
    let name = wanted.name.dropFirst("/dev/".count)
    let spellings = [String(name), name.hasPrefix("sd") ? "xvd\(name.dropFirst(2))" : String(name)]
    return spellings.first { disk in
      disks.contains(disk) && !wanted.before.contains(disk) && text("sys/block/\(disk)/device/serial").isEmpty
        && Int(text("sys/block/\(disk)/size")) == gibibytes << 21
    }
  }

  private func partitions(of disk: String) -> [(number: Int, name: String)] {
    entries("\(root)/sys/block/\(disk)").compactMap { name in
      Int(text("sys/block/\(disk)/\(name)/partition")).map { ($0, name) }
    }.sorted { $0.number < $1.number }
  }

  private func partition(_ number: Int, of disk: String) -> String? { partitions(of: disk).first { $0.number == number }?.name }

  private func noPartition(_ number: Int, of disk: String) -> Fault {
    let known = partitions(of: disk).map { "\($0.number)" }.joined(separator: ", ")
    return Fault(
      .backupWrongFormat, "the volume has no partition \(number); \(known.isEmpty ? "it has none" : "it has \(known)")",
      advice: "Correct `partition`, or look at how the volume was made")
  }

  /// A device whose node leads to it.
  private func confirmed(_ name: String) throws -> Device {
    let owner = entries("\(root)/sys/block").first { $0 == name } == nil ? disk(of: name) : nil
    let number = text("sys/block/\(owner.map { "\($0)/" } ?? "")\(name)/dev")
    let device = Device(name: name, path: "\(root)/dev/\(name)", number: number)
    var status = stat()
    guard stat(device.path, &status) == 0, status.st_mode & S_IFMT == S_IFBLK, BlockDevices.text(of: status.st_rdev) == number else {
      throw Fault(
        .scratchUnusable, "\(device.path) is not the node of the block device \(number) that the volume is",
        advice: "See ls -l \(device.path); in a container, /dev must be the host's")
    }
    return device
  }

  private func disk(of partition: String) -> String? { names().first { partitions(of: $0).contains { $0.name == partition } } }

  /// `259:3` of a device number as the C library packs it (sys/sysmacros.h).
  static func text(of number: dev_t) -> String {
    let value = UInt64(number)
    let major = (value >> 8) & 0xFFF | (value >> 32) & 0xFFFF_F000
    let minor = value & 0xFF | (value >> 12) & 0xFFFF_FF00
    return "\(major):\(minor)"
  }

  private func text(_ path: String) -> String {
    let text = KernelFile.text("\(root)/\(path)", limit: 256) ?? ""
    return String(text.prefix { !$0.isNewline }.drop { $0 == " " }.reversed().drop { $0 == " " || $0 == "\0" }.reversed())
  }

  private func entries(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: UInt8.self, capacity: 256) { String(decodingCString: $0, as: UTF8.self) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
