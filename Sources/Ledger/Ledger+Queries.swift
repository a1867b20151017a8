package import DrillModel
internal import GRDB

extension Ledger {
  /// The newest sealed run of a drill; nil when it never ran.
  package func latest(_ drill: String) throws -> SealedRecord? { try newest(of: drill, among: nil) }

  package func lastPass(_ drill: String) throws -> SealedRecord? { try newest(of: drill, among: [.passed]) }

  /// The newest run that passed or failed: one that says something about the backup.
  package func lastConclusive(_ drill: String) throws -> SealedRecord? { try newest(of: drill, among: [.passed, .failed]) }

  /// The first sealed run of a drill; nil when it never ran.
  package func first(_ drill: String) throws -> SealedRecord? {
    try read { db in
      let sql = "SELECT sequence FROM run WHERE drill = ? ORDER BY sequence LIMIT 1"
      return try records(db, "sequence IN (\(sql))", [drill.column]).first
    }
  }

  private func newest(of drill: String, among verdicts: [Verdict]?) throws -> SealedRecord? {
    let filter = verdicts.map { "AND verdict IN (\($0.map { _ in "?" }.joined(separator: ", ")))" } ?? ""
    let arguments = [drill.column] + (verdicts ?? []).map(\.rawValue.column)
    return try read { db in
      let sql = "SELECT sequence FROM run WHERE drill = ? \(filter) ORDER BY sequence DESC LIMIT 1"
      return try records(db, "sequence IN (\(sql))", StatementArguments(arguments)).first
    }
  }

  /// Sealed runs, newest first, of one drill or of all.
  ///
  /// - Parameter before: Only those before this sequence, to page on.
  package func history(_ drill: String? = nil, limit: Int, before: Int64? = nil) throws -> [SealedRecord] {
    let filter = drill == nil ? "" : "AND drill = ?"
    let arguments = [(before ?? .max).databaseValue] + [drill?.column].compactMap(\.self) + [max(0, limit).databaseValue]
    return try read { db in
      let sql = "SELECT sequence FROM run WHERE sequence < ? \(filter) ORDER BY sequence DESC LIMIT ?"
      return try records(db, "sequence IN (\(sql))", StatementArguments(arguments))
    }
  }

  private func records(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws -> [SealedRecord] {
    let sql = "SELECT \(Entry.columns) FROM entry WHERE \(condition) ORDER BY sequence DESC"
    return try Row.fetchAll(db, sql: sql, arguments: arguments).map { try SealedRecord(Entry($0)) }
  }

  /// The sealed run whose id is `prefix`, or begins with it and is the only one; case does not matter.
  ///
  /// - Throws: `Fault` with code `configuration` when there is none, or several (which it lists).
  package func find(_ prefix: String) throws -> SealedRecord {
    let key = prefix.uppercased()
    guard !key.isEmpty, key.utf8.count <= 26, key.utf8.allSatisfy({ (48...57).contains($0) || (65...90).contains($0) }) else {
      throw Fault(.configuration, "\(shown(prefix)) is not a run id", advice: "`drillmark history` lists the runs")
    }
    return try read { db in
      // `~` sorts after every character of an id.
      let range = StatementArguments([key, key + "~"])
      let sql = "SELECT run FROM run WHERE run >= ? AND run < ? ORDER BY run LIMIT 9"
      let found = try String.fetchAll(db, sql: sql, arguments: range)
      if let run = found.first, found.count == 1, let entry = try Entry.sealed(run, db) { return try SealedRecord(entry) }
      guard found.isEmpty else {
        let list = found.prefix(8).joined(separator: ", ") + (found.count > 8 ? ", …" : "")
        throw Fault(.configuration, "several runs begin with \(shown(prefix)): \(list)", advice: "Give more of the id")
      }
      if let live = try String.fetchOne(db, sql: "SELECT run FROM live_run WHERE run >= ? AND run < ?", arguments: range) {
        throw Fault(.configuration, "run \(live) is not finished, so it has no record yet")
      }
      throw Fault(.configuration, "no run begins with \(shown(prefix))", advice: "`drillmark history` lists the runs")
    }
  }

  private func shown(_ text: String) -> String { text.count > 40 ? "\(text.prefix(40))…" : text }

  /// Recovery points of a drill that runs saw, by their time; those pruned since too.
  package func seenPoints(_ drill: String, since: Timestamp) throws -> [SeenPoint] {
    try read { db in
      let sql = "SELECT location, taken_at, origin FROM recovery_point_seen WHERE drill = ? AND taken_at >= ? ORDER BY taken_at, location"
      return try Row.fetchAll(db, sql: sql, arguments: [drill.column, since.column]).map {
        SeenPoint(location: try $0.text("location"), takenAt: try $0.time("taken_at"), origin: try $0.choice("origin"))
      }
    }
  }

  /// Every drill that has a sealed run, sorted.
  package func drills() throws -> [String] { try read { try String.fetchAll($0, sql: "SELECT DISTINCT drill FROM run ORDER BY drill") } }

  /// The chain's newest link; nil when nothing is sealed.
  package func head() throws -> ChainLink? { try read { try Entry.last($0)?.link } }
}

extension OwedNotification {
  init(_ row: Row) throws {
    self.init(
      id: try row.text("id"), run: try row.text("run").isEmpty ? nil : row.run(), drill: try row.text("drill"),
      event: try row.text("event"),
      route: try row.text("route"), payload: String(decoding: try row.bytes("payload"), as: UTF8.self))
    state = try row.choice("state")
    attempts = try row.value("attempts")
    nextAttempt = try row.optionalTime("next_attempt")
    incident = row.hasColumn("incident") ? try row.optional("incident") : nil
  }
}
