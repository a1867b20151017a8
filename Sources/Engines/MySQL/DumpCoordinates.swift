import MySQLReplay

/// Where in the binary logs a dump was taken, as its own statements say, commented or not.
///
/// Sources: MariaDB's knowledge base, "mariadb-dump" (`--master-data`, `--dump-slave`, `--gtid`); MySQL's manual, "mysqldump"
/// (`--source-data`, `--dump-replica`).
struct DumpCoordinates: Sendable, Hashable {
  /// Each place once, in the order of the dump.
  private(set) var positions: [BinaryLogPosition] = []
  /// The last transactions of each stream at that place, as MariaDB's dumps tell; empty where they do not.
  private(set) var transactions: [String] = []

  init() {}

  init(_ position: BinaryLogPosition, transactions: [String]) {
    positions = [position]
    self.transactions = transactions
  }

  /// Takes a line comment between statements.
  mutating func take(comment text: Substring) {
    guard text.hasPrefix("-- ") else { return }
    let statement = text.dropFirst(3)
    guard ["CHANGE MASTER ", "CHANGE REPLICATION SOURCE ", "SET GLOBAL gtid_slave_pos"].contains(where: { statement.hasPrefix($0) }) else {
      return
    }
    take(String(statement))
  }

  /// Takes a statement that means the server's replication.
  mutating func take(_ statement: String) {
    if let file = statement.firstMatch(of: /(?:MASTER|SOURCE)_LOG_FILE\s*=\s*'([^']+)'/),
      let offset = statement.firstMatch(of: /(?:MASTER|SOURCE)_LOG_POS\s*=\s*(\d+)/).flatMap({ Int64($0.1) })
    {
      let position = BinaryLogPosition(file: String(file.1), offset: offset)
      if BinaryLogName(position.file) != nil, offset >= 4, !positions.contains(position) { positions.append(position) }
    }
    if let list = statement.firstMatch(of: /gtid_slave_pos\s*=\s*'([0-9,\s-]*)'/) {
      transactions = list.1.split { $0 == "," || $0.isWhitespace }.map(String.init)
    }
  }
}
