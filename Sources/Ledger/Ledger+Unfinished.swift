internal import Digesting
package import DrillModel
internal import GRDB

extension Ledger {
  /// Every run that was claimed and not sealed, living ones too, oldest first.
  package func unfinished() throws -> [UnfinishedRun] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM live_run ORDER BY claimed_at, run").map { try unfinished($0, db) }
    }
  }

  /// When the drill's living run was claimed; nil when none goes on.
  package func underway(_ drill: String) throws -> Timestamp? {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT run, claimed_at FROM live_run WHERE drill = ?", arguments: [drill.column]).first { row in
        FileLock.isHeld(at: lockPath(try row.run()))
      }?.time("claimed_at")
    }
  }

  private func unfinished(_ row: Row, _ db: Database) throws -> UnfinishedRun {
    let run = try row.run()
    return UnfinishedRun(
      run: run, drill: try row.text("drill"), trigger: try row.choice("triggered_by"), due: try row.optionalTime("due"),
      startedAt: try row.time("claimed_at"), host: try row.text("host"), bootID: try row.text("boot_id"),
      pid: try row.value("pid"), epoch: try row.integer("epoch"), resources: try resources(of: run, db),
      processes: try processes(of: run, db), core: core(row), isAlive: FileLock.isHeld(at: lockPath(run)))
  }

  private func processes(of run: RunID, _ db: Database) throws -> [RecordedProcess] {
    try Row.fetchAll(db, sql: "SELECT * FROM process WHERE run = ? ORDER BY rowid", arguments: [run.text]).map {
      RecordedProcess(
        bootID: try $0.text("boot_id"), pid: try $0.value("pid"), startTime: try $0.integer("start_time"),
        processGroup: try $0.value("pgid"))
    }
  }

  // A core that is not what was stored counts as none: better a run without a verdict than one with a made-up one.
  private func core(_ row: Row) -> RunRecord? {
    guard let body = try? row.bytes("core"), let digest = try? row.bytes("core_digest") else { return nil }
    guard SHA256.digest(of: body) == digest else { return nil }
    return try? CanonicalJSON.decode(RunRecord.self, from: body)
  }

  /// Takes over a dead run, to clean up after it and seal it; nil when its process lives, another one was quicker, or it is sealed.
  package func adopt(_ unfinished: UnfinishedRun) throws -> RunClaim? {
    guard let lock = try FileLock.acquire(at: lockPath(unfinished.run)) else { return nil }
    let claim = try write("adopt") { db -> RunClaim? in
      let sql = "UPDATE live_run SET epoch = epoch + 1 WHERE run = ? RETURNING epoch"
      guard let epoch = try Int64.fetchOne(db, sql: sql, arguments: [unfinished.run.text]) else { return nil }
      return RunClaim(
        run: unfinished.run, drill: unfinished.drill, trigger: unfinished.trigger, due: unfinished.due, claimedAt: unfinished.startedAt,
        epoch: epoch, lock: lock)
    }
    if claim == nil { lock.remove() }
    return claim
  }
}
