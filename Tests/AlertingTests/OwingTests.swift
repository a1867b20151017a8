import DrillConfig
import DrillModel
import Testing

@testable import Alerting

@Suite("Who is owed what")
struct OwingTests {
  private typealias Story = AlertFixture.Story
  private let start = AlertFixture.start
  private let day = Duration.seconds(86_400)

  @Test(
    "every verdict but passed and skipped is told as it is",
    arguments: [Verdict.failed, .couldNotVerify, .cannotDrill, .interrupted])
  func bad(_ verdict: Verdict) {
    var story = Story()
    #expect(story.run(verdict, 1) == [verdict.rawValue])
    #expect(story.run(verdict, 2) == [verdict.rawValue])
    #expect(story.run(.passed, 3) == ["recovered"])
    #expect(story.run(.passed, 4) == [])
  }

  @Test("a pass and a skip are told when asked for") func asked() {
    var route = AlertFixture.topic
    route.on = [.passed, .skipped]
    var story = Story(Owing(routes: [route]))
    #expect(story.run(.passed, 1) == ["passed"])
    #expect(story.run(.skipped, 2) == ["skipped"])
    #expect(story.run(.failed, 3) == [])
  }

  @Test("a skipped run neither begins nor ends an incident") func skipped() {
    var story = Story()
    #expect(story.run(.skipped, 1) == [])
    #expect(story.run(.passed, 2) == [])
    #expect(story.run(.failed, 3) == ["failed"])
    #expect(story.run(.skipped, 4) == [])
    #expect(story.run(.passed, 5) == ["recovered"])
  }

  @Test("an incident that an older version did not keep still ends with recovered") func upgrade() {
    var story = Story()
    _ = story.run(.failed, 1)
    story.incident = nil
    #expect(story.run(.passed, 2) == ["recovered"])
  }

  @Test("working out the same again owes the same ids") func same() {
    var first = Story()
    var second = Story()
    _ = first.run(.failed, 1)
    _ = second.run(.failed, 1)
    #expect(first.ids == second.ids && first.ids.count == 1)
    _ = second.run(.failed, 2)
    #expect(second.ids.count == 2)
  }

  @Test("ids do not change when the list of channels is edited, nor when a channel that has a name is") func stable() {
    var alone = Story(Owing(routes: [AlertFixture.boss]))
    var renamed = AlertFixture.boss
    renamed.channel = .mail(MailTarget(server: "smtps://m", from: "a@b", to: ["c@d"]))
    var among = Story(Owing(routes: [AlertFixture.topic, renamed]))
    _ = alone.run(.failed, 1)
    _ = among.run(.failed, 1)
    #expect(alone.ids.isSubset(of: among.ids) && among.ids.count == 2)
  }

  @Test("an id fits every channel: at most 64 letters, digits and dashes") func shape() throws {
    var story = Story(Owing(routes: [AlertFixture.topic, AlertFixture.boss]))
    _ = story.run(.couldNotVerify, 1)
    for id in story.ids {
      #expect(id.utf8.count <= 64 && id.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0) || $0 == 45 }, "\(id)")
    }
  }
}

@Suite("What is owed apart from runs")
struct ReviewTests {
  private typealias Story = AlertFixture.Story
  private let start = AlertFixture.start
  private let day = Duration.seconds(86_400)
  private let hour = Duration.seconds(3600)

  @Test("overdue is told once, by its due time; a run that passes recovers it") func overdue() {
    var story = Story()
    _ = story.run(.passed, 1)
    #expect(story.review(at: start + hour) == [])
    #expect(story.review(at: start + day, overdue: start + hour) == ["overdue"])
    #expect(story.review(at: start + day + hour, overdue: start + hour) == [])
    #expect(story.told.last?.notice.due == start + hour)
    #expect(story.run(.passed, 2, at: start + day + hour) == ["recovered"])
  }

  @Test("a drill that could not be drilled and then becomes overdue is told of both") func both() {
    var story = Story()
    _ = story.run(.cannotDrill, 1)
    #expect(story.review(at: start + hour, overdue: start + .seconds(60)) == ["overdue"])
    #expect(story.run(.passed, 2, at: start + day) == ["recovered"])
  }

  @Test("a reminder comes each day while it lasts, and none after") func reminders() {
    var story = Story()
    _ = story.run(.failed, 1)
    let told = (1...75).flatMap { story.review(at: start + .seconds(3600 * $0)) }
    #expect(told == ["reminder", "reminder", "reminder"])
    #expect(story.run(.passed, 2, at: start + .seconds(76 * 3600)) == ["recovered"])
    #expect(story.review(at: start + .seconds(200 * 3600)) == [])
  }

  @Test("a new verdict begins the day anew") func anew() {
    var story = Story()
    _ = story.run(.failed, 1)
    _ = story.run(.failed, 2, at: start + .seconds(20 * 3600))
    #expect(story.review(at: start + .seconds(30 * 3600)) == [])
    #expect(story.review(at: start + .seconds(45 * 3600)) == ["reminder"])
  }

  @Test("a clock set forward a year owes one reminder; set back again none, until its day has passed") func yearForward() {
    var story = Story()
    _ = story.run(.failed, 1)
    #expect(story.review(at: start + .seconds(365 * 86_400)) == ["reminder"])
    #expect(story.review(at: start + .seconds(365 * 86_400 + 60)) == [])
    #expect(story.review(at: start + hour) == [])
    #expect(story.review(at: start + day + hour) == ["reminder"])
  }

  @Test("times written by a clock that ran ahead do not keep anybody quiet") func clockBack() {
    var story = Story(
      Owing(routes: [AlertFixture.topic], escalation: [EscalationStage(after: .seconds(4 * 3600), route: AlertFixture.boss)]))
    _ = story.run(.failed, 1, at: start + .seconds(365 * 86_400))
    #expect(story.review(at: start) == [])
    #expect(story.review(at: start + .seconds(25 * 3600)) == ["reminder", "escalated to boss"])
  }

  @Test("two daemons whose clocks are 90 seconds apart owe one reminder") func twoClocks() {
    var story = Story()
    _ = story.run(.failed, 1)
    let early = story.review(at: start + day + .seconds(45))
    #expect(early + story.review(at: start + day - .seconds(45)) + story.review(at: start + day + .seconds(100)) == ["reminder"])
  }

  @Test("no reminder where something is undelivered yet, where it is turned off, or of what was not asked for") func quiet() {
    var story = Story()
    _ = story.run(.failed, 1)
    #expect(story.review(at: start + day, waiting: [RouteKey.of(AlertFixture.topic)]) == [])
    #expect(story.review(at: start + day) == ["reminder"])
    for change in [{ (route: inout NotificationRoute) in route.remind = .zero }, { $0.on = [.recovered] }] {
      var route = AlertFixture.topic
      change(&route)
      var other = Story(Owing(routes: [route]))
      _ = other.run(.failed, 1)
      #expect(other.review(at: start + day) == [])
    }
  }

  @Test("stages are told in their time, once each, and of the recovery") func escalation() {
    let stages = [
      EscalationStage(after: .seconds(3 * 86_400), route: AlertFixture.boss),
      EscalationStage(after: .seconds(4 * 3600), route: AlertFixture.team),
    ]
    var quiet = AlertFixture.topic
    quiet.remind = .zero
    var story = Story(Owing(routes: [quiet], escalation: stages))
    _ = story.run(.failed, 1)
    #expect(story.review(at: start + .seconds(4 * 3600 - 1)) == [])
    #expect(story.review(at: start + .seconds(4 * 3600)) == ["escalated to team"])
    #expect(story.review(at: start + day) == [])
    _ = story.run(.failed, 2, at: start + day)
    #expect(story.review(at: start + .seconds(3 * 86_400)) == ["escalated to boss"])
    #expect(Set(story.run(.passed, 3, at: start + .seconds(4 * 86_400))) == ["recovered", "recovered to team", "recovered to boss"])
    _ = story.run(.failed, 4, at: start + .seconds(5 * 86_400))
    #expect(story.run(.passed, 5, at: start + .seconds(5 * 86_400 + 60)) == ["recovered"])
  }

  @Test("a drill whose schedule is taken away stops reminding and escalating; one that never had one is reminded of") func unscheduled() {
    var story = Story()
    _ = story.run(.failed, 1)
    #expect(story.review(at: start + day) == ["reminder"])
    story.isScheduled = false
    #expect(story.review(at: start + day + day) == [])
    var byHand = Story()
    byHand.isScheduled = false
    _ = byHand.run(.failed, 1)
    #expect(byHand.review(at: start + day) == ["reminder"])
  }

  @Test("a changed schedule ends being overdue without a word, and a later failure is an incident of its own") func rescheduled() {
    var story = Story()
    _ = story.run(.passed, 1)
    _ = story.review(at: start + day, overdue: start + hour)
    #expect(story.review(at: start + day + hour) == [])
    #expect(story.incident == nil)
    _ = story.run(.failed, 2, at: start + day + day)
    #expect(story.incident?.since == start + day + day)
  }

  @Test("a standing failure without a kept incident is taken up, once") func takenUp() {
    var story = Story()
    _ = story.run(.failed, 1)
    story.incident = nil
    #expect(story.review(at: start + hour) == [])
    #expect(story.incident?.id == AlertFixture.run(1).text)
  }
}
