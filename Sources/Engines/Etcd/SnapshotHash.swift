import DrillModel

/// Judges whether a file's own hash vouches for it (etcdutl/snapshot/v3_snapshot.go: it is there when 32 bytes follow whole sectors).
enum SnapshotHash {
  static let missing =
    "the file carries no hash of its own (a copied member/snap/db): its tree was walked instead, which proves its structure and not its values"

  /// - Throws: `Fault` for a hash that does not fit, and for a missing one unless it may be.
  static func check(_ copy: HashedCopy, hasHash: Bool, skipsMissing: Bool) throws {
    if hasHash {
      guard copy.isVerified else {
        throw Fault(
          .checksumMismatch, "the snapshot does not fit the SHA-256 at its end: it was changed or damaged after it was saved",
          advice: "Look at the disk, and at what copies it")
      }
      return
    }
    guard copy.size % 512 == 0 else {
      throw Fault(
        .backupTruncated, "the snapshot is cut: its \(copy.size) bytes are neither whole pages nor pages with a hash behind them",
        advice: "Look at the job that copies it, and at the space it writes to")
    }
    if skipsMissing { return }
    throw Fault(
      .backupDamaged,
      "the snapshot carries no hash: it is a copied database file (member/snap/db), or a snapshot that was cut just before its hash",
      advice:
        "Save it with `etcdctl snapshot save`; if a stopped member's file is what you keep, write `skip-hash-check: true` under `restore`")
  }
}

extension SnapshotFacts {
  /// What of the backup the scratch server does without.
  func notes(restoredWith version: EtcdVersion) -> [String] {
    var notes: [String] = []
    if let cluster = clusterVersion, cluster.release > version.release {
      notes.append("the backup is of etcd \(cluster.releaseText), and was restored with \(version), which has the same layout")
    }
    if isAuthenticated { notes.append("authentication was on in the backup (\(users) users) and is off in the scratch server") }
    if leases > 0 { notes.append("\(leases) leases were taken out of the scratch copy, so that no key expires while the drill runs") }
    if alarms > 0 {
      notes.append(
        "the backup carries an alarm (such as NOSPACE), which the scratch server does without: a server restored from it would refuse to write"
      )
    }
    return notes
  }
}
