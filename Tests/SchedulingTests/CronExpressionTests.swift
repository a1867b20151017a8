import DrillModel
import Scheduling
import Testing

@Suite("Cron expressions")
struct CronExpressionTests {
  @Test(
    "what Debian's cron takes is taken",
    arguments: [
      "* * * * *", "0 4 * * SUN", "0 4 * * sun-tue", "*/15 * * * *", "5/15 * * * *", "1-3,7-9 * * * *", "0 0 1 jan *", "0 0 * * 7",
      "0 0 * * 5-7", "  0\t0 * * *  ", "0 0 29 2 *", "0 0 31 2 mon", "0 22-23/1 1,15 JAN,jul mon,5", "@hourly", "@Daily", "@midnight",
      "@weekly", "@monthly", "@yearly", "@annually", "*,5 * * * *", "*/90 * * * *", "0 0 * * 0-7", "0 0 1 * ?",
    ])
  func taken(_ text: String) throws { #expect(try CronExpression(text).text == text) }

  @Test(
    "a wrong expression is refused at its column",
    arguments: [
      ("", 1), ("* * * *", 8), ("* * * * * *", 11), ("60 * * * *", 1), ("0 24 * * *", 3), ("0 0 0 * *", 5), ("0 0 32 * *", 5),
      ("0 0 * 13 *", 7), ("0 0 * * 8", 9), ("*/0 * * * *", 3), ("2/ * * * *", 3), ("/2 * * * *", 1), ("1--1 * * * *", 3),
      ("1,,2 * * * *", 3), ("1, * * * *", 3), ("ABC * * * *", 1), ("0 0 * * fri-mon", 9), ("0 0 * nov-mar *", 7), ("0 0 30 2 *", 5),
      ("* * 31 4,6 *", 5), ("0 0 31 2 */2", 5), ("@reboot", 1), ("@often", 1), ("@daily 5", 1), ("0 0 L * *", 5), ("0 0 * * 1#2", 10),
      ("? * * * *", 1), ("0 0 ?,1 * *", 5), ("¹ * * * *", 1), ("1_0 * * * *", 2), ("99999999999999999999 * * * *", 1), ("0 0 * * *\n", 10),
      ("+5 * * * *", 1),
      ("0 0 * * monday", 9),
    ])
  func refused(_ text: String, column: Int) {
    let error = #expect(throws: CronError.self) { try CronExpression(text) }
    #expect(error?.column == column, "\(text): \(error.map(\.description) ?? "")")
  }

  @Test("the message says what was expected")
  func message() {
    let error = #expect(throws: CronError.self) { try CronExpression("0 25 * * *") }
    #expect(error?.description == "hour 25 is not between 0 and 23 (column 3 of the expression)")
  }

  @Test("both day fields restricted mean either, unless one begins with a star")
  func eitherOrBoth() throws {
    let start = try #require(Timestamp(rfc3339: "2023-05-02T00:00:00Z"))
    let either = try CronExpression("0 16 13 * sat").next(after: start, in: .utc)
    #expect(either == Timestamp(rfc3339: "2023-05-06T16:00:00Z"))
    let both = try CronExpression("0 16 */2 * sat").next(after: start, in: .utc)
    #expect(both == Timestamp(rfc3339: "2023-05-13T16:00:00Z"))
  }

  @Test("a leap day on a given weekday is found, and the search ends")
  func leapDays() throws {
    let start = try #require(Timestamp(rfc3339: "2088-03-01T00:00:00Z"))
    let sunday = try CronExpression("0 0 29 2 */7").next(after: start, in: .utc)
    #expect(sunday == Timestamp(rfc3339: "2128-02-29T00:00:00Z"))
    let any = try CronExpression("0 0 29 2 *").next(after: start, in: .utc)
    #expect(any == Timestamp(rfc3339: "2092-02-29T00:00:00Z"))
  }

  @Test("a due time is never the start itself, whatever its fraction")
  func strictlyAfter() throws {
    let cron = try CronExpression("30 3 * * *")
    let due = try #require(Timestamp(rfc3339: "2026-05-01T03:30:00Z"))
    #expect(cron.next(after: due - .milliseconds(1), in: .utc) == due)
    #expect(cron.next(after: due, in: .utc) == due + .seconds(86_400))
    #expect(cron.previous(before: due, in: .utc) == due - .seconds(86_400))
    #expect(cron.previous(before: due + .milliseconds(1), in: .utc) == due)
  }

  @Test(
    "next and previous walk the same times through both changes of the clocks", arguments: ["30 * * * *", "30 1-4 * * *", "*/20 2,3 * * *"])
  func symmetric(_ text: String) throws {
    let cron = try CronExpression(text)
    for (zone, start) in [
      ("Europe/Berlin", "2026-03-27T12:00:00Z"), ("Europe/Berlin", "2026-10-23T12:00:00Z"), ("Australia/Lord_Howe", "2026-04-03T00:00:00Z"),
      ("America/St_Johns", "2006-10-27T00:00:00Z"), ("Pacific/Apia", "2011-12-28T00:00:00Z"),
    ] {
      let zone = try #require(Zone(zone))
      var times = [try #require(Timestamp(rfc3339: start))]
      for _ in 0..<120 { times.append(try #require(cron.next(after: times[times.count - 1], in: zone))) }
      for index in 2..<times.count { #expect(cron.previous(before: times[index], in: zone) == times[index - 1]) }
    }
  }

  @Test("an answer takes microseconds, also for days near a change of the clocks")
  func fast() throws {
    let berlin = try #require(Zone("Europe/Berlin"))
    let cron = try CronExpression("* * * * *")
    var now = try #require(Timestamp(rfc3339: "2026-03-28T12:00:00Z"))
    let taken = try ContinuousClock().measure {
      for _ in 0..<2000 { now = try #require(cron.next(after: now, in: berlin)) }
    }
    #expect(taken < .seconds(10), "2000 answers took \(taken)")
  }

  @Test("a lapsed due time is one whose jitter and start-within have passed")
  func lapsed() throws {
    let schedule = DrillSchedule(
      cron: "0 4 * * SUN", timezone: "Europe/Berlin", jitter: .seconds(600), startWithin: .seconds(7200))
    let due = try #require(Timestamp(rfc3339: "2026-11-22T03:00:00Z"))
    #expect(try schedule.lapsed(at: due + .seconds(7800)) == due - .seconds(7 * 86_400))
    #expect(try schedule.lapsed(at: due + .seconds(7801)) == due)
  }

  @Test("a schedule that is none is a fault of the configuration")
  func wrongSchedule() {
    let now = Timestamp(seconds: 0)
    #expect(throws: Fault.self) { try DrillSchedule(cron: "0 4 * *").lapsed(at: now) }
    #expect(throws: Fault.self) { try DrillSchedule(cron: "0 4 * * *", timezone: "Mars/Base").next(after: now) }
  }
}
