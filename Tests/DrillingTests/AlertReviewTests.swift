import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import Ledger
import Testing

@testable import Drilling

@Suite("Reviewing what is owed")
struct AlertReviewTests {
  private let route = NotificationRoute(.sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t")))

  private func review(_ run: ScriptedRun, _ drill: Drill?) -> Int {
    let alerts = AlertSettings(routes: [route], drills: drill.map { [$0] } ?? [])
    let result = AlertReview(ledger: run.ledger, alerts: alerts, host: "h", clocks: run.clocks).owe()
    #expect(result.problems == [])
    return result.owed
  }

  private func events(_ run: ScriptedRun) throws -> [String] { try run.ledger.outbox().oldest.map(\.notification.event) }

  @Test("a drill that nobody ran becomes overdue by name and due time, once; a pass recovers it") func overdue() async throws {
    let run = try ScriptedRun(routes: [route])
    let plan = run.plan { $0.objectives.every = .seconds(86_400) }
    _ = try await run.record(plan)
    #expect(review(run, plan.drill) == 0)
    run.clocks.stepWall(by: .seconds(2 * 86_400))
    #expect(review(run, plan.drill) == 1)
    #expect(review(run, plan.drill) == 0)
    let message = try #require(try run.ledger.outbox().oldest.first?.notification)
    #expect(message.event == "overdue" && message.drill == "d" && JSONValue(message.payload)?["due"].text != nil)
    _ = try await run.record(plan)
    #expect(try events(run) == ["overdue", "recovered"])
  }

  @Test("a drill that is not declared any more is left alone") func removed() async throws {
    let run = try ScriptedRun(routes: [route])
    let plan = run.plan { $0.objectives.every = .seconds(86_400) }
    _ = try await run.record(plan)
    run.clocks.stepWall(by: .seconds(9 * 86_400))
    #expect(review(run, nil) == 0)
  }

  @Test("a year forward owes one message for a drill that is overdue, and no storm") func year() async throws {
    let run = try ScriptedRun(routes: [route])
    let plan = run.plan { $0.schedule = DrillSchedule(cron: "0 4 * * *") }
    _ = try await run.record(plan)
    run.clocks.stepWall(by: .seconds(365 * 86_400))
    #expect(review(run, plan.drill) == 1)
    #expect(review(run, plan.drill) == 0)
  }

  /// Lets a scheduler remember the schedule as first seen now.
  private func see(_ schedule: DrillSchedule, _ run: ScriptedRun, misses: [Miss] = []) throws {
    let now = run.clocks.now()
    let memory = ScheduleMemory(drill: "d", cron: schedule.cron, timezone: schedule.timezone, since: now, considered: now)
    #expect(try run.ledger.remember(memory, insteadOf: try run.ledger.scheduleMemories()["d"], misses: misses))
  }

  private func standing(_ run: ScriptedRun, _ drill: Drill) throws -> String? {
    try StandingReport.make([drill], ledger: run.ledger.path, clocks: run.clocks).lines.first?.standing
  }

  @Test("a schedule whose time passed before it was written does not make a drill overdue, its next time does") func edited() async throws {
    let run = try ScriptedRun(routes: [route])
    let plan = run.plan { $0.schedule = DrillSchedule(cron: "0 4 * * *", startWithin: .seconds(60)) }
    _ = try await run.record(plan)
    run.clocks.stepWall(by: .seconds(86_400))
    #expect(try standing(run, plan.drill) == "overdue")
    try see(try #require(plan.drill.schedule), run)
    #expect(try standing(run, plan.drill) == "passed")
    #expect(review(run, plan.drill) == 0)
    run.clocks.stepWall(by: .seconds(86_400 + 120))
    #expect(try standing(run, plan.drill) == "overdue")
    #expect(review(run, plan.drill) == 1)
  }

  @Test("an overdue drill stays overdue when its schedule is edited") func editedWhileOverdue() async throws {
    let run = try ScriptedRun(routes: [route])
    let plan = run.plan { $0.schedule = DrillSchedule(cron: "0 5 * * *", startWithin: .seconds(60)) }
    _ = try await run.record(plan)
    run.clocks.stepWall(by: .seconds(3 * 86_400))
    let now = run.clocks.now()
    let missed = now + .seconds(-86_400)
    try see(try #require(plan.drill.schedule), run, misses: [Miss(drill: "d", due: missed, kind: .down, notedAt: now)])
    #expect(try standing(run, plan.drill) == "overdue")
    #expect(review(run, plan.drill) == 1)
    #expect(try run.ledger.outbox().oldest.first.map { JSONValue($0.notification.payload)?["due"].text } == missed.description)
  }

  @Test("a drill that never ran becomes overdue once its first due time has lapsed; its first pass recovers it") func neverRan()
    async throws
  {
    let run = try ScriptedRun(routes: [route])
    let plan = run.plan { $0.schedule = DrillSchedule(cron: "0 4 * * *", startWithin: .seconds(60)) }
    #expect(review(run, plan.drill) == 0, "nobody has looked at its schedule")
    try see(try #require(plan.drill.schedule), run)
    #expect(review(run, plan.drill) == 0)
    #expect(try standing(run, plan.drill) == "never_tested")
    let due = try #require(try DueTimes.instants("0 4 * * *", zone: "UTC", after: run.clocks.now(), count: 1).first?.instant)
    run.clocks.stepWall(by: due - run.clocks.now() + .seconds(55))
    #expect(review(run, plan.drill) == 0, "its start is not too late yet")
    run.clocks.stepWall(by: .seconds(2 * 86_400))
    #expect(try standing(run, plan.drill) == "overdue")
    #expect(review(run, plan.drill) == 1)
    #expect(review(run, plan.drill) == 0)
    let message = try #require(try run.ledger.outbox().oldest.first?.notification)
    #expect(message.event == "overdue" && message.drill == "d" && JSONValue(message.payload)?["due"].text == due.description)
    _ = try await run.record(plan)
    #expect(try events(run) == ["overdue", "recovered"])
  }

  @Test("a first run of many hours is not called overdue while it goes on; one that died is, and later runs do not hide that")
  func underway()
    async throws
  {
    let run = try ScriptedRun(routes: [route])
    let plan = run.plan { $0.schedule = DrillSchedule(cron: "0 4 * * *", startWithin: .seconds(60)) }
    try see(try #require(plan.drill.schedule), run)
    let due = try #require(try DueTimes.instants("0 4 * * *", zone: "UTC", after: run.clocks.now(), count: 1).first?.instant)
    run.clocks.stepWall(by: due - run.clocks.now())
    var claim: RunClaim? = try claim(run, due)
    run.clocks.stepWall(by: .seconds(5 * 3600))
    #expect(claim != nil && review(run, plan.drill) == 0)
    #expect(try standing(run, plan.drill) == "never_tested")
    claim = nil
    #expect(review(run, plan.drill) == 1)
    claim = try self.claim(run, nil)
    #expect(claim != nil && review(run, plan.drill) == 0)
    #expect(try run.ledger.incident("d") != nil && standing(run, plan.drill) == "overdue")
  }

  private func claim(_ run: ScriptedRun, _ due: Timestamp?) throws -> RunClaim? {
    var random = SystemRandomNumberGenerator()
    let id = RunID(at: run.clocks.now(), using: &random)
    guard case .claimed(let claim) = try run.ledger.claim(drill: "d", run: id, trigger: .schedule, due: due, host: "h") else { return nil }
    return claim
  }

  @Test("a drill that never ran and missed its time stays overdue when its schedule is edited") func neverRanEdited() throws {
    let run = try ScriptedRun(routes: [route])
    let drill = run.plan { $0.schedule = DrillSchedule(cron: "0 5 * * *", startWithin: .seconds(60)) }.drill
    let now = run.clocks.now()
    try see(try #require(drill.schedule), run)
    #expect(try standing(run, drill) == "never_tested")
    run.clocks.stepWall(by: .seconds(1))
    try see(try #require(drill.schedule), run, misses: [Miss(drill: "d", due: now + .seconds(-86_400), kind: .late, notedAt: now)])
    #expect(try standing(run, drill) == "overdue")
    #expect(review(run, drill) == 1)
  }
}
