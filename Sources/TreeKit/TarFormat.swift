internal import DrillModel
internal import EngineKit

/// Tells a tar archive by its beginning.
package enum TarFormat {
  /// - Throws: `Fault` that says what the bytes are instead.
  package static func judge(_ bytes: [UInt8]) throws {
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
