package import DrillConfig
import Foundation

/// What a drill may say about a restore into PostgreSQL.
package struct PostgreSQLOptions: Sendable, Hashable {
  package var jobs: Int
  package var database: String?
  package var version: Int?
  package var superuser = false
  package var encoding: String?
  /// A connection string of a server in which databases are made; nil starts a server of the run's own.
  package var server: SecretReference?
  /// Whether that server may hold other databases.
  package var shared = false

  package init() {
    // Jobs wait for each other in the custom format, so twice the cores is faster than once.
    jobs = min(16, max(2, ProcessInfo.processInfo.activeProcessorCount * 2))
  }

  static let section = Section<PostgreSQLOptions>(
    [
      Key(
        "jobs", \.jobs, .integer(1...256), default: "twice the processors, at most 16",
        "How many tables and indexes pg_restore loads at once, for archives in the custom and directory formats"),
      Key(
        "database", \.database, .nonEmptyString,
        "The database to check, where a dump creates several; an archive is restored into a database of this name"),
      Key(
        "version", \.version, .integer(14...99), default: "the newest on the machine",
        "The major version of PostgreSQL to restore with"),
      Key(
        "superuser", \.superuser, .boolean, default: "false",
        "Load with a superuser's rights, which untrusted languages and event triggers need; only inside the box"),
      Key(
        "encoding", \.encoding, .nonEmptyString, default: "UTF8, or SQL_ASCII where the dump says so",
        "The encoding of the database that is restored into"),
      Key(
        "server", \.server, .secret, default: "a server of the run's own",
        "A secret that holds a libpq connection string: a database is made on that server, used and dropped"),
      Key(
        "shared", \.shared, .boolean, default: "false",
        "With `server`: that it also holds other databases is known, and it is not production"),
    ], rules: [.atMostOne(["server", "superuser"]), .atMostOne(["server", "database"])])
}
