import DrillModel
import Scheduling
import Testing

@Suite("What is remembered of a schedule")
struct ScheduleReviewTests {
  private let now = Timestamp(utc: CivilTime(year: 2026, month: 11, day: 22, hour: 12))

  private func rules(_ cron: String = "0 4 * * *", _ zone: String = "UTC") throws -> DueRules {
    try DueRules(drill: "orders", schedule: DrillSchedule(cron: cron, timezone: zone))
  }

  private func memory(_ cron: String = "0 4 * * *", considered: Timestamp, absent: Timestamp? = nil) -> ScheduleMemory {
    ScheduleMemory(
      drill: "orders", cron: cron, timezone: "UTC", since: considered, considered: considered, absentSince: absent)
  }

  @Test("a new drill is due from when its file was written, an hour back at most, never from the future") func fresh() throws {
    for (declared, since) in [
      (nil, now), (now - .seconds(120), now - .seconds(120)), (now - .seconds(90_000), now - .seconds(3600)), (now + .seconds(90), now),
    ] as [(Timestamp?, Timestamp)] {
      let review = ScheduleReview(try rules(), known: nil, declaredAt: declared, now: now)
      #expect(review.memory.since == since && review.memory.considered == since && review.note == nil)
    }
  }

  @Test("a schedule that did not change is remembered as it was") func same() throws {
    let known = memory(considered: now - .seconds(8 * 3600))
    let review = ScheduleReview(try rules(), known: known, declaredAt: now, now: now)
    #expect(review.memory == known && review.misses.isEmpty && review.note == nil)
  }

  @Test("an edited schedule whose new time has just passed does not run at once") func edited() throws {
    let known = memory("0 18 * * *", considered: now - .seconds(18 * 3600))
    let edited = try rules("50 11 * * *")
    let review = ScheduleReview(edited, known: known, declaredAt: now - .seconds(300), now: now)
    #expect(review.memory.since == now - .seconds(300) && review.note != nil)
    #expect(DueDecision(edited, considered: review.memory.considered, look: DueLook(now: now)).run == nil)
    let before = ScheduleReview(edited, known: known, declaredAt: now - .seconds(900), now: now)
    #expect(DueDecision(edited, considered: before.memory.considered, look: DueLook(now: now)).run != nil)
  }

  @Test("what the old schedule still owed is recorded as disabled") func unanswered() throws {
    let known = memory("0 * * * *", considered: now - .seconds(3 * 3600))
    let review = ScheduleReview(try rules("30 5 * * *"), known: known, declaredAt: now, now: now)
    #expect(review.misses.map(\.kind) == [.disabled] && review.misses.first?.instants == 3)
    let zone = ScheduleReview(try rules("0 * * * *", "Asia/Kolkata"), known: known, declaredAt: now, now: now)
    #expect(zone.misses.count == 1 && zone.memory.timezone == "Asia/Kolkata")
  }

  @Test("a drill that was removed and is back does not run at once, and its time away is recorded") func back() throws {
    let known = memory(considered: now - .seconds(56 * 3600), absent: now - .seconds(50 * 3600))
    let review = ScheduleReview(try rules(), known: known, declaredAt: now - .seconds(900_000), now: now)
    #expect(review.memory.considered == now && review.memory.absentSince == nil)
    #expect(review.misses.map(\.kind) == [.disabled] && review.misses.first?.instants == 2)
    #expect(ScheduleReview.absent(known, now: now) == nil)
    #expect(ScheduleReview.absent(review.memory, now: now)?.absentSince == now)
  }

  @Test("a memory from 2098 is told of and not believed, and the schedule works") func future() throws {
    let known = memory(considered: Timestamp(utc: CivilTime(year: 2098, month: 1, day: 1)))
    let review = ScheduleReview(
      try rules("* * * * *"),
      known: ScheduleMemory(
        drill: "orders", cron: "* * * * *", timezone: "UTC", since: known.since, considered: known.considered), declaredAt: nil, now: now)
    #expect(review.memory.considered == now && review.memory.since == now)
    #expect(review.note?.contains("2098") == true)
  }

  @Test("a clock set back by an hour or a day leaves what is done done", arguments: [3600, 86_400] as [Int64])
  func back(_ seconds: Int64) throws {
    let known = memory(considered: now + .seconds(seconds))
    let review = ScheduleReview(try rules(), known: known, declaredAt: nil, now: now)
    #expect(review.memory == known && review.note == nil)
  }
}
