import EngineKit

/// What the reader is asked to do, as words of its argument list. SQL and table names, which may be long or hostile, come by its
/// standard input instead; for a restore that is the backup.
enum ReaderRequest: Hashable {
  /// Writes the backup's content into a new database of at most `limit` bytes, synced when it `isDurable`.
  case restore(limit: Int64?, isDurable: Bool)
  /// Opens the database and reads its schema.
  case open
  case query(limit: Int)
  case count
  case check(DeepLevel)
  case schema
  /// The names of tables that hold rows of their own.
  case tables
  /// The contents of one table as its rows, its digest and the names of its columns.
  case digest

  var words: [String] {
    switch self {
    case .restore(let limit, let isDurable): ["restore", limit.map(String.init) ?? "unlimited", isDurable ? "durable" : "relaxed"]
    case .open: ["open"]
    case .query(let limit): ["query", String(limit)]
    case .count: ["count"]
    case .check(let level): ["check", level.rawValue]
    case .schema: ["schema"]
    case .tables: ["tables"]
    case .digest: ["digest"]
    }
  }

  /// Nil for words that are no request.
  init?(_ words: [String]) {
    switch (words.first, words.count) {
    case ("restore", 3) where ["durable", "relaxed"].contains(words[2]):
      guard words[1] == "unlimited" || Int64(words[1]) != nil else { return nil }
      self = .restore(limit: Int64(words[1]), isDurable: words[2] == "durable")
    case ("open", 1): self = .open
    case ("query", 2):
      guard let limit = Int(words[1]) else { return nil }
      self = .query(limit: limit)
    case ("count", 1): self = .count
    case ("check", 2):
      guard let level = DeepLevel(rawValue: words[1]) else { return nil }
      self = .check(level)
    case ("schema", 1): self = .schema
    case ("tables", 1): self = .tables
    case ("digest", 1): self = .digest
    default: return nil
    }
  }
}
