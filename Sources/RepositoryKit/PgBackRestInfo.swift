/// What `pgbackrest info --output=json` says of a stanza ("pgBackRest Command Reference" 2.45; info.c).
package struct PgBackRestInfo: Sendable, Decodable {
  package var name: String
  package var status: Status
  package var backup: [Backup]
  var repo: [Repository]?
  var archive: [Archive]?
  var db: [Server]?

  package struct Status: Sendable, Decodable {
    package var code: Int
    package var message: String
  }

  struct Repository: Sendable, Decodable {
    var key: Int
    var status: Status
  }

  /// Which server's backups and log a number stands for.
  struct Owner: Sendable, Hashable, Decodable {
    var id: Int
    var repository: Int?

    private enum CodingKeys: String, CodingKey {
      case id
      case repository = "repo-key"
    }
  }

  struct Archive: Sendable, Decodable {
    var id: String
    var database: Owner
  }

  struct Server: Sendable, Decodable {
    var id: Int
    var version: String
  }

  /// One backup.
  package struct Backup: Sendable, Decodable {
    package var label: String
    package var type: String
    package var reference: [String]?
    /// Whether pages with a wrong checksum were found while it was taken.
    package var error: Bool?
    package var timestamp: Times
    var lsn: Positions?
    var database: Owner
    var info: Sizes
    var backrest: Program?

    /// Seconds since 1970.
    package struct Times: Sendable, Decodable {
      package var start: Int64
      package var stop: Int64
    }

    struct Positions: Sendable, Decodable {
      var start: String?
      var stop: String?
    }

    struct Sizes: Sendable, Decodable {
      var size: Int64?
      var repository: Stored?
    }

    struct Stored: Sendable, Decodable {
      /// Its own bytes, and with them those of the backups below it.
      var delta: Int64?
      var size: Int64?
    }

    struct Program: Sendable, Decodable {
      var version: String?
    }

    /// Bytes in the repository that are its own.
    package var storedBytes: Int64? { info.repository?.delta.flatMap { $0 > 0 ? $0 : nil } }

    /// The number of its repository.
    package var repository: Int? { database.repository }
  }

  /// The numbers of repositories that could be read.
  package var repositories: [Int] { (repo ?? []).map(\.key) }

  /// The directory of the log that belongs to a backup, such as `15-1`.
  func archive(of backup: Backup) -> String? {
    if let found = archive?.first(where: { $0.database == backup.database }) { return found.id }
    // A repository without any log yet lists none.
    return db?.first { $0.id == backup.database.id }.map { "\($0.version)-\($0.id)" }
  }

  func major(of backup: Backup) -> Int? {
    db?.first { $0.id == backup.database.id }.flatMap { Int($0.version.prefix { $0.isNumber }) }
  }
}
