import DrillModel
import Foundation
import Ledger
import Testing

@Suite("Sealing")
struct SealTests {
  let fixture = LedgerFixture()
  let ledger: Ledger

  init() throws { ledger = try fixture.open() }

  private func message(_ claim: RunClaim, _ link: ChainLink) -> OwedNotification {
    OwedNotification(
      id: "\(claim.run):failed:0", run: claim.run, drill: claim.drill, event: "failed", route: "sns", payload: "head \(link.hash)")
  }

  @Test("a verdict and what is owed for it come together, with the head in the message") func together() throws {
    let claim = try fixture.claim(in: ledger)
    let sealed = try ledger.seal(fixture.record(claim, .failed), under: claim) { Debts(notifications: [message(claim, $0.head)]) }
    let owed = try ledger.outbox().oldest.map(\.notification)
    #expect(owed.map(\.payload) == ["head \(sealed.chain.hash)"])
    #expect(owed.first?.state == .owed && owed.first?.attempts == 0)
  }

  @Test("when the messages cannot be made, nothing is sealed") func neither() throws {
    let claim = try fixture.claim(in: ledger)
    let found = fault { _ = try ledger.seal(fixture.record(claim), under: claim) { _ in throw Fault(.internalError, "no") } }
    #expect(found?.message == "no")
    #expect(try ledger.latest("orders") == nil && ledger.outbox().isEmpty && ledger.unfinished().count == 1)
    #expect(try ledger.seal(fixture.record(claim), under: claim).chain.sequence == 1)
  }

  @Test("sealing the same again changes nothing; another record is refused") func again() throws {
    let claim = try fixture.claim(in: ledger)
    let record = fixture.record(claim)
    let first = try ledger.seal(record, under: claim) { Debts(notifications: [message(claim, $0.head)]) }
    #expect(try ledger.seal(record, under: claim) { Debts(notifications: [message(claim, $0.head)]) } == first)
    #expect(try ledger.outbox().count == 1)
    #expect(fault { _ = try ledger.seal(fixture.record(claim, .failed), under: claim) }?.code == .internalError)
    #expect(try fixture.audit().entries == 1)
  }

  @Test("what the record calls destroyed is no leak, though its own step could not be written; what it does not stays one")
  func unrecordedEnd() throws {
    let claim = try fixture.claim(in: ledger)
    for name in ["/scratch/gone", "/scratch/left"] { try ledger.made(ScratchResource(kind: "directory", name: name), for: claim) }
    var record = fixture.record(claim)
    record.cleanup.resources = [
      ScratchResource(kind: "directory", name: "/scratch/gone", state: .gone),
      ScratchResource(kind: "directory", name: "/scratch/left", state: .leaked),
    ]
    _ = try ledger.seal(record, under: claim)
    #expect(try ledger.leftovers().map(\.resource.name) == ["/scratch/left"])
  }

  @Test("a record of another run or drill is refused") func mismatch() throws {
    let claim = try fixture.claim(in: ledger)
    let other = LedgerFixture.record(fixture.newRun(), "orders", at: fixture.clocks.now())
    #expect(fault { _ = try ledger.seal(other, under: claim) }?.code == .internalError)
  }

  @Test("resources go through their states, and every step may be repeated") func states() throws {
    let claim = try fixture.claim(in: ledger)
    let resource = ScratchResource(kind: "directory", name: "/scratch/x")
    func state() throws -> ScratchResource.State? { try ledger.resources(of: claim.run).first?.state }
    for _ in 0..<2 { try ledger.intend(resource, for: claim) }
    #expect(try state() == .intended)
    for _ in 0..<2 { try ledger.made(resource, for: claim) }
    try ledger.intend(resource, for: claim)
    #expect(try state() == .made)
    for _ in 0..<2 { try ledger.destroying(resource, for: claim) }
    #expect(try state() == .destroying)
    for _ in 0..<2 { try ledger.gone(resource, for: claim) }
    #expect(try state() == .gone)
    #expect(try ledger.resources(of: claim.run).count == 1)
  }

  @Test("what is not known to be gone outlives the seal, and an amendment ends it") func leaked() throws {
    let claim = try fixture.claim(in: ledger)
    let gone = ScratchResource(kind: "directory", name: "/gone")
    let stuck = ScratchResource(kind: "directory", name: "/stuck")
    for resource in [gone, stuck] { try ledger.intend(resource, for: claim) }
    try ledger.gone(gone, for: claim)
    try ledger.destroying(stuck, for: claim)
    _ = try ledger.seal(fixture.record(claim, .failed), under: claim)
    let left = try #require(try ledger.leftovers().first)
    #expect(left.resource == ScratchResource(kind: "directory", name: "/stuck", state: .leaked) && left.attempts == 1)
    try ledger.stillThere(left)
    #expect(try ledger.leftovers().map(\.attempts) == [2])
    let amendment = Amendment(run: claim.run, amendedAt: fixture.clocks.now(), destroyed: [left.resource], text: "destroyed by cleanup")
    #expect(try ledger.amend(amendment).sequence == 2)
    #expect(try ledger.leftovers().isEmpty)
    #expect(
      try ledger.amendments(of: claim.run) == [AmendmentLine(sequence: 2, at: amendment.amendedAt, text: "destroyed by cleanup")])
    #expect(try ledger.amendments(of: claim.run, through: 1).isEmpty)
    #expect(try fixture.audit().outcome == .holds)
  }

  @Test("a run that is not sealed cannot be amended") func amendUnsealed() throws {
    let claim = try fixture.claim(in: ledger)
    let amendment = Amendment(run: claim.run, amendedAt: fixture.clocks.now(), destroyed: [], text: "")
    #expect(fault { _ = try ledger.amend(amendment) }?.code == .internalError)
  }

  @Test("what is kept on purpose is due at its time, not before") func kept() throws {
    let claim = try fixture.claim(in: ledger)
    let resource = ScratchResource(kind: "directory", name: "/kept")
    let until = fixture.clocks.now() + .seconds(7200)
    try ledger.kept(resource, until: until, for: claim)
    #expect(try ledger.leftovers().isEmpty)
    _ = try ledger.seal(fixture.record(claim), under: claim)
    #expect(try ledger.dueKept(until - .seconds(1)).isEmpty)
    #expect(try ledger.dueKept(until).map(\.resource.name) == ["/kept"])
  }

  @Test("points are remembered once, with the run that saw them first") func seenPoints() throws {
    let early = Timestamp(seconds: 1_000)
    let late = Timestamp(seconds: 2_000)
    let first = SeenPoint(location: "/b/1", takenAt: early, origin: .name)
    let second = SeenPoint(location: "/b/2", takenAt: late, origin: .metadata)
    try fixture.seal(in: ledger, points: [first])
    try fixture.seal(in: ledger, points: [second, first])
    #expect(try ledger.seenPoints("orders", since: early) == [first, second])
    #expect(try ledger.seenPoints("orders", since: late) == [second])
    #expect(try ledger.seenPoints("other", since: early).isEmpty)
    #expect(try fixture.audit().outcome == .holds)
  }

  @Test(
    "names that want to do harm are stored as they are",
    arguments: [
      "'; DROP TABLE entry; --", "../../x", "<script>alert(1)</script>", "a\nb", "\u{202E}txt.exe", "-rf", "$(id)", "%s%n", "a\0b",
      String(repeating: "x", count: 10_240), "👩🏽‍🚒", "",
    ])
  func hostileNames(_ name: String) throws {
    let claim = try fixture.claim(name, in: ledger)
    let resource = ScratchResource(kind: "directory", name: name.replacing("\0", with: ""))
    try ledger.made(resource, for: claim)
    #expect(try ledger.resources(of: claim.run).map(\.name) == [resource.name])
    var record = fixture.record(claim)
    record.checks[0].name = name
    let sealed = try ledger.seal(record, under: claim, points: [SeenPoint(location: name, takenAt: fixture.clocks.now(), origin: .name)])
    #expect(try ledger.latest(name)?.record == record)
    #expect(try ledger.history(name, limit: 9).map(\.jsonLine) == [sealed.jsonLine])
    #expect(!sealed.jsonLine.contains("\n"))
    let report = try fixture.audit(records: [Data(sealed.jsonLine.utf8)])
    #expect(report.outcome == .holds, "\(report.findings)")
  }
}
