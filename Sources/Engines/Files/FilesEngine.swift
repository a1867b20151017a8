package import DrillConfig
import DrillModel
package import EngineKit
import Glibc
import ToolRunner

/// Restores a directory or a tar archive into a directory (docs/engines/files.md).
package struct FilesEngine: RestoreEngine {
  package let name = "files"
  package let provides: ProbeKinds = .files

  /// What happens to devices and FIFOs, which no restore as a test should make.
  package enum Special: String, Sendable, CaseIterable { case refuse, skip }

  private var special: Special

  package init(special: Special = .refuse) { self.special = special }

  package static let kind = Kind<any RestoreEngine>(
    name: "files", summary: "A directory, or a tar archive of one",
    section: Section<FilesEngine>([
      Key("special", \.special, .choice(), default: "refuse", "Whether devices and FIFOs in the backup fail the run or are left out")
    ]), initial: FilesEngine()
  ) { engine, _ in engine }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    EngineIdentity(version: "files", isolation: "every entry is made below its own directory, through no link")
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    if head.directory != nil { return BackupIdentity(format: "directory", intake: .directory, spaceNeeded: head.storedBytes ?? 0) }
    try TarFormat.judge(head.bytes)
    let stored = head.storedBytes ?? 0
    return BackupIdentity(format: "tar archive", intake: .stream, spaceNeeded: head.layers.isEmpty ? stored : stored * 4)
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    let target = FilesTarget(special: special, context: context)
    try target.make()
    return target
  }
}

/// Tells a tar archive by its beginning.
enum TarFormat {
  /// - Throws: `Fault` that says what the bytes are instead.
  static func judge(_ bytes: [UInt8]) throws {
    guard !bytes.isEmpty else { throw Fault(.backupEmpty, "the backup holds 0 bytes", advice: "Look at the job that writes it") }
    let block = Array(bytes.prefix(TarHeader.blockSize))
    if TarHeader.isWhole(block), block.contains(where: { $0 != 0 && $0 != 32 }) { return }
    try KnownFormat.refuseEncrypted(bytes)
    if bytes.dropFirst(257).starts(with: "ustar".utf8) {
      throw Fault(
        .backupDamaged, "the archive is damaged at byte 0: its first header's checksum is wrong", advice: "Look at the storage it lay on")
    }
    if let name = KnownFormat.name(of: bytes) {
      throw Fault(.backupWrongFormat, "the backup is \(name), not a directory or tar archive", advice: "Check `match` and `engine`")
    }
    if bytes.allSatisfy({ $0 == 0 }) { throw Fault(.backupEmpty, "the backup is an archive of nothing, or nothing but zeros") }
    if KnownFormat.entropy(of: bytes) > 7.8, bytes.count >= 4096 {
      throw Fault(
        .backupEncrypted, "the backup is encrypted or not a tar archive: its bytes look random from the start",
        advice: "Give the drill a decrypted copy")
    }
    throw Fault(.backupWrongFormat, "the backup is neither a directory nor a tar archive", advice: "Check `match` and `engine`")
  }
}
