import DrillModel
import Foundation
import GRDB
import Ledger
import Testing

@Suite("Audit of projections")
struct AuditProjectionTests {
  let fixture = LedgerFixture()
  let ledger: Ledger

  init() throws {
    ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    let now = fixture.clocks.now()
    let points = [SeenPoint(location: "/b/1", takenAt: now, origin: .name), SeenPoint(location: "/b/2", takenAt: now, origin: .name)]
    _ = try ledger.seal(fixture.record(claim), under: claim, points: points) { context in
      let payload = #"{"verdict":"passed","head":"\#(context.head.hash)"}"#
      let owed = OwedNotification(id: "n1", run: claim.run, drill: "orders", event: "passed", route: "sns", payload: payload)
      return Debts(notifications: [owed])
    }
    for _ in 0..<3 { try fixture.seal(in: ledger) }
    _ = try ledger.note(Miss(drill: "orders", due: now, kind: .down, notedAt: now))
  }

  @Test("every text and number of every projection is compared") func everyColumn() throws {
    let queue = try DatabaseQueue(path: fixture.path)
    for table in ["run", "check_result", "phase", "miss", "recovery_point_seen", "recovery_point_digest"] {
      let columns = try queue.read { db in try db.columns(in: table).map { ($0.name, $0.type) } }
      for (column, type) in columns where column != "sequence" || table == "check_result" {
        let copy = try queue.read { try DatabaseValue.fetchOne($0, sql: "SELECT \(column) FROM \(table) LIMIT 1") }
        let other = type == "TEXT" ? "'other'" : type == "BLOB" ? "x'01'" : "777"
        let target = "WHERE rowid = (SELECT min(rowid) FROM \(table))"
        try fixture.tamper("UPDATE OR IGNORE \(table) SET \(column) = \(other) \(target)")
        #expect(try fixture.audit().outcome == .broken, "\(table).\(column)")
        try fixture.tamper("UPDATE \(table) SET \(column) = ? \(target)", [copy])
        #expect(try fixture.audit().outcome == .holds, "\(table).\(column) put back")
      }
    }
  }

  @Test("every stored copy of a verdict, wherever it is, is covered") func everyVerdict() throws {
    let claim = try fixture.claim("other", in: ledger)
    try ledger.storeCore(fixture.record(claim), for: claim)
    let queue = try DatabaseQueue(path: fixture.path)
    var tried = 0
    for table in try queue.read({ try String.fetchAll($0, sql: "SELECT name FROM sqlite_master WHERE type = 'table'") }) {
      for column in try queue.read({ try $0.columns(in: table) }) where ["TEXT", "BLOB"].contains(column.type) {
        let find = "SELECT rowid FROM \(table) WHERE instr(CAST(\(column.name) AS TEXT), 'passed') ORDER BY rowid DESC LIMIT 1"
        guard let row = try queue.read({ try Int64.fetchOne($0, sql: find) }) else { continue }
        let change = "CAST(replace(CAST(\(column.name) AS TEXT), ?, ?) AS \(column.type))"
        let statement = "UPDATE \(table) SET \(column.name) = \(change) WHERE rowid = \(row)"
        try fixture.tamper(statement, ["passed", "failed"])
        #expect(try fixture.audit().outcome == .broken, "\(table).\(column.name)")
        try fixture.tamper(statement, ["failed", "passed"])
        tried += 1
      }
    }
    #expect(tried >= 5)
    #expect(try fixture.audit().outcome == .holds)
  }

  @Test(
    "a missing projection row is noticed",
    arguments: ["run", "check_result", "phase", "miss", "recovery_point_seen", "recovery_point_digest"])
  func missingRow(_ table: String) throws {
    try fixture.tamper("DELETE FROM \(table) WHERE rowid = (SELECT min(rowid) FROM \(table))")
    #expect(try fixture.audit().outcome == .broken)
  }

  @Test("rows without an entry are noticed") func extraRows() throws {
    try fixture.tamper("INSERT INTO phase VALUES (99, 0, 'select', 0, 1)")
    #expect(try fixture.audit().first?.sequence == 99)
  }

  @Test("a further row of a sealed run is noticed") func furtherRow() throws {
    try fixture.tamper(
      "INSERT INTO check_result SELECT sequence, 7, name, kind, severity, verdict, expected, found, took_ms, data FROM check_result LIMIT 1"
    )
    #expect(try fixture.audit().first?.detail.contains("2 rows") == true)
  }

  @Test("points that were added later are noticed") func addedPoint() throws {
    try fixture.tamper(
      "INSERT INTO recovery_point_seen SELECT drill, 'x', taken_at, origin, first_seen_run, 3 FROM recovery_point_seen LIMIT 1")
    #expect(try fixture.audit().first?.sequence == 3)
  }

  @Test("text that only looks the same is not the same") func composedText() throws {
    let drill = "caf\u{e9}"
    try fixture.seal(drill, in: ledger)
    #expect(try fixture.audit().outcome == .holds)
    try fixture.tamper("UPDATE run SET drill = ? WHERE drill = ?", ["cafe\u{301}", drill])
    #expect(try fixture.audit().outcome == .broken)
  }

  @Test("rebuilding gives what was there, and repairs what was edited") func rebuild() throws {
    let before: String? = try fixture.value("SELECT group_concat(run || verdict || finished_at || rpo_actual_ms) FROM run")
    try fixture.tamper("UPDATE run SET verdict = 'failed'; DELETE FROM check_result; DELETE FROM miss")
    #expect(try fixture.audit().outcome == .broken)
    try ledger.rebuildProjections()
    #expect(try fixture.audit().outcome == .holds)
    #expect(try fixture.value("SELECT group_concat(run || verdict || finished_at || rpo_actual_ms) FROM run") == before)
  }
}
