import DrillModel
import Glibc

/// What lies at the beginning of a volume or a partition, told by its signature (blkid's table; "The ext4 file system: layout", Linux kernel
/// documentation; "XFS Algorithms & Data Structures").
enum VolumeContent: Sendable, Hashable {
  case ext(needsReplay: Bool)
  case xfs
  /// A table of partitions, and no file system of the whole.
  case partitions
  /// Something that is known and that no drill can look into.
  case other(String)
  case nothing
  case unknown

  private static let length = 288 << 10

  /// Reads a device's beginning. Blocks.
  ///
  /// - Throws: `Fault` when it cannot be read.
  static func read(_ device: BlockDevices.Device) throws -> VolumeContent {
    guard let bytes = KernelFile.bytes(device.path, limit: length) else {
      let reason = String(cString: strerror(errno))
      throw Fault(.scratchUnusable, "\(device.path) cannot be read: \(reason)", advice: "See dmesg", isTransient: true)
    }
    return VolumeContent(bytes)
  }

  init(_ bytes: [UInt8]) {
    func holds(_ text: String, at offset: Int) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    if bytes.allSatisfy({ $0 == 0 }) {
      self = .nothing
    } else if holds("\u{53}", at: 0x438), bytes.count > 0x464, bytes[0x439] == 0xEF {
      self = bytes[0x460] & 8 == 8 ? .other("the journal of another ext4 file system") : .ext(needsReplay: bytes[0x460] & 4 == 4)
    } else if holds("XFSB", at: 0) {
      self = .xfs
    } else if let known = VolumeContent.signatures.first(where: { holds($0.text, at: $0.offset) }) {
      self = .other(known.name)
    } else if bytes.dropFirst(0x1000).starts(with: [0xFC, 0x4E, 0x2B, 0xA9]) || bytes.starts(with: [0xFC, 0x4E, 0x2B, 0xA9]) {
      self = .other("a member of a RAID (md)")
    } else if bytes.dropFirst(0x400).starts(with: [0x10, 0x20, 0xF5, 0xF2]) {
      self = .other("an F2FS file system")
    } else if (128..<132).contains(where: { bytes.dropFirst($0 << 10).starts(with: [0x0C, 0xB1, 0xBA, 0x00]) }) {
      self = .other("a member of a ZFS pool")
    } else if holds("EFI PART", at: 512) || (bytes.count > 511 && bytes[510] == 0x55 && bytes[511] == 0xAA) {
      self = .partitions
    } else {
      self = .unknown
    }
  }

  private static let signatures: [(text: String, offset: Int, name: String)] = [
    ("LABELONE", 512, "a physical volume of LVM"), ("LABELONE", 0, "a physical volume of LVM"),
    ("LUKS", 0, "an encrypted volume (LUKS)"), ("_BHRfS_M", 0x10040, "a Btrfs file system"),
    ("SWAPSPACE2", 4086, "swap space"), ("NTFS    ", 3, "an NTFS file system"), ("-FVE-FS-", 3, "an encrypted volume (BitLocker)"),
    ("FAT32", 82, "a FAT file system"), ("FAT16", 54, "a FAT file system"), ("hsqs", 0, "a squashfs file system"),
    ("EXFAT   ", 3, "an exFAT file system"),
  ]

  /// The file system to mount.
  ///
  /// - Throws: `Fault` that says what is there instead: of the backup where the drill said what must be there, else of what drills can do.
  func fileSystem(wanted: EBSOptions.FileSystem?, partition: Int?) throws -> EBSOptions.FileSystem {
    let place = partition.map { "partition \($0) of the volume" } ?? "the volume"
    let found: EBSOptions.FileSystem
    switch self {
    case .ext: found = .ext4
    case .xfs: found = .xfs
    case .nothing:
      throw Fault(
        .backupEmpty, "\(place) begins with nothing but zeros: there is no file system", advice: "See what the snapshot was taken of")
    case .partitions:
      throw Fault(
        .configuration, "\(place) holds a table of partitions", advice: "Give the number of the one to look into as `partition`")
    case .other(let name):
      throw Fault(
        .configuration, "\(place) holds \(name), which drills cannot look into: they mount ext2, ext3, ext4 and XFS",
        advice: "Leave `attach` out, or back up what is in it in another way as well")
    case .unknown:
      let words = "\(place) holds no file system that is known here"
      if let wanted { throw Fault(.backupWrongFormat, "\(words), and the drill says that it is \(wanted.rawValue)") }
      throw Fault(
        .configuration, words, advice: "If there should be one, say so with `file-system`, so that its absence is a finding")
    }
    if let wanted, wanted != found {
      throw Fault(.backupWrongFormat, "\(place) holds \(found.rawValue), and the drill says that it is \(wanted.rawValue)")
    }
    return found
  }

  /// What a reader of the record should know of it.
  func remarks(_ journal: EBSOptions.Journal) -> [String] {
    let words = "what was written in the last seconds before the snapshot may be missing or half there; `journal: replay` finishes it"
    switch (self, journal) {
    case (.ext(needsReplay: true), .skip):
      return ["the file system was in use when the snapshot was taken, and its journal was left alone: \(words)"]
    case (.ext(needsReplay: true), .replay):
      return [
        "the file system was in use when the snapshot was taken; its journal was finished in the scratch volume, as a real restore would"
      ]
    case (.xfs, .skip): return ["the file system's log was left alone: if it was in use when the snapshot was taken, \(words)"]
    default: return []
    }
  }
}
