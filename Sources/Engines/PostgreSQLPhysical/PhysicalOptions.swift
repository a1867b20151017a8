import DrillConfig
import DrillModel

/// What a drill may say about restoring a physical backup.
package struct PhysicalOptions: Sendable, Hashable {
  package var target: RecoveryTarget?
  package var inclusive = true
  package var timeline = TimelineChoice.latest
  package var database: String?
  package var manifest = ManifestUse.checksums
  package var snapshot = false
  package var preload: [String] = []
  package var jobs: Int?

  /// How a backup's manifest is used.
  package enum ManifestUse: String, Sendable, CaseIterable { case checksums, sizes, ignore }

  package init() {}

  static let section = Section<PhysicalOptions>(
    [
      Key(
        "target", \.target, RecoveryTarget.valueType, default: "latest, or the time of `select: {at: …}`",
        "Where the roll-forward ends: `latest`, `immediate` (as soon as the backup is consistent), or one of `time`, `lsn`, `name`, `xid`"),
      Key(
        "inclusive", \.inclusive, .boolean, default: "true",
        "Whether what lies exactly at a time, position or transaction is still applied"),
      Key(
        "timeline", \.timeline, TimelineChoice.valueType, default: "latest",
        "The timeline to follow: the newest that the archive knows, that of the backup (`current`), or a number"),
      Key(
        "database", \.database, .nonEmptyString, default: "the only one that holds tables",
        "The database that the checks ask"),
      Key(
        "manifest", \.manifest, .choice(), default: "checksums",
        "What is compared with backup_manifest before the server starts: every file's checksum, sizes alone, or nothing"),
      Key(
        "snapshot", \.snapshot, .boolean, default: "false",
        "That a backup without backup_label is one atomic snapshot of all file systems of the server, and no copy of files in use"),
      Key(
        "preload", \.preload, .list(of: .nonEmptyString), default: "none",
        "Libraries for shared_preload_libraries, for extensions without which the data cannot be recovered or asked"),
      Key("jobs", \.jobs, .integer(1...256), default: "the processors, at most 8", "How many relations the deep check looks at at once"),
    ])
}
