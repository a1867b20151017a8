internal import Digesting
internal import DrillModel
internal import GRDB

/// The points that runs saw. They are not in the sealed record, so each run's new ones are bound to its entry by a digest.
enum SeenPointMemory {
  /// Adds those that no earlier run of the drill saw, inside the caller's transaction.
  static func remember(_ points: [SeenPoint], drill: String, entry: Entry, _ db: Database) throws {
    let insert = try db.cachedStatement(
      sql: """
        INSERT INTO recovery_point_seen (drill, location, taken_at, origin, first_seen_run, sequence) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO NOTHING
        """)
    let before = db.totalChangesCount
    for point in points {
      try insert.execute(
        arguments: [drill.column, point.location.column, point.takenAt.column, point.origin.rawValue, entry.subject, entry.sequence])
    }
    guard db.totalChangesCount > before else { return }
    let (count, digest) = try digest(of: entry.sequence, hash: entry.hash, db)
    try db.execute(
      sql: "INSERT INTO recovery_point_digest (sequence, points, digest) VALUES (?, ?, ?)", arguments: [entry.sequence, count, digest.blob])
  }

  /// Number of points and their digest together with the entry's hash, in a fixed order.
  static func digest(of sequence: Int64, hash: [UInt8], _ db: Database) throws -> (count: Int64, digest: [UInt8]) {
    let running = SHA256()
    running.update(Array("drillmark recovery points 1\n".utf8) + hash)
    var count: Int64 = 0
    let statement = try db.cachedStatement(
      sql: """
        SELECT drill, location, taken_at, origin, first_seen_run FROM recovery_point_seen WHERE sequence = ?
        ORDER BY drill, location, taken_at
        """)
    let rows = try Row.fetchCursor(statement, arguments: [sequence])
    while let row = try rows.next() {
      var bytes: [UInt8] = []
      for column in ["drill", "location", "origin", "first_seen_run"] { bytes.append(counted: Array(try row.text(column).utf8)) }
      bytes.append(bigEndian: try row.integer("taken_at"))
      running.update(bytes)
      count += 1
    }
    return (count, running.finish())
  }
}
