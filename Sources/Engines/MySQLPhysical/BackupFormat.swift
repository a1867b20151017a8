import DrillModel
import EngineKit
import TreeKit

/// How a physical backup lies in its artefact.
enum BackupFormat: String, Sendable {
  case directory = "directory of a physical backup"
  case xbstream = "xbstream of a physical backup"
  case tar = "tar archive of a physical backup"

  /// Tells it by the first bytes. Source: MariaDB's `extra/mariabackup/xbstream.h` (XB_STREAM_CHUNK_MAGIC).
  ///
  /// - Throws: `Fault` that tells empty, encrypted and foreign content apart.
  init(_ head: ContentHead) throws {
    if let directory = head.directory {
      _ = try BackupRoot.find(directory)
      self = .directory
      return
    }
    guard !head.bytes.isEmpty else { throw Fault(.backupEmpty, "the backup holds 0 bytes", advice: "Look at the job that writes it") }
    if head.bytes.starts(with: Array("XBSTCK01".utf8)) {
      self = .xbstream
      return
    }
    if head.bytes.starts(with: Array("XBCRYP".utf8)) {
      throw Fault(.backupEncrypted, "the backup is encrypted with xbcrypt", advice: "Give the drill a decrypted copy")
    }
    do { try TarFormat.judge(head.bytes) } catch let fault as Fault where fault.code == .backupWrongFormat {
      let found = KnownFormat.name(of: head.bytes).map { ": it is \($0)" } ?? ""
      throw Fault(
        .backupWrongFormat, "this is no physical backup of mariadb-backup or xtrabackup (xbstream or tar)\(found)",
        advice: "Compare `match` with what lies there")
    }
    self = .tar
  }
}
