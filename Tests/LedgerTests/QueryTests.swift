import DrillModel
import Foundation
import Ledger
import Testing

@Suite("Queries")
struct QueryTests {
  let fixture = LedgerFixture()
  let ledger: Ledger

  init() throws { ledger = try fixture.open() }

  @Test("the newest, the last pass and the last conclusive run") func newest() throws {
    let pass = try fixture.seal("a", .passed, in: ledger)
    let fail = try fixture.seal("a", .failed, in: ledger)
    let cannot = try fixture.seal("a", .cannotDrill, in: ledger)
    try fixture.seal("b", .failed, in: ledger)
    #expect(try ledger.latest("a") == cannot)
    #expect(try ledger.lastPass("a") == pass)
    #expect(try ledger.lastConclusive("a") == fail)
    #expect(try ledger.lastPass("b") == nil && ledger.latest("c") == nil)
    #expect(try ledger.drills() == ["a", "b"])
    #expect(try ledger.head()?.sequence == 4)
  }

  @Test("history is newest first, limited and paged") func history() throws {
    let sealed = try (0..<5).map { try fixture.seal($0 == 2 ? "b" : "a", in: ledger) }
    #expect(try ledger.history(limit: 2) == [sealed[4], sealed[3]])
    #expect(try ledger.history(limit: 9, before: 3) == [sealed[1], sealed[0]])
    #expect(try ledger.history("b", limit: 9) == [sealed[2]])
    #expect(try ledger.history("a", limit: -1).isEmpty)
  }

  @Test("a run is found by an unambiguous beginning, in either case") func find() throws {
    let sealed = try fixture.seal(in: ledger)
    #expect(try ledger.find(sealed.record.run.text) == sealed)
    #expect(try ledger.find(String(sealed.record.run.text.prefix(15)).lowercased()) == sealed)
  }

  @Test("an ambiguous beginning lists its runs") func ambiguous() throws {
    let runs = try (0..<2).map { _ in try fixture.seal(in: ledger).record.run.text }
    let found = try #require(fault { _ = try ledger.find("0") })
    #expect(found.code == .configuration && runs.allSatisfy { found.message.contains($0) })
  }

  @Test("what is no run, or no run of ours, is said so", arguments: ["", "%", "_", "' OR 1=1", "ZZZZ", "\u{0}"])
  func notFound(_ text: String) throws {
    try fixture.seal(in: ledger)
    #expect(fault { _ = try ledger.find(text) }?.code == .configuration)
  }

  @Test("a run that is not finished is said to be so") func unfinished() throws {
    let claim = try fixture.claim(in: ledger)
    #expect(fault { _ = try ledger.find(claim.run.text) }?.message.contains("not finished") == true)
  }

  @Test("a ledger opened for reading sees everything and writes nothing") func reading() throws {
    let sealed = try fixture.seal(in: ledger)
    let reader = try #require(try Ledger.openForReading(at: fixture.path, clocks: fixture.clocks))
    #expect(try reader.latest("orders") == sealed)
    #expect(fault { _ = try fixture.claim(in: reader) } != nil)
  }
}
