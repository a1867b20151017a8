internal import Digesting
package import DrillModel
internal import GRDB

extension Ledger {
  /// Seals a run in one transaction: its entry, its projections, the points it saw, what is owed to people, and the end of its live
  /// state. Resources that are not known to be gone stay in `leftovers()`.
  ///
  /// Sealing the same record again gives the first seal back, so that a step whose outcome a disk error hid can be repeated.
  /// - Parameter debts: Makes the messages and the drill's incident. It is given the new head, so that each message can carry it.
  /// - Throws: `Fault` when another process has taken the run over, or when the run is sealed with another record.
  package func seal(
    _ record: RunRecord, under claim: RunClaim, points: [SeenPoint] = [], debts: (SealContext) throws -> Debts = { _ in Debts() }
  ) throws -> SealedRecord {
    guard record.run == claim.run, record.drill == claim.drill else {
      throw Fault(.internalError, "the record of run \(record.run) cannot be sealed under the claim of run \(claim.run)")
    }
    let body = try CanonicalJSON.encode(record)
    let sealed = try write("seal") { db in
      if let earlier = try Entry.sealed(record.run.text, db) {
        guard earlier.body == body else { throw Fault(.internalError, "run \(record.run) is sealed already, with another record") }
        return try SealedRecord(earlier)
      }
      try checkEpoch(of: claim, db)
      let entry = try Entry.append(.run, subject: record.run.text, body: body, to: db)
      try Projection.write(entry, to: db)
      try SeenPointMemory.remember(points, drill: record.drill, entry: entry, db)
      let incident = try incident(record.drill, db)
      let context = SealContext(head: entry.link, incident: incident, escalated: try incident.map { try escalated($0.id, db) } ?? [])
      try store(debts(context), drill: record.drill, db)
      try endLife(of: record, db)
      return try SealedRecord(entry)
    }
    claim.lock.remove()
    return sealed
  }

  private func endLife(of record: RunRecord, _ db: Database) throws {
    let run = record.run
    // A row that could not be written when its resource went must not come back as a leak.
    for resource in record.cleanup.resources where resource.state == .gone {
      try db.execute(
        sql: "DELETE FROM scratch_resource WHERE run = ? AND kind = ? AND name = ?",
        arguments: [run.text, resource.kind.column, resource.name.column])
    }
    try db.execute(sql: "DELETE FROM process WHERE run = ?", arguments: [run.text])
    try db.execute(sql: "DELETE FROM scratch_resource WHERE run = ? AND state = 'destroyed'", arguments: [run.text])
    try db.execute(sql: "UPDATE scratch_resource SET state = 'leaked' WHERE run = ? AND state <> 'kept'", arguments: [run.text])
    try db.execute(sql: "DELETE FROM live_run WHERE run = ?", arguments: [run.text])
  }

  /// Adds to a sealed run what became of its leftovers, and forgets those.
  ///
  /// - Throws: `Fault` when the run is not sealed.
  package func amend(_ amendment: Amendment) throws -> ChainLink {
    let body = try CanonicalJSON.encode(amendment)
    return try write("amend") { db in
      guard try Entry.sealed(amendment.run.text, db) != nil else {
        throw Fault(.internalError, "run \(amendment.run) is not sealed, so there is nothing to amend")
      }
      for resource in amendment.destroyed {
        try db.execute(
          sql: "DELETE FROM scratch_resource WHERE run = ? AND kind = ? AND name = ?",
          arguments: [amendment.run.text, resource.kind.column, resource.name.column])
      }
      return try Entry.append(.amendment, subject: amendment.run.text, body: body, to: db).link
    }
  }

  /// Seals that a due instant passed without a run; false when it has an outcome already.
  package func note(_ miss: Miss) throws -> Bool {
    try write("note miss") { try append(miss, $0) }
  }
}

extension OwedNotification {
  /// Over everything that does not change while it is delivered, so that `audit` sees an edit.
  var digest: [UInt8] {
    var bytes = Array("drillmark owed notification 1\n".utf8)
    for text in [id, run?.text ?? "", drill, event, route] { bytes.append(counted: Array(text.columnText.utf8)) }
    bytes.append(counted: Array(payload.utf8))
    return SHA256.digest(of: bytes)
  }
}
