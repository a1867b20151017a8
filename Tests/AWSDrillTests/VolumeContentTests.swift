import DrillModel
import Testing

@testable import EngineEBS

@Suite("What a volume begins with")
struct VolumeContentTests {
  private func content(_ parts: (offset: Int, bytes: [UInt8])..., count: Int = 288 << 10) -> VolumeContent {
    var bytes = [UInt8](repeating: 0, count: count)
    for part in parts { bytes.replaceSubrange(part.offset..<part.offset + part.bytes.count, with: part.bytes) }
    return VolumeContent(bytes)
  }

  private func words(_ content: VolumeContent, wanted: EBSOptions.FileSystem? = nil) -> (FaultCode?, String) {
    do {
      return (nil, try content.fileSystem(wanted: wanted, partition: nil).rawValue)
    } catch let fault as Fault { return (fault.code, fault.description) } catch { return (.internalError, "\(error)") }
  }

  @Test("what can be mounted is told apart")
  func mountable() {
    #expect(content((0x438, [0x53, 0xEF])) == .ext(needsReplay: false))
    #expect(content((0x438, [0x53, 0xEF]), (0x460, [0x46])) == .ext(needsReplay: true))
    #expect(content((0, Array("XFSB".utf8))) == .xfs)
    #expect(words(.ext(needsReplay: true)).1 == "ext4" && words(.xfs, wanted: .xfs).1 == "xfs")
    #expect(words(.xfs, wanted: .ext4).0 == .backupWrongFormat)
  }

  @Test("what cannot be looked into is named, and is no fault of the backup")
  func others() {
    let cases: [(VolumeContent, String)] = [
      (content((512, Array("LABELONE".utf8))), "LVM"), (content((0, Array("LUKS".utf8) + [0xBA, 0xBE])), "LUKS"),
      (content((0x1000, [0xFC, 0x4E, 0x2B, 0xA9])), "RAID"), (content((0x10040, Array("_BHRfS_M".utf8))), "Btrfs"),
      (content((4086, Array("SWAPSPACE2".utf8))), "swap"), (content((3, Array("NTFS    ".utf8)), (510, [0x55, 0xAA])), "NTFS"),
      (content((0x438, [0x53, 0xEF]), (0x460, [0x08])), "journal of another"), (content((128 << 10, [0x0C, 0xB1, 0xBA, 0])), "ZFS"),
      (content((510, [0x55, 0xAA])), "table of partitions"), (content((512, Array("EFI PART".utf8))), "table of partitions"),
      (content((100, [1, 2, 3])), "no file system that is known"),
    ]
    for (content, name) in cases {
      let (code, text) = words(content)
      #expect(code?.verdict == .cannotDrill && text.contains(name), "\(name): \(text)")
    }
  }

  @Test("emptiness is a finding, and so is the absence of the file system that the drill says is there")
  func findings() {
    #expect(words(content()).0 == .backupEmpty && words(content(count: 0)).0 == .backupEmpty)
    #expect(words(content((100, [1, 2, 3])), wanted: .ext4).0?.verdict == .failed)
  }

  @Test("mount tables are read with every odd character in a path")
  func mountTable() {
    let table = MountTable(
      "36 35 98:0 / /mnt/a\\040b\\134c ro,noatime master:1 - ext4 /dev/x ro\n37 35 7:1 / /mnt/drillmark-01ka0000000000000000000000/x rw - ext4 y rw\n"
    )
    #expect(table.top(at: "/mnt/a b\\c")?.number == "98:0" && table.top(at: "/mnt/a b\\c")?.options == ["ro", "noatime"])
    #expect(table.place(of: RDSBench.usual) != nil && table.place(of: RDSBench.other) == nil)
  }
}
