import DrillModel
import Testing

@Suite("Time zones")
struct ZoneTests {
  @Test("IANA names are zones", arguments: ["UTC", "Etc/UTC", "GMT", "Europe/Berlin", "America/Argentina/Ushuaia", "CET", "Asia/Calcutta"])
  func known(_ name: String) { #expect(Zone(name)?.name == name) }

  @Test(
    "abbreviations, offsets and inventions are none",
    arguments: ["PST", "CEST", "GMT+0200", "UTC+2", "+02:00", "", "Mars/Base", "europe/berlin", "../../etc/passwd", "Z"])
  func unknown(_ name: String) { #expect(Zone(name) == nil) }

  @Test(
    "a civil time is read in its zone",
    arguments: [
      ("Europe/Berlin", CivilTime(year: 2026, month: 11, day: 22, hour: 4), "2026-11-22T03:00:00Z"),
      ("Europe/Berlin", CivilTime(year: 2026, month: 7, day: 1, hour: 4), "2026-07-01T02:00:00Z"),
      ("Asia/Kolkata", CivilTime(year: 2026, month: 7, day: 1, hour: 4), "2026-06-30T22:30:00Z"),
      ("America/New_York", CivilTime(year: 2026, month: 12, day: 31, hour: 23), "2027-01-01T04:00:00Z"),
      // 02:30 happens twice, first in summer time.
      ("Europe/Berlin", CivilTime(year: 2026, month: 10, day: 25, hour: 2, minute: 30), "2026-10-25T00:30:00Z"),
      // 02:30 never happens, and is 03:30 in summer time.
      ("Europe/Berlin", CivilTime(year: 2026, month: 3, day: 29, hour: 2, minute: 30), "2026-03-29T01:30:00Z"),
      // Half an hour's change.
      ("Australia/Lord_Howe", CivilTime(year: 2026, month: 4, day: 5, hour: 1, minute: 45), "2026-04-04T14:45:00Z"),
      // A whole day that Samoa left out.
      ("Pacific/Apia", CivilTime(year: 2011, month: 12, day: 30, hour: 12), "2011-12-30T22:00:00Z"),
    ])
  func reads(_ zone: String, _ civil: CivilTime, _ expected: String) throws {
    #expect(try #require(Zone(zone)).reading(civil).cautious == Timestamp(rfc3339: expected))
  }

  @Test("the repeated hour and the skipped one are told apart")
  func kinds() throws {
    let berlin = try #require(Zone("Europe/Berlin"))
    let first = try #require(Timestamp(rfc3339: "2026-10-25T00:30:00Z"))
    let twice = berlin.reading(CivilTime(year: 2026, month: 10, day: 25, hour: 2, minute: 30))
    #expect(twice == .twice(first, first + .seconds(3600)))
    let skipped = berlin.reading(CivilTime(year: 2026, month: 3, day: 29, hour: 2, minute: 30))
    #expect(skipped == .never(shifted: try #require(Timestamp(rfc3339: "2026-03-29T01:30:00Z"))))
  }

  @Test(
    "an instant's civil time reads back as the instant, all through a year", arguments: ["Europe/Berlin", "Asia/Beirut", "America/Havana"])
  func roundTrip(_ name: String) throws {
    let zone = try #require(Zone(name))
    let start = try #require(Timestamp(rfc3339: "2026-01-01T00:00:00Z"))
    for step in 0..<(365 * 48) {
      let instant = start + .seconds(step * 1800)
      switch zone.reading(zone.civil(instant)) {
      case .once(let read): #expect(read == instant)
      case .twice(let early, let late): #expect(instant == early || instant == late)
      case .never: Issue.record("\(instant) has a civil time that never happens")
      }
    }
  }
}
