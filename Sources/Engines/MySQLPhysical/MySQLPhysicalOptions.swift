import DrillConfig
package import MySQLReplay

/// What a drill may say about restoring a physical backup of MariaDB or MySQL.
package struct MySQLPhysicalOptions: Sendable, Hashable {
  package var target: ReplayTarget?
  package var database: String?
  package var lowerCaseNames = false
  package var pageChecksums = false

  package init() {}

  static let section = Section<MySQLPhysicalOptions>(
    [
      Key(
        "target", \.target, ReplayTarget.valueType, default: "latest, or the time of `select: {at: …}`",
        "Where the roll-forward with `logs` ends: `latest`, or one of `time`, `position`, `gtid`"),
      Key(
        "database", \.database, .nonEmptyString, default: "the only one that holds tables",
        "The database that unqualified names in checks mean"),
      Key(
        "lower-case-names", \.lowerCaseNames, .boolean, default: "false",
        "That the server ran with lower_case_table_names=1, which a backup does not say"),
      Key(
        "page-checksums", \.pageChecksums, .boolean, default: "false",
        "Whether innochecksum reads every page of the prepared files before the server starts"),
    ])
}
