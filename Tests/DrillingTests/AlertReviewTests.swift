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

  private func events(_ run: ScriptedRun) throws -> [String] { try run.ledger.undelivered().map(\.event) }

  @Test("a drill that nobody ran becomes overdue by name and due time, once; a pass recovers it") func overdue() async throws {
    let run = try ScriptedRun(routes: [route])
    let plan = run.plan { $0.objectives.every = .seconds(86_400) }
    _ = try await run.record(plan)
    #expect(review(run, plan.drill) == 0)
    run.clocks.stepWall(by: .seconds(2 * 86_400))
    #expect(review(run, plan.drill) == 1)
    #expect(review(run, plan.drill) == 0)
    let message = try #require(try run.ledger.undelivered().first)
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
}
