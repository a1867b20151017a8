package import DrillModel
internal import GRDB

/// A resource of a sealed run that is still there.
package struct Leftover: Sendable, Hashable {
  package let run: RunID
  package let drill: String
  /// Its state is `leaked` or `kept`.
  package let resource: ScratchResource
  /// How often destroying it has been tried.
  package let attempts: Int
  /// When a kept one is due.
  package let keptUntil: Timestamp?
}

// Every step is a transaction of its own and may be repeated. That a resource was made, is being destroyed or is gone need not outlive a
// power cut: the intent does, and whoever reads it looks for the resource whatever its state was.
extension Ledger {
  /// Must return before the resource is made.
  package func intend(_ resource: ScratchResource, for claim: RunClaim) throws { try move(resource, to: .intended, for: claim) }

  package func made(_ resource: ScratchResource, for claim: RunClaim) throws { try move(resource, to: .made, for: claim) }

  /// Counts an attempt.
  package func destroying(_ resource: ScratchResource, for claim: RunClaim) throws { try move(resource, to: .destroying, for: claim) }

  package func gone(_ resource: ScratchResource, for claim: RunClaim) throws { try move(resource, to: .gone, for: claim) }

  /// It could not be destroyed; sealing keeps it in `leftovers()`.
  package func leaked(_ resource: ScratchResource, for claim: RunClaim) throws { try move(resource, to: .leaked, for: claim) }

  /// It stays on purpose until its time.
  package func kept(_ resource: ScratchResource, until: Timestamp, for claim: RunClaim) throws {
    try move(resource, to: .kept, until: until, for: claim)
  }

  private func move(_ resource: ScratchResource, to state: ScratchResource.State, until: Timestamp? = nil, for claim: RunClaim) throws {
    // An intent that is repeated must not take back that the resource was made; one for a name that is gone begins anew.
    let forward = state == .intended ? "WHERE state = 'destroyed'" : ""
    let waitsForDisk = [.intended, .leaked, .kept].contains(state)
    try write(state.rawValue, waitsForDisk: waitsForDisk, for: claim) { db in
      try db.execute(
        sql: """
          INSERT INTO scratch_resource (run, drill, kind, name, state, attempts, owner_epoch, kept_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          ON CONFLICT (run, kind, name) DO UPDATE SET state = excluded.state, attempts = attempts + excluded.attempts,
            owner_epoch = excluded.owner_epoch, kept_until = excluded.kept_until \(forward)
          """,
        arguments: [
          claim.run.text, claim.drill.column, resource.kind.column, resource.name.column, state.rawValue, state == .destroying ? 1 : 0,
          claim.epoch, until.column,
        ])
    }
  }

  /// Everything that a run intended, in that order; those that are gone too until the run is sealed.
  package func resources(of run: RunID) throws -> [ScratchResource] { try read { try resources(of: run, $0) } }

  func resources(of run: RunID, _ db: Database) throws -> [ScratchResource] {
    try Row.fetchAll(db, sql: "SELECT kind, name, state FROM scratch_resource WHERE run = ? ORDER BY rowid", arguments: [run.text])
      .map { ScratchResource(kind: try $0.text("kind"), name: try $0.text("name"), state: try $0.choice("state")) }
  }

  /// What sealed runs left behind, leaked or kept, oldest first.
  package func leftovers() throws -> [Leftover] {
    try read { db in
      let sql = "SELECT * FROM scratch_resource WHERE run NOT IN (SELECT run FROM live_run) ORDER BY rowid"
      return try Row.fetchAll(db, sql: sql).map { row in
        let resource = ScratchResource(kind: try row.text("kind"), name: try row.text("name"), state: try row.choice("state"))
        return Leftover(
          run: try row.run(), drill: try row.text("drill"), resource: resource, attempts: try row.value("attempts"),
          keptUntil: try row.optionalTime("kept_until"))
      }
    }
  }

  /// The kept leftovers whose time has come.
  package func dueKept(_ now: Timestamp) throws -> [Leftover] {
    try leftovers().filter { $0.resource.state == .kept && ($0.keptUntil ?? now) <= now }
  }

  /// Counts an attempt to destroy a leftover that failed, and calls it leaked from now on.
  package func stillThere(_ leftover: Leftover) throws {
    try write("still there") { db in
      try db.execute(
        sql: "UPDATE scratch_resource SET state = 'leaked', attempts = attempts + 1 WHERE run = ? AND kind = ? AND name = ?",
        arguments: [leftover.run.text, leftover.resource.kind.column, leftover.resource.name.column])
    }
  }
}
