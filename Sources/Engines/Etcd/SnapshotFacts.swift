import DrillModel
import Glibc
import ToolRunner

/// What a snapshot's database says of itself, read from its own pages before etcd is given it.
struct SnapshotFacts: Sendable, Hashable {
  /// The revision that a server restored from it must stand at.
  var revision: Int64
  /// The newest version that every member of the cluster spoke, as far as it is kept: `3.5.0`.
  var clusterVersion: EtcdVersion?
  /// From 3.6 on the version that the database's layout is of.
  var storageVersion: EtcdVersion?
  var leases: Int
  var alarms: Int
  var users: Int
  var isAuthenticated: Bool
  /// Whether emptying a bucket would leave pages that nothing leads to.
  var leavesOrphans = false

  /// The oldest release that reads it for sure. The layouts of 3.4 and 3.5 are one; from 3.6 on a server refuses a newer one.
  var neededVersion: EtcdVersion? {
    [storageVersion, clusterVersion].compactMap(\.self).filter { $0 >= EtcdVersion(3, 6) }.max()
  }

  /// Reads them and takes out of this copy what would work against the drill: leases, whose keys would expire while it runs; alarms, which
  /// forbid writing; and authentication, whose passwords nobody gave us. Blocks.
  ///
  /// - Parameter checksAll: Walk the whole tree, for a file that no hash vouches for.
  /// - Throws: `Fault` for a database that is cut or damaged.
  static func prepare(_ copy: HashedCopy, size: Int64, checksAll: Bool, named name: String) throws -> SnapshotFacts {
    do {
      let bolt = try BoltFile(copy.file, size: size)
      guard bolt.needed <= size else {
        throw Fault(
          .backupTruncated, "\(name) is cut: its database counts \(bolt.needed) bytes, and \(size) came",
          advice: "Look at the job that copies it, and at the space it writes to")
      }
      return try read(bolt, copy.file, checksAll: checksAll, name)
    } catch let damage as BoltFile.Damage {
      throw Fault(
        .backupDamaged, "the database in \(name) is damaged: \(damage.what)", advice: "Look at the disk and the job that it came from")
    }
  }

  private static func read(_ bolt: BoltFile, _ file: Descriptor, checksAll: Bool, _ name: String) throws -> SnapshotFacts {
    guard let keys = try bolt.bucket("key") else {
      throw Fault(
        .backupWrongFormat, "\(name) is a bbolt database without the keys of an etcd server", advice: "Check `match` and what writes it")
    }
    if checksAll { try walk(bolt, keys) }
    var facts = SnapshotFacts(revision: 1, leases: 0, alarms: 0, users: 0, isAuthenticated: false)
    if let last = try bolt.last(in: keys) { facts.revision = max(1, main(last.key)) }
    if let meta = try bolt.bucket("meta") {
      for field in ["scheduledCompactRev", "finishedCompactRev"] {
        if let entry = try bolt.entry(Array(field.utf8), in: meta) { facts.revision = max(facts.revision, main(entry.value)) }
      }
      facts.storageVersion = try bolt.entry(Array("storageVersion".utf8), in: meta).flatMap { EtcdVersion(text($0.value)) }
    }
    if let cluster = try bolt.bucket("cluster") {
      facts.clusterVersion = try bolt.entry(Array("clusterVersion".utf8), in: cluster).flatMap { EtcdVersion(text($0.value)) }
    }
    if let users = try bolt.bucket("authUsers") { facts.users = try count(bolt, users) }
    if let auth = try bolt.bucket("auth"), let enabled = try bolt.entry(Array("authEnabled".utf8), in: auth), enabled.value.first == 1 {
      facts.isAuthenticated = true
      try overwrite(file, enabled.place, [0])
    }
    for (bucket, path) in [("lease", \SnapshotFacts.leases), ("alarm", \SnapshotFacts.alarms)] {
      guard let page = try bolt.bucket(bucket) else { continue }
      facts[keyPath: path] = try count(bolt, page)
      facts.leavesOrphans = facts.leavesOrphans || page.isBranch
      // An empty leaf (page.go): the flags, then the number of keys.
      if page.count > 0 { try overwrite(file, page.place + 8, [2, 0, 0, 0]) }
    }
    return facts
  }

  private static func walk(_ bolt: BoltFile, _ keys: BoltFile.Page) throws {
    var last: [UInt8] = []
    try bolt.walk(keys) { entry in
      guard entry.key.count >= 17, last.lexicographicallyPrecedes(entry.key) else {
        throw BoltFile.Damage(what: "its revisions are out of order")
      }
      last = Array(entry.key)
      return true
    }
  }

  private static func count(_ bolt: BoltFile, _ page: BoltFile.Page) throws -> Int {
    var count = 0
    try bolt.walk(page) { _ in
      count += 1
      return true
    }
    return count
  }

  /// The main part of a revision: eight bytes, the highest first (mvcc/revision.go).
  private static func main(_ bytes: ArraySlice<UInt8>) -> Int64 {
    bytes.count < 17 ? 0 : bytes.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func overwrite(_ file: Descriptor, _ place: Int64, _ bytes: [UInt8]) throws {
    guard pwrite(file.raw, bytes, bytes.count, off_t(place)) == bytes.count else {
      throw Fault(.scratchUnusable, "the snapshot's copy cannot be written: \(systemMessage(errno))")
    }
  }
}
