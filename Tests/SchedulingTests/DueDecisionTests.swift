import DrillModel
import Scheduling
import Testing

@Suite("What becomes of a due time")
struct DueDecisionTests {
  /// Sunday, 22 November 2026, 04:00 UTC.
  private let due = Timestamp(utc: CivilTime(year: 2026, month: 11, day: 22, hour: 4))
  private let week = Duration.seconds(7 * 86_400)

  private func rules(_ change: (inout DrillSchedule) -> Void = { _ in }, cron: String = "0 4 * * SUN") throws -> DueRules {
    var schedule = DrillSchedule(cron: cron)
    change(&schedule)
    return try DueRules(drill: "orders", schedule: schedule)
  }

  private func decide(
    _ rules: DueRules, after considered: Timestamp? = nil, _ now: Timestamp, previous: Timestamp? = nil, skipped: Bool = false
  ) -> DueDecision {
    DueDecision(rules, considered: considered ?? due - week, look: DueLook(now: now, previous: previous, skippedTime: skipped))
  }

  @Test("nothing a second before, a run at its time, and nothing more once it was answered") func simple() throws {
    let rules = try rules()
    let before = decide(rules, due - .seconds(1))
    #expect(before.run == nil && before.misses.isEmpty && before.next == due)
    let at = decide(rules, due)
    #expect(at.run == DueRun(drill: "orders", due: due, limit: nil, isCatchUp: false) && at.misses.isEmpty && at.next == due + week)
    #expect(decide(rules, after: due, due + .seconds(30)).run == nil)
  }

  @Test("run-once makes up for the newest of what was missed, however late; skip does not") func missed() throws {
    let monday = due + .seconds(100_000)
    let once = decide(try rules(), after: due - week - week - .seconds(1), monday)
    #expect(once.run == DueRun(drill: "orders", due: due, limit: nil, isCatchUp: true))
    #expect(once.misses.map(\.kind) == [.down] && once.misses.first?.instants == 2 && once.considered == due - week)
    let skip = decide(try rules { $0.missed = .skip }, monday)
    #expect(skip.run == nil && skip.misses.map(\.kind) == [.skipped] && skip.considered == due)
  }

  @Test("start-within ends the right to start, whatever the policy") func startWithin() throws {
    for policy in MissedPolicy.allCases {
      let rules = try rules {
        $0.missed = policy
        $0.startWithin = .seconds(600)
      }
      #expect(decide(rules, due + .seconds(600)).run?.due == due)
      #expect(decide(rules, due + .seconds(601)).misses.map(\.kind) == [.late])
    }
    let rules = try rules { $0.startWithin = .seconds(7200) }
    #expect(decide(rules, due + .seconds(7100)).run?.isCatchUp == true)
    #expect(decide(rules, due + .seconds(7201)).misses.map(\.kind) == [.down])
  }

  @Test("what waited for a free place is on time as long as it may start, and late after") func waiting() throws {
    let rules = try rules {
      $0.missed = .skip
      $0.startWithin = .seconds(7200)
    }
    let hour = due + .seconds(3600)
    #expect(decide(rules, hour, previous: hour - .seconds(30)).run?.isCatchUp == false)
    #expect(decide(rules, hour).misses.map(\.kind) == [.skipped])
    let late = due + .seconds(7201)
    #expect(decide(rules, late, previous: late - .seconds(30)).misses.map(\.kind) == [.late])
  }

  @Test("finish-within counts from the due time, and for what is made up for from its start") func finishWithin() throws {
    let rules = try rules { $0.finishWithin = .seconds(3600) }
    #expect(decide(rules, due + .seconds(60)).run?.limit == .seconds(3540))
    #expect(decide(rules, due + .seconds(90_000)).run?.limit == .seconds(3600))
    let gone = due + .seconds(3600)
    #expect(decide(rules, gone, previous: gone - .seconds(30)).misses.map(\.kind) == [.late])
  }

  @Test("asleep over three due times: one run for all, or none, each with its outcome") func suspend() throws {
    let now = due + .seconds(9 * 3600)
    for policy in MissedPolicy.allCases {
      let rules = try rules({ $0.missed = policy }, cron: "0 4,7,10 * * *")
      let decision = decide(rules, after: due - .seconds(3600), now, previous: due - .seconds(10))
      let outcomes = decision.misses.reduce(decision.run == nil ? 0 : 1) { $0 + ($1.instants ?? 1) }
      #expect(outcomes == 3)
      #expect((decision.run?.due == due + .seconds(6 * 3600)) == (policy == .runOnce))
    }
  }

  @Test("the clock a year forward: one run at most, every missed time counted in one entry, and no storm") func yearForward() throws {
    let rules = try rules(cron: "*/5 * * * *")
    let now = due + .seconds(365 * 86_400)
    let decision = decide(rules, after: due, now, previous: due + .seconds(30), skipped: true)
    #expect(decision.run?.due == now)
    #expect(decision.misses.count == 2)
    #expect(decision.misses.first?.kind == .skipped && decision.misses.last?.kind == .late)
    #expect(decision.misses.reduce(0) { $0 + ($1.instants ?? 1) } == 365 * 288 - 1)
    #expect(decision.considered == now - .seconds(300))
  }

  @Test("a row too long to count says where it ends") func uncounted() throws {
    let rules = try rules(cron: "* * * * *")
    let now = due + .seconds(72 * 365 * 86_400)
    let miss = try #require(decide(rules, after: due, now).misses.last)
    #expect(miss.instants == nil && miss.until == now - .seconds(60))
  }

  @Test("jitter delays every start by its own share, which two hosts agree on, and no share reaches the next due time") func jitter() throws
  {
    let rules = try rules({ $0.jitter = .seconds(600) }, cron: "*/5 * * * *")
    var shares: Set<Int64> = []
    for index in 0..<200 {
      let instant = due + .seconds(Int64(index) * 300)
      let share = (rules.start(of: instant) - instant).inMilliseconds
      #expect((0..<300_000).contains(share))
      shares.insert(share)
    }
    #expect(shares.count > 150)
    let start = rules.start(of: due)
    #expect(start == (try self.rules({ $0.jitter = .seconds(600) }, cron: "*/5 * * * *")).start(of: due))
    let early = decide(rules, after: due - .seconds(300), start - .milliseconds(1))
    #expect(early.run == nil && early.next == start)
    #expect(decide(rules, after: due - .seconds(300), start).run?.due == due)
  }

  @Test("both changes to and from summer time give each due time one outcome") func daylightSaving() throws {
    var schedule = DrillSchedule(cron: "30 2 * * *", timezone: "Europe/Berlin")
    schedule.missed = .runOnce
    let rules = try DueRules(drill: "orders", schedule: schedule)
    for month in [3, 10] {
      var considered = Timestamp(utc: CivilTime(year: 2026, month: month, day: 20))
      let end = considered + .seconds(12 * 86_400)
      var (now, runs) = (considered, [Timestamp]())
      while now < end {
        let decision = DueDecision(rules, considered: considered, look: DueLook(now: now, previous: now - .seconds(30)))
        if let run = decision.run { runs.append(run.due) }
        considered = decision.run?.due ?? decision.considered
        now = now + .seconds(30)
      }
      #expect(runs.count == 12 && Set(runs).count == 12, "month \(month): \(runs)")
    }
  }
}
