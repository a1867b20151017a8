import DrillModel
import Selecting
import Testing

private let now = Timestamp(milliseconds: 1_795_316_400_000)  // 2026-11-22T03:00:00Z
private let day = Duration.seconds(86_400)

/// A fixed sequence, so that a draw can be repeated.
private struct Steps: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state
  }
}

private func file(_ name: String, bytes: Int64 = 100, modified: Timestamp? = now - day) -> Artefact {
  Artefact(location: "/b/\(name)", name: name, bytes: bytes, modified: modified)
}

@Suite("Choosing a recovery point")
struct ChoiceTests {
  /// One backup a night at 03:00 from the 12th to the 21st.
  private func nightly(_ extra: [Artefact] = [], match: String? = "db-%Y%m%d-%H%M.gz") throws -> Survey {
    try survey((12...21).map { file("db-202611\($0)-0300.gz") } + extra, rules: SelectionRules(match: match), now: now)
  }

  private func choose(_ survey: Survey, _ selection: Selection, at instant: Timestamp = now, seed: UInt64 = 1) throws -> String {
    var random = Steps(state: seed)
    return try survey.choose(selection, failureInstant: instant, using: &random).id
  }

  @Test("latest is the newest by the time in its name, not by its modification time")
  func latest() throws {
    let copied = file("db-20261101-0300.gz", modified: now)
    #expect(try choose(nightly([copied]), .latest) == "db-20261121-0300.gz")
  }

  @Test("without times in names latest goes by modification time")
  func latestByModified() throws {
    let files = [file("b.gz", modified: now - day), file("a.gz", modified: now - .seconds(60)), file("c.gz", modified: nil)]
    #expect(try choose(survey(files, rules: SelectionRules(), now: now), .latest) == "a.gz")
  }

  @Test("at takes the newest at or before the instant")
  func at() throws {
    let instant = try #require(Timestamp(rfc3339: "2026-11-15T03:00:00Z"))
    #expect(try choose(nightly(), .at(instant), at: instant) == "db-20261115-0300.gz")
    #expect(try choose(nightly(), .at(instant - .milliseconds(1)), at: instant) == "db-20261114-0300.gz")
  }

  @Test("for an earlier failure instant latest is the newest that was there")
  func earlierFailure() throws {
    let instant = try #require(Timestamp(rfc3339: "2026-11-15T12:00:00Z"))
    #expect(try choose(nightly(), .latest, at: instant) == "db-20261115-0300.gz")
    #expect(try nightly().newest(at: instant)?.id == "db-20261115-0300.gz")
    #expect(try nightly().newest(at: now)?.id == "db-20261121-0300.gz")
  }

  @Test("oldest-within takes the oldest that is young enough, the edge included")
  func oldest() throws {
    #expect(try choose(nightly(), .oldestWithin(.seconds(5 * 86_400))) == "db-20261117-0300.gz")
    #expect(try choose(nightly(), .oldestWithin(.seconds(365 * 86_400))) == "db-20261112-0300.gz")
  }

  @Test("random-within takes each of those young enough, and no other")
  func random() throws {
    let survey = try nightly()
    let drawn = Set(try (0..<300).map { try choose(survey, .randomWithin(.seconds(5 * 86_400)), seed: UInt64($0)) })
    #expect(drawn == Set((17...21).map { "db-202611\($0)-0300.gz" }))
  }

  @Test("nothing young enough is nothing to restore, with the newest's time")
  func nothingWithin() throws {
    let fault = #expect(throws: Fault.self) { try choose(nightly(), .randomWithin(.seconds(3600))) }
    #expect(fault?.code == .nothingToRestore)
    #expect(fault?.message.contains("db-20261121-0300.gz") == true)
  }

  @Test("nothing before the instant is nothing to restore, with the oldest's time")
  func nothingBefore() throws {
    let instant = try #require(Timestamp(rfc3339: "2020-01-01T00:00:00Z"))
    let fault = #expect(throws: Fault.self) { try choose(nightly(), .at(instant), at: instant) }
    #expect(fault?.code == .nothingToRestore && fault?.message.contains("2026-11-12") == true)
  }

  @Test("an empty place, wrong names and rejected files each say what was there")
  func nothingAtAll() throws {
    func message(_ files: [Artefact], _ match: String?) throws -> String {
      let survey = try survey(files, rules: SelectionRules(match: match), now: now)
      return #expect(throws: Fault.self) { try choose(survey, .latest) }?.message ?? ""
    }
    #expect(try message([], nil).contains("the place is empty"))
    let misses = try message([file("other.txt"), file("orderdb_2026-11-21.sql.gz"), file("x")], "orderdb_%Y%m%d.sql.gz")
    #expect(misses.contains("3 names that do not match the pattern orderdb_%Y%m%d.sql.gz (such as orderdb_2026-11-21.sql.gz"), "\(misses)")
    #expect(try message([file("a.gz", bytes: 0), file("a.gz.md5")], nil).contains("1 file rejected (a.gz: zero bytes), 1 checksum"))
  }

  @Test("a rejected file that is newer than the chosen one is told, an older one not")
  func newerRejections() throws {
    let survey = try nightly([file("db-20261122-0200.gz", bytes: 0), file("db-20261118-0400.gz", bytes: 0)])
    var random = Steps(state: 1)
    let chosen = try survey.choose(.latest, failureInstant: now, using: &random)
    #expect(survey.newerRejections(than: chosen, selection: .latest, failureInstant: now).map(\.artefact.name) == ["db-20261122-0200.gz"])
  }

  @Test("what is left of a first try beside the whole file is not newer than it")
  func leftOver() throws {
    let survey = try nightly([file("db-20261121-0300.gz.part")])
    let chosen = try #require(survey.candidates.last)
    #expect(survey.newerRejections(than: chosen, selection: .latest, failureInstant: now).isEmpty)
  }

  @Test("for a random point only what is newer than the newest usable one counts")
  func rejectionsOfRandom() throws {
    let survey = try nightly([file("db-20261118-0400.gz", bytes: 0)])
    let old = survey.candidates[0]
    #expect(survey.newerRejections(than: old, selection: .randomWithin(day), failureInstant: now).isEmpty)
    let instant = try #require(Timestamp(rfc3339: "2026-11-18T05:00:00Z"))
    let at = try #require(survey.newest(at: instant))
    #expect(survey.newerRejections(than: at, selection: .at(instant), failureInstant: instant).count == 1)
    #expect(survey.newerRejections(than: at, selection: .at(instant - .seconds(7200)), failureInstant: instant - .seconds(7200)).isEmpty)
  }

  @Test("a rejected file without any time cannot be shown to be older, and counts")
  func rejectionWithoutTime() throws {
    let survey = try survey(
      [file("a.gz"), file("b.gz", bytes: 0, modified: nil)], rules: SelectionRules(), now: now)
    #expect(survey.newerRejections(than: survey.candidates[0], selection: .latest, failureInstant: now).count == 1)
  }
}
