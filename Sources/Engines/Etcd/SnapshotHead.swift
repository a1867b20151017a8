import DrillModel
import EngineKit

/// What the beginning of a backup is: the snapshot of an etcd server, and how it is packed.
struct SnapshotHead {
  let packing: Packing

  /// - Throws: `Fault` that tells empty, encrypted, cut and foreign content apart.
  init(_ head: ContentHead) throws {
    if let directory = head.directory {
      let isData = directory.hasSuffix("/member")
      throw Fault(
        .backupWrongFormat, "\(head.name) is a directory\(isData ? " of a server's own data" : ""); the etcd engine restores snapshots",
        advice: "Save snapshots with `etcdctl snapshot save`, and check `match`")
    }
    guard !head.bytes.isEmpty else {
      throw Fault(.backupEmpty, "the backup holds 0 bytes", advice: "Look at the job that writes it: even an empty etcd has pages")
    }
    if Self.isDatabase(head.bytes) {
      packing = .none
      return
    }
    let candidates: [Packing] = ZlibUnpacker.recognises(head.bytes) ? [.zlib, .lzw] : [.lzw]
    for packing in candidates {
      if let inner = packing.head(of: head.bytes), Self.isDatabase(inner) {
        self.packing = packing
        return
      }
    }
    try KnownFormat.refuseEncrypted(head.bytes)
    if head.bytes.starts(with: Array("[{\"etcdEvent\"".utf8)) {
      throw Fault(
        .backupWrongFormat, "the backup is a delta of etcd-backup-restore, without the full snapshot that it builds on",
        advice: "Point `from` at the whole store")
    }
    if let name = KnownFormat.name(of: head.bytes) {
      throw Fault(.backupWrongFormat, "the backup is \(name), not a snapshot of etcd", advice: "Check `match` and the job that writes it")
    }
    if head.bytes.count < 20 {
      throw Fault(
        .backupTruncated, "the backup has \(head.bytes.count) bytes; a snapshot of etcd has pages", advice: "Look at what copies it")
    }
    throw Fault(
      .backupWrongFormat, "the backup is not a snapshot of etcd: it does not begin with a page of bbolt",
      advice: "Check `match`; a file that was one is damaged at its beginning")
  }

  /// bbolt's magic number follows the header of the first page; a first page that is damaged leaves the second.
  private static func isDatabase(_ bytes: [UInt8]) -> Bool {
    [0, 4096, 8192, 16384].contains { place in
      bytes.count >= place + 20 && bytes[(place + 16)..<(place + 20)].elementsEqual(BoltFile.magic)
    }
  }
}
