import DrillModel

/// What a `backup_label`, or the backup's history file in an archive, says (xlogbackup.c, build_backup_content).
struct BackupLabel: Sendable, Hashable {
  /// Where the log that the backup needs begins.
  var start: LogPosition?
  /// Where it ends; in a history file only.
  var stop: LogPosition?
  var timeline: UInt32?
  /// When it began and ended, where the zone is UTC.
  var startTime: Timestamp?
  var stopTime: Timestamp?
  /// When it began in a zone that an abbreviation names, which says nothing certain.
  var localStart: CivilTime?
  /// `standby` for one taken from a standby.
  var from: String?

  /// Nil when there is no start position in the text.
  init?(_ text: String) {
    for line in text.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      switch line[..<colon] {
      case "START WAL LOCATION": start = LogPosition(value.prefix { $0 != " " })
      case "STOP WAL LOCATION": stop = LogPosition(value.prefix { $0 != " " })
      case "START TIMELINE": timeline = UInt32(value)
      case "BACKUP FROM": from = String(value.prefix(20))
      case "START TIME":
        startTime = BackupLabel.time(value)
        if startTime == nil { localStart = BackupLabel.civil(value) }
      case "STOP TIME": stopTime = BackupLabel.time(value)
      default: break
      }
    }
    guard start != nil else { return nil }
  }

  /// `2026-11-21 09:46:11 UTC`; any other abbreviation than UTC's and GMT's may stand for several zones.
  private static func time(_ text: Substring) -> Timestamp? {
    guard text.hasSuffix(" UTC") || text.hasSuffix(" GMT") else { return nil }
    return Timestamp(rfc3339: String(text.dropLast(4)) + "Z")
  }

  private static func civil(_ text: Substring) -> CivilTime? {
    Timestamp(rfc3339: String(text.prefix(19)) + "Z")?.utc
  }
}
