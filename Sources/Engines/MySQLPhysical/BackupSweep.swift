import DrillModel
import Foundation
import Glibc
import Manifests
import TreeKit

/// Takes from a copied backup what a server would follow to other places, and refuses what it could not use. Blocks.
enum BackupSweep {
  /// Files of a server that a scratch server must not take up: replication, settings of its own, clustering, transaction coordinators.
  private static let unwanted: Set<String> = [
    "master.info", "relay-log.info", "multi-master.info", "auto.cnf", "mysqld-auto.cnf", "my.cnf", "grastate.dat", "gvwstate.dat",
    "tc.log", "mariadb_upgrade_info", "mysql_upgrade_info",
  ]

  static func sweep(_ root: String) throws {
    var walker = try TreeWalker(root: root)
    while let entry = try walker.next() {
      let path = String(decoding: entry.path, as: UTF8.self)
      let name = (path as NSString).lastPathComponent
      switch entry.kind {
      case .directory: continue
      case .file: break
      default: throw TreeBuilder.unsafe(entry.path, "is a \(entry.kind.name), which no such backup holds")
      }
      try refuseWrapped(name, entry)
      // The backup holds the tablespace itself; the file says where the server had put it.
      if name.hasSuffix(".isl") || (!path.contains("/") && isUnwanted(name)) {
        let full = TreeBuilder.terminated(Array(root.utf8) + [0x2F] + entry.path)
        guard unlink(full) == 0 else {
          throw Fault(.scratchUnusable, "cannot remove \(shown(entry)) from the copy: \(String(cString: strerror(errno)))")
        }
      }
    }
  }

  private static func isUnwanted(_ name: String) -> Bool {
    unwanted.contains(name) || name.hasPrefix("master-") || name.hasPrefix("relay-log-") || name.hasSuffix(".pid")
  }

  private static func refuseWrapped(_ name: String, _ entry: Manifest.Entry) throws {
    if name.hasSuffix(".xbcrypt") {
      throw Fault(
        .backupEncrypted, "the backup's files are encrypted with xbcrypt (\(shown(entry)))", advice: "Give the drill a decrypted copy")
    }
    let inner = [".qp", ".lz4", ".zst"].first { name.hasSuffix($0) && !name.hasSuffix(".frm\($0).frm") }
    if let inner, name.dropLast(inner.count).contains(".") {
      throw Fault(
        .configuration, "the backup's files were compressed one by one (\(shown(entry))), which is not unpacked here",
        advice: "Stream the backup and compress the stream, or run `--decompress` on a copy")
    }
  }

  private static func shown(_ entry: Manifest.Entry) -> String { String(Manifest.escaped(entry.path).prefix(200)) }
}
