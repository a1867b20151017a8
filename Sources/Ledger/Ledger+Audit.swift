internal import DrillModel
package import Foundation
internal import GRDB

extension Ledger {
  /// Verifies every entry, link and sequence, every projection against its body in both directions, and the database's structure.
  ///
  /// Reads one consistent state; memory does not grow with the number of entries. Nothing is written. Use a ledger from
  /// `openForReading`: opening for writing already refuses some of what this can name.
  /// - Parameters:
  ///   - head: `sha256:…`, optionally behind a sequence and a colon: must be in the chain, or its tail was cut or it was rewritten.
  ///   - records: Sealed records that were kept elsewhere, one JSON document each: each must be in the ledger as it is.
  /// - Throws: `Fault` for a `head` that is none.
  package func audit(head: String? = nil, records: [Data]? = nil) throws -> AuditReport {
    let told = try head.map { try ToldHead($0) }
    var report = AuditReport()
    do {
      try read { db in
        guard try hasTables(db, &report) else { return }
        var walk = ChainWalk(db: db, told: told)
        defer { report = walk.report }
        try walk.run()
        for data in records ?? [] { try KeptRecord(data).compare(with: db, &walk.report) }
        try checkStructure(db, &walk.report)
      }
    } catch let fault as Fault {
      // What was found before stays: a chain that is broken is broken, readable to its end or not.
      if report.outcome == .holds { report.outcome = .unreadable }
      report.notes.append("it could not be read to its end: \(fault.message)")
    }
    return report
  }

  private func hasTables(_ db: Database, _ report: inout AuditReport) throws -> Bool {
    let others = ["entry", "recovery_point_seen", "recovery_point_digest", "live_run", "owed_notification"]
    for table in Projection.allCases.map(\.rawValue) + others where try !db.tableExists(table) {
      report.add(AuditFinding("the table \(table) is gone"))
    }
    return report.outcome == .holds
  }

  private func checkStructure(_ db: Database, _ report: inout AuditReport) throws {
    let answers = try String.fetchAll(db, sql: "PRAGMA integrity_check(10)")
    for answer in answers where answer != "ok" { report.add(AuditFinding("the database's structure: \(answer)")) }
    let triggers = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entry'")
    if triggers != 2 { report.notes.append("the triggers that keep programs from changing entries are not there any more") }
  }
}
