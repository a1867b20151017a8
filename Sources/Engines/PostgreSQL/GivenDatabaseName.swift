import DrillModel

/// The name of a database on a given server, and of its row in the ledger.
struct GivenDatabaseName: Hashable, Sendable {
  /// `drillmark_<run>_<random>`: 63 bytes, the longest name there is, 134 bits of it random.
  let database: String
  /// Host and port, for people.
  let place: String
  /// The system identifier of the server, by which a reaper knows it again.
  let system: String

  static let kind = "postgresql-database"
  private static let prefix = "drillmark_"

  init(run: RunID, place: String, system: String, using random: inout some RandomNumberGenerator) {
    let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
    let tail = (0..<26).map { _ in letters[Int.random(in: 0..<36, using: &random)] }
    database = GivenDatabaseName.prefix + run.text.lowercased() + "_" + String(tail)
    self.place = place
    self.system = system
  }

  /// Reads a row's name; nil when we did not write it.
  init?(_ text: String) {
    guard let match = text.wholeMatch(of: /(drillmark_[0-9a-z]{26}_[0-9a-z]{26}) on (.*), system ([0-9]+)/.dotMatchesNewlines()) else {
      return nil
    }
    database = String(match.1)
    place = String(match.2)
    system = String(match.3)
  }

  /// The row's name: all that a reaper needs, and no secret.
  var text: String { "\(database) on \(place), system \(system)" }
  var resource: ScratchResource { ScratchResource(kind: GivenDatabaseName.kind, name: text) }

  /// Whether it was made for this run.
  func belongs(to run: RunID) -> Bool { database.hasPrefix(GivenDatabaseName.prefix + run.text.lowercased() + "_") }

  /// Whether a database has a name such as we make.
  static func isGenerated(_ name: String) -> Bool { name.wholeMatch(of: /drillmark_[0-9a-z]{26}_[0-9a-z]{26}/) != nil }

  /// What removes it by hand.
  var byHand: String {
    "psql \"host=… dbname=postgres\" -c 'DROP DATABASE IF EXISTS \"\(database)\" WITH (FORCE)' (without WITH on PostgreSQL 12 and older)"
  }
}
