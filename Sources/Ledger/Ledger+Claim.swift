internal import Digesting
package import DrillModel
internal import GRDB
internal import Glibc

extension Ledger {
  /// Asks for a run of `drill`. At most one living run of a drill, and one outcome for each due instant.
  ///
  /// The run's lock is taken before its row is committed. A dead run of the drill does not stand in the way; it stays in
  /// `unfinished()` until somebody adopts and seals it.
  package func claim(drill: String, run: RunID, trigger: RunRecord.Trigger, due: Timestamp? = nil, host: String) throws -> ClaimOutcome {
    guard let lock = try FileLock.acquire(at: lockPath(run)) else {
      throw Fault(.internalError, "the run id \(run) is in use by another process")
    }
    options.crashPoint("after lock")
    let claim = RunClaim(run: run, drill: drill, trigger: trigger, due: due, claimedAt: clocks.now(), epoch: 1, lock: lock)
    let refusal: ClaimOutcome?
    do {
      refusal = try write("claim") { db in
        if let refusal = try reasonAgainst(drill, due, db) { return refusal }
        try insert(claim, host: host, db)
        return nil
      }
    } catch {
      // A disk error may have kept the row: then it is a dead run, which the next start reaps.
      lock.release()
      throw error
    }
    guard let refusal else { return .claimed(claim) }
    lock.remove()
    return refusal
  }

  private func reasonAgainst(_ drill: String, _ due: Timestamp?, _ db: Database) throws -> ClaimOutcome? {
    // First, so that a scheduler that comes second hears of the run that answers the instant, not of an overlap.
    if let due, let run = try decision(drill, due, db) {
      try advance(drill, to: due, db)
      return .decided(run)
    }
    for row in try Row.fetchAll(db, sql: "SELECT run, claimed_at FROM live_run WHERE drill = ?", arguments: [drill.column]) {
      let run = try row.run()
      if FileLock.isHeld(at: lockPath(run)) { return .busy(run, since: try row.time("claimed_at")) }
    }
    return nil
  }

  private func insert(_ claim: RunClaim, host: String, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO live_run (run, drill, triggered_by, due, host, boot_id, pid, epoch, claimed_at, lock)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        claim.run.text, claim.drill.column, claim.trigger.rawValue, claim.due.column, host.column, Ledger.bootID, getpid(), claim.epoch,
        claim.claimedAt.column, claim.lock.path.column,
      ])
    guard let due = claim.due else { return }
    try db.execute(
      sql: "INSERT INTO schedule_decision (drill, due, outcome, run, decided_at) VALUES (?, ?, 'run', ?, ?)",
      arguments: [claim.drill.column, due.column, claim.run.text, claim.claimedAt.column])
    try advance(claim.drill, to: due, db)
  }

  /// Keeps what is known when verification has ended, so that a crash while cleaning up can still be sealed. The last one counts.
  package func storeCore(_ record: RunRecord, for claim: RunClaim) throws {
    let body = try CanonicalJSON.encode(record)
    try write("store core", for: claim) { db in
      try db.execute(
        sql: "UPDATE live_run SET core = ?, core_digest = ? WHERE run = ?",
        arguments: [body.blob, SHA256.digest(of: body).blob, claim.run.text])
    }
  }

  /// Notes a started program, which a power cut would end too. Repeating it is a no-op.
  package func started(_ process: RecordedProcess, for claim: RunClaim) throws {
    try write("start process", waitsForDisk: false, for: claim) { db in
      try db.execute(
        sql: "INSERT INTO process (run, boot_id, pid, start_time, pgid) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        arguments: [claim.run.text, process.bootID, process.pid, process.startTime, process.processGroup])
    }
  }

  /// Forgets a program that has ended. One that is not known is a no-op.
  package func ended(_ process: RecordedProcess, for claim: RunClaim) throws {
    try write("end process", waitsForDisk: false, for: claim) { db in
      try db.execute(
        sql: "DELETE FROM process WHERE run = ? AND boot_id = ? AND pid = ? AND start_time = ?",
        arguments: [claim.run.text, process.bootID, process.pid, process.startTime])
    }
  }

  /// A transaction of a claim: refused when another process has taken the run over since.
  func write<T>(_ step: String, waitsForDisk: Bool = true, for claim: RunClaim, _ body: (Database) throws -> T) throws -> T {
    try write(step, waitsForDisk: waitsForDisk) { db in
      try checkEpoch(of: claim, db)
      return try body(db)
    }
  }

  func checkEpoch(of claim: RunClaim, _ db: Database) throws {
    let epoch = try Int64.fetchOne(db, sql: "SELECT epoch FROM live_run WHERE run = ?", arguments: [claim.run.text])
    guard epoch != claim.epoch else { return }
    let what = epoch == nil ? "has been sealed" : "was taken over by another process"
    throw Fault(.interrupted, "run \(claim.run) \(what); nothing more is written for it here")
  }

  /// The kernel's id of this boot, from random(4); empty where there is none.
  package static let bootID: String = {
    guard let file = fopen("/proc/sys/kernel/random/boot_id", "re") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 36)
    let count = fread(&bytes, 1, 36, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }()
}
