import DrillConfig
import Foundation
package import MySQLReplay

/// What a drill may say about a restore into MariaDB or MySQL.
package struct MySQLOptions: Sendable, Hashable {
  package var jobs: Int
  package var database: String?
  package var characterSet = "utf8mb4"
  package var target: ReplayTarget?
  package var wholeServer: Bool?

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
      Key(
        "target", \.target, ReplayTarget.valueType, default: "latest, or the time of `select: {at: …}`",
        "Where the roll-forward with `logs` ends: `latest`, or one of `time`, `position`, `gtid`"),
      Key(
        "whole-server", \.wholeServer, .boolean, default: "what the dump says",
        "Whether the dump holds all databases of its server, so that `logs` are applied whole and not for one database"),
    ])
}
