import DrillModel
import Foundation
import GRDB
import Ledger
import Testing

@Suite("Audit")
struct AuditTests {
  let fixture = LedgerFixture()

  private func sealFive() throws -> [SealedRecord] {
    let ledger = try fixture.open()
    return try (0..<5).map { _ in try fixture.seal(in: ledger) }
  }

  @Test("an untouched chain holds") func holds() throws {
    let sealed = try sealFive()
    let report = try fixture.audit()
    #expect(report.outcome == .holds && report.entries == 5)
    #expect(report.head == sealed.last?.chain && report.notes.isEmpty)
  }

  @Test("an empty ledger holds") func emptyHolds() throws {
    _ = try fixture.open()
    let report = try fixture.audit()
    #expect(report.outcome == .holds && report.head == nil)
  }

  @Test("an edited body is named by sequence and run") func editedBody() throws {
    let sealed = try sealFive()
    try fixture.tamper("UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'passed', 'failed') AS BLOB) WHERE sequence = 3")
    let first = try #require(try fixture.audit().first)
    #expect(first.sequence == 3 && first.run == sealed[2].record.run.text)
    #expect(first.detail.contains("run.verdict was sealed as “failed” and reads “passed” now"))
  }

  @Test(
    "every column of the chain is covered",
    arguments: [
      "kind = 'anchor'", "subject_run = 'X'", "format = 0", "previous = x'00'", "hash = x'00'", "body = x'7b7d'", "sequence = 99",
    ])
  func everyColumn(_ change: String) throws {
    _ = try sealFive()
    try fixture.tamper("UPDATE entry SET \(change) WHERE sequence = 3")
    let report = try fixture.audit()
    #expect(report.outcome == .broken)
    #expect(report.first?.sequence == 3 || report.first?.sequence == 2)
  }

  @Test("a removed entry is named") func removed() throws {
    _ = try sealFive()
    try fixture.tamper("DELETE FROM entry WHERE sequence = 3")
    let report = try fixture.audit()
    #expect(report.first?.sequence == 3)
    #expect(report.first?.detail.contains("missing") == true)
  }

  @Test("a removed entry whose followers were renumbered is noticed") func renumbered() throws {
    _ = try sealFive()
    try fixture.tamper("DELETE FROM entry WHERE sequence = 3; UPDATE entry SET sequence = sequence - 1 WHERE sequence > 3")
    #expect(try fixture.audit().outcome == .broken)
  }

  @Test("an inserted entry is named") func inserted() throws {
    _ = try sealFive()
    try fixture.tamper(
      "INSERT INTO entry SELECT 6, 'amendment', subject_run, format, hash, body, hash FROM entry WHERE sequence = 5")
    #expect(try fixture.audit().first?.sequence == 6)
  }

  @Test("swapped bodies are named") func swapped() throws {
    let sealed = try sealFive()
    try fixture.tamper(
      """
      CREATE TEMP TABLE t AS SELECT sequence, body FROM entry;
      UPDATE entry SET body = (SELECT body FROM t WHERE t.sequence = 6 - entry.sequence) WHERE sequence IN (2, 4)
      """)
    let first = try #require(try fixture.audit().first)
    #expect(first.sequence == 2 && first.detail.contains(sealed[3].record.run.text))
  }

  @Test("reordered entries are named") func reordered() throws {
    _ = try sealFive()
    try fixture.tamper(
      "UPDATE entry SET sequence = 99 WHERE sequence = 2; UPDATE entry SET sequence = 2 WHERE sequence = 3; UPDATE entry SET sequence = 3 WHERE sequence = 99"
    )
    #expect(try fixture.audit().first?.sequence == 1 || fixture.audit().first?.sequence == 2)
  }

  @Test("an entry whose hash was computed anew breaks the link of the next") func rehashed() throws {
    let sealed = try sealFive()
    let body = String(decoding: sealed[2].body, as: UTF8.self).replacing("passed", with: "failed")
    let hash = ChainBytes.hash(3, "run", sealed[2].record.run.text, previous: sealed[1].chain.hash, body: Array(body.utf8))
    try fixture.tamper("UPDATE entry SET body = ?, hash = ? WHERE sequence = 3", [Data(body.utf8), Data(hash)])
    let report = try fixture.audit()
    #expect(report.findings.contains { $0.sequence == 3 && $0.detail.contains("replaced") })
  }

  @Test("a cut tail shows against a head that was told, and only then") func cutTail() throws {
    let sealed = try sealFive()
    try fixture.tamper(
      "DELETE FROM check_result WHERE sequence = 5; DELETE FROM phase WHERE sequence = 5; DELETE FROM run WHERE sequence = 5")
    try fixture.tamper("DELETE FROM entry WHERE sequence = 5")
    #expect(try fixture.audit().outcome == .holds)
    let report = try fixture.audit(head: sealed[4].chain.hash)
    #expect(report.outcome == .broken)
    #expect(report.first?.detail.contains("the tail was cut off") == true)
  }

  @Test("a told head that is in the chain holds, at its sequence only") func toldHead() throws {
    let sealed = try sealFive()
    let hash = sealed[2].chain.hash
    #expect(try fixture.audit(head: hash).outcome == .holds)
    #expect(try fixture.audit(head: String(hash.dropFirst(7))).outcome == .holds)
    #expect(try fixture.audit(head: "3:\(hash)").outcome == .holds)
    #expect(try fixture.audit(head: "4:\(hash)").outcome == .broken)
  }

  @Test("something that is no head is wrong usage", arguments: ["", "sha256:", "abc", "x:" + String(repeating: "0", count: 64)])
  func noHead(_ text: String) throws {
    _ = try sealFive()
    #expect(fault { _ = try fixture.audit(head: text) }?.code == .configuration)
  }

  @Test("records kept elsewhere agree, in any formatting") func keptRecords() throws {
    let lines = try sealFive().map { Data($0.jsonLine.utf8) }
    let object = try JSONSerialization.jsonObject(with: lines[1])
    let pretty = try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted])
    #expect(try fixture.audit(records: lines + [pretty]).outcome == .holds)
  }

  @Test("a record kept elsewhere that differs is named with its key") func keptRecordDiffers() throws {
    let sealed = try sealFive()
    let line = sealed[1].jsonLine.replacing("\"host\":\"h\"", with: "\"host\":\"other\"")
    let first = try #require(try fixture.audit(records: [Data(line.utf8)]).first)
    #expect(first.sequence == 2 && first.detail.contains("environment"))
  }

  @Test("a record that the ledger lost is named; rubbish too") func keptRecordLost() throws {
    let sealed = try sealFive()
    let line = sealed[1].jsonLine.replacing(sealed[1].record.run.text, with: "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    #expect(try fixture.audit(records: [Data(line.utf8)]).first?.run == "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    #expect(try fixture.audit(records: [Data("{".utf8)]).outcome == .broken)
  }

  @Test("a table that is gone is named", arguments: ["entry", "run", "check_result", "recovery_point_seen"]) func tableGone(_ table: String)
    throws
  {
    _ = try sealFive()
    try fixture.tamper("DROP TABLE \(table)")
    #expect(try fixture.audit().first?.detail == "the table \(table) is gone")
  }

  @Test("damaged pages in the middle are told from an edit: the ledger is unreadable") func damagedPages() throws {
    let ledger = try fixture.open()
    for _ in 0..<40 { try fixture.seal(in: ledger) }
    try fixture.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
    var data = try Data(contentsOf: URL(filePath: fixture.path))
    let place = try #require(data.range(of: Data("\"verdict\":\"passed\"}".utf8), options: .backwards)).lowerBound / 4096 * 4096
    data.replaceSubrange(place..<place + 8, with: Data(repeating: 0xFF, count: 8))
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: fixture.path + suffix) }
    try data.write(to: URL(filePath: fixture.path))
    let report = try fixture.audit()
    #expect(report.outcome != .holds)
    #expect(report.notes.contains { $0.contains("could not be read") })
  }

  @Test("dropped triggers are noted and break nothing") func triggers() throws {
    _ = try sealFive()
    try fixture.tamper("SELECT 1")
    let report = try fixture.audit()
    #expect(report.outcome == .holds && report.notes.count == 1)
  }

  @Test("the triggers refuse an update and a removal") func speedBump() throws {
    _ = try sealFive()
    let queue = try DatabaseQueue(path: fixture.path)
    #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: "UPDATE entry SET kind = 'miss'") } }
    #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: "DELETE FROM entry") } }
  }
}
