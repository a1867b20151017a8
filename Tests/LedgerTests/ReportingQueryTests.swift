import DrillModel
import Ledger
import Testing

@Suite("Queries for reports")
struct ReportingQueryTests {
  let fixture = LedgerFixture()
  let ledger: Ledger

  init() throws { ledger = try fixture.open() }

  private func scope(_ from: Timestamp, _ to: Timestamp, drills: [String]? = nil, runs: [RunID]? = nil) throws -> ReportScope {
    ReportScope(from: from, to: to, head: try ledger.head(before: to)?.sequence ?? 0, drills: drills, runs: runs)
  }

  private let always = (Timestamp(milliseconds: 0), Timestamp(milliseconds: 4_000_000_000_000))

  @Test("a period begins at its first instant and ends before its last") func boundaries() throws {
    let ends = try (0..<3).map { _ in try fixture.seal("a", in: ledger).record.finishedAt }
    let sequences = { (from: Timestamp, to: Timestamp) in
      try ledger.figures(in: scope(from, to))["a"]?.map(\.sequence) ?? []
    }
    #expect(try sequences(ends[0], ends[2]) == [1, 2])
    #expect(try sequences(ends[0] + .milliseconds(1), ends[2] + .milliseconds(1)) == [2, 3])
    #expect(try sequences(ends[2] + .milliseconds(1), always.1).isEmpty)
  }

  @Test("figures hold what was sealed, and narrow to drills and runs") func figures() throws {
    let sealed = try fixture.seal("a", .failed, in: ledger)
    try fixture.seal("b", in: ledger)
    let all = try ledger.figures(in: scope(always.0, always.1))
    let figures = try #require(all["a"]?.first)
    #expect(all.count == 2 && figures.verdict == .failed && figures.rpoActual == 60 && figures.rtoActual == 1.234)
    #expect(figures.isComparable && figures.hasFailedCheck && figures.rtoObjective == nil && figures.rtoVerdict == .noObjective)
    #expect(try ledger.figures(in: scope(always.0, always.1, drills: ["b"])).keys.elementsEqual(["b"]))
    #expect(try ledger.figures(in: scope(always.0, always.1, runs: [sealed.record.run])).keys.elementsEqual(["a"]))
  }

  @Test("lines carry the id and, for those that did not pass, the worst reason") func lines() throws {
    let claim = try fixture.claim("a\u{202E}'; --", in: ledger)
    var record = fixture.record(claim, .failed)
    record.reasons = [Reason(code: "rto_missed", severity: .failed, text: "too \"slow\""), Reason(code: "x", severity: .note, text: "y")]
    _ = try ledger.seal(record, under: claim)
    var lines: [RunLine] = []
    try ledger.eachRun(of: claim.drill, in: scope(always.0, always.1)) { lines.append($0) }
    #expect(lines.count == 1 && lines[0].run == claim.run && lines[0].reasonText == "too \"slow\"" && lines[0].reasonCode == "rto_missed")
    #expect(lines[0].point == "b.db" && lines[0].cleanup == .clean && lines[0].trigger == .manual)
  }

  @Test("the head of a period is the newest entry before its end, and an amendment after it does not move it") func heads() throws {
    let first = try fixture.seal("a", in: ledger)
    let end = fixture.clocks.now() + .seconds(10)
    #expect(try ledger.head(before: first.record.finishedAt) == nil)
    #expect(try ledger.head(before: end) == first.chain)
    let amendment = Amendment(run: first.record.run, amendedAt: end + .seconds(5), destroyed: [], text: "gone")
    let amended = try ledger.amend(amendment)
    #expect(try ledger.head(before: end) == first.chain)
    #expect(try ledger.head(before: end + .seconds(6)) == amended)
  }

  @Test("misses and drills of a period") func misses() throws {
    let now = fixture.clocks.now()
    _ = try ledger.note(Miss(drill: "z", due: now, kind: .down, notedAt: now + .seconds(1)))
    _ = try fixture.seal("a", in: ledger)
    let scope = try scope(always.0, always.1)
    #expect(try ledger.misses(in: scope).map(\.drill) == ["z"] && ledger.missedDrills(upTo: scope) == ["z"])
    #expect(try ledger.misses(in: self.scope(now + .seconds(2), always.1)).isEmpty)
    #expect(try ledger.lastRun(of: "a", in: scope)?.sequence == 2 && ledger.lastRun(of: "z", in: scope) == nil)
  }

  @Test("what was sealed is given as evidence") func evidence() throws {
    let sealed = try (0..<3).map { _ in try fixture.seal("a", in: ledger) }
    #expect(try ledger.evidence(at: [3, 1]) == [sealed[2], sealed[0]])
    #expect(try ledger.recompute(1, through: 3) == 3)
    try ledger.checkRunCount()
  }

  @Test(
    "what was changed is never given as evidence, and is named",
    arguments: [
      "UPDATE entry SET body = CAST(replace(CAST(body AS TEXT), 'passed', 'failed') AS BLOB) WHERE sequence = 2",
      "UPDATE run SET rto_actual_ms = 1 WHERE sequence = 2", "UPDATE phase SET end_ms = 1 WHERE sequence = 2",
      "DELETE FROM entry WHERE sequence = 2",
    ])
  func tampered(_ sql: String) throws {
    for _ in 0..<3 { try fixture.seal("a", in: ledger) }
    try fixture.tamper(sql)
    let found = fault { _ = try ledger.evidence(at: [3, 2]) }
    #expect(found?.code == .ledgerUnusable && found?.message.contains("entry 2") == true)
    #expect(fault { _ = try ledger.recompute(1, through: 3) } != nil)
  }

  @Test("a run that was hidden from the queries is noticed by the count") func hidden() throws {
    for _ in 0..<3 { try fixture.seal("a", in: ledger) }
    try fixture.tamper("DELETE FROM run WHERE sequence = 3")
    #expect(fault { try ledger.checkRunCount() }?.message.contains("3 sealed runs and shows 2") == true)
  }
}
