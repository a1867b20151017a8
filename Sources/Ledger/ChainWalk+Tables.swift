internal import Digesting
internal import DrillModel
internal import GRDB

// Tables that no body can rebuild: they carry digests of their own, which show an edit but not a patient forger
// (docs/ledger.md says what that is worth).
extension ChainWalk {
  mutating func checkSeenPoints() throws {
    let sql = """
      SELECT d.sequence, d.points, d.digest, e.hash, e.subject_run FROM recovery_point_digest d LEFT JOIN entry e USING (sequence)
      ORDER BY d.sequence
      """
    let digests = try Row.fetchCursor(db, sql: sql)
    while let row = try digests.next() {
      let sequence = try row.integer("sequence")
      guard let hash = (try? row.bytes("hash")) else {
        report.add(AuditFinding("recovery points are remembered for it, and it is not there", sequence: sequence))
        continue
      }
      let now = try SeenPointMemory.digest(of: sequence, hash: hash, db)
      guard try now.count != row.integer("points") || now.digest != row.bytes("digest") else { continue }
      report.add(AuditFinding("the recovery points that it saw first were changed", sequence: sequence, run: try row.text("subject_run")))
    }
    let orphans = "SELECT DISTINCT sequence FROM recovery_point_seen WHERE sequence NOT IN (SELECT sequence FROM recovery_point_digest)"
    for sequence in try Int64.fetchAll(db, sql: "\(orphans) ORDER BY sequence LIMIT 10") {
      report.add(AuditFinding("recovery points were added to those that it saw first", sequence: sequence))
    }
  }

  mutating func checkOutbox() throws {
    let rows = try Row.fetchCursor(db, sql: "SELECT * FROM owed_notification ORDER BY rowid")
    while let row = try rows.next() {
      let digest = try row.bytes("digest")
      if let notification = try? OwedNotification(row), notification.digest == digest { continue }
      report.add(AuditFinding("an owed notification was changed", run: try row.text("run")))
    }
  }

  mutating func checkCores() throws {
    let rows = try Row.fetchCursor(db, sql: "SELECT run, core, core_digest FROM live_run WHERE core IS NOT NULL ORDER BY run")
    while let row = try rows.next() {
      let digest: [UInt8]? = try? row.bytes("core_digest")
      if try SHA256.digest(of: row.bytes("core")) == digest { continue }
      report.add(AuditFinding("the stored verdict of this unfinished run was changed", run: try row.text("run")))
    }
  }
}
