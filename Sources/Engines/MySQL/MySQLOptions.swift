import DrillConfig
import Foundation

/// What a drill may say about a restore into MariaDB or MySQL.
package struct MySQLOptions: Sendable, Hashable {
  package var jobs: Int
  package var database: String?
  package var characterSet = "utf8mb4"

  package init() { jobs = min(16, max(2, ProcessInfo.processInfo.activeProcessorCount)) }

  static let section = Section<MySQLOptions>(
    [
      Key(
        "jobs", \.jobs, .integer(1...64), default: "the processors, at most 16",
        "How many sessions myloader loads a mydumper directory with; a plain dump is loaded by one"),
      Key(
        "database", \.database, .nonEmptyString,
        "The database to check; a dump that enters none itself is loaded into one of this name"),
      Key(
        "character-set", \.characterSet, .nonEmptyString, default: "utf8mb4",
        "How a plain dump is written that does not say so itself (mysqldump does, with SET NAMES)"),
    ])
}
