package import DrillModel
internal import GRDB

// Reports show nothing that was not sealed: what they show one by one is recomputed, and so is everything while that is quick.
extension Ledger {
  /// The sealed runs at these places, after recomputing their hashes, their links and their rows in the projections; in the order asked
  /// for, those that are no runs left out.
  ///
  /// - Throws: `Fault` with code `ledger_unusable` that names the first entry that is not as it was sealed.
  package func evidence(at sequences: [Int64]) throws -> [SealedRecord] {
    try read { db in
      try sequences.compactMap { sequence in
        guard let entry = try Entry.at(sequence, db) else { throw broken(sequence, "it is missing") }
        return try check(entry, db).map { SealedRecord(entry, decoded: $0) }
      }
    }
  }

  /// Why the runs at these places did not pass, after recomputing their hashes and links; in the order asked for, those that are no runs
  /// left out. Cheaper than `evidence`, which also compares every row of the projections.
  ///
  /// - Throws: `Fault` with code `ledger_unusable` that names the first entry that is not as it was sealed.
  package func reasons(at sequences: [Int64]) throws -> [UnpassedRun] {
    try read { db in
      try sequences.compactMap { sequence in
        guard let entry = try Entry.at(sequence, db) else { throw broken(sequence, "it is missing") }
        try checkSeal(entry, db)
        guard entry.kind == EntryKind.run.rawValue else { return nil }
        let run = try CanonicalJSON.decode(SealedReasons.self, from: entry.body)
        return UnpassedRun(run: run.run, sequence: sequence, verdict: run.verdict, startedAt: run.startedAt, reasons: run.reasons)
      }
    }
  }

  /// What was sealed later about a run up to the entry `last`, oldest first, after recomputing those entries.
  ///
  /// - Throws: `Fault` with code `ledger_unusable` that names the first entry that is not as it was sealed.
  package func amendments(of run: RunID, through last: Int64 = .max) throws -> [AmendmentLine] {
    try read { try amendments(of: run, through: last, $0) }
  }

  func amendments(of run: RunID, through last: Int64, _ db: Database) throws -> [AmendmentLine] {
    let sql = "SELECT \(Entry.columns) FROM entry WHERE kind = 'amendment' AND subject_run = ? AND sequence <= ? ORDER BY sequence"
    return try Row.fetchAll(db, sql: sql, arguments: [run.text, last]).map { row in
      let entry = try Entry(row)
      _ = try check(entry, db)
      let amendment = try CanonicalJSON.decode(Amendment.self, from: entry.body)
      return AmendmentLine(sequence: entry.sequence, at: amendment.amendedAt, text: amendment.text)
    }
  }

  /// Recomputes every entry from `first` to `last`, their links and projections; gives how many there are.
  ///
  /// - Throws: `Fault` with code `ledger_unusable` that names the first entry that is missing, or is not as it was sealed.
  package func recompute(_ first: Int64, through last: Int64) throws -> Int {
    try read { db in
      var count = 0
      for sequence in stride(from: first, through: last, by: 1) {
        guard let entry = try Entry.at(sequence, db) else { throw broken(sequence, "it is missing") }
        _ = try check(entry, db)
        count += 1
      }
      return count
    }
  }

  /// Compares how many runs are sealed with how many rows the queries see, over the whole ledger: the newest row is the one that is worth
  /// hiding.
  ///
  /// - Throws: `Fault` with code `ledger_unusable` when a row was hidden or added.
  package func checkRunCount() throws {
    try read { db in
      let sealed = "SELECT count(*) FROM entry INDEXED BY entry_run WHERE kind = 'run'"
      let rows = "SELECT count(*) FROM run"
      let counts = try [sealed, rows].map { try Int.fetchOne(db, sql: $0) ?? 0 }
      guard counts[0] != counts[1] else { return }
      throw Fault(
        .ledgerUnusable, "the ledger \(path) holds \(counts[0]) sealed runs and shows \(counts[1]) of them",
        advice: "Run `drillmark audit verify`, which names them")
    }
  }

  /// Gives the record of a run, nil for any other entry.
  private func check(_ entry: Entry, _ db: Database) throws -> RunRecord? {
    try checkSeal(entry, db)
    guard let kind = EntryKind(rawValue: entry.kind), entry.format <= Entry.format else { return nil }
    let record = kind == .run ? try CanonicalJSON.decode(RunRecord.self, from: entry.body) : nil
    for (table, rows) in try record.map({ Projection.rows(of: $0, entry.sequence) }) ?? Projection.rows(of: entry) {
      if let difference = try table.differences(rows, table.stored(for: entry.sequence, in: db)).first {
        throw broken(entry.sequence, difference)
      }
    }
    return record
  }

  /// The entry's own hash, and its place in the chain.
  private func checkSeal(_ entry: Entry, _ db: Database) throws {
    guard entry.hash == entry.computedHash else { throw broken(entry.sequence, "it is not what was sealed") }
    let following = try db.cachedStatement(sql: "SELECT previous FROM entry WHERE sequence = ?")
    let next = try Row.fetchOne(following, arguments: [entry.sequence + 1])
    if let next, try next.bytes("previous") != entry.hash { throw broken(entry.sequence, "the entry after it was sealed on another one") }
  }

  private func broken(_ sequence: Int64, _ what: String) -> Fault {
    Fault(
      .ledgerUnusable, "entry \(sequence) of the ledger \(path) cannot be shown: \(what)",
      advice: "Run `drillmark audit verify`, which names everything that was changed")
  }
}

/// The few keys of a sealed record that say why a run did not pass.
private struct SealedReasons: Decodable {
  var run: RunID
  var verdict: Verdict
  var startedAt: Timestamp
  var reasons: [Reason]

  private enum CodingKeys: String, CodingKey {
    case run, verdict, reasons
    case startedAt = "started_at"
  }
}
