import DrillModel
import Ledger
import Scheduling
import Testing

@testable import Scheduler

@Suite("A simulated year of fifty drills")
struct SimulatedYearTests {
  private static let crons = ["0 4 * * SUN", "30 2 * * SUN", "@weekly", "15 3 * * 1-5", "0 */6 * * *"]
  private static let zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]

  private static let drills: [Drill] = (0..<50).map { index in
    // Mostly weekly, as people have them.
    let cron = index < 44 ? crons[index % 3] : crons[index < 49 ? 3 : 4]
    return SchedulerBench.drill("drill \(index)", cron) {
      $0.timezone = zones[index % zones.count]
      $0.jitter = index % 3 == 0 ? .seconds(600) : .zero
      $0.startWithin = index % 4 == 0 ? .seconds(7200) : nil
      $0.missed = index % 5 == 0 ? .skip : .runOnce
    }
  }

  /// What happens to the machine, by the day of the year on which it does.
  private enum Incident {
    case outage(hours: Int64)
    case asleep(hours: Int64)
    case step(seconds: Int64)
  }

  private static let incidents: [Int64: Incident] = [
    11: .outage(hours: 30), 25: .asleep(hours: 9), 40: .step(seconds: 3600), 55: .step(seconds: -3600), 80: .outage(hours: 240),
    110: .asleep(hours: 60), 130: .step(seconds: 90), 131: .step(seconds: -90), 150: .step(seconds: -80_000), 170: .step(seconds: 80_000),
    200: .outage(hours: 1), 230: .step(seconds: 7 * 86_400), 290: .outage(hours: 1000), 340: .asleep(hours: 3),
  ]

  @Test("every due instant has exactly one recorded outcome") func year() throws {
    let bench = try SchedulerBench()
    var pending = SimulatedYearTests.incidents
    var random = SeededGenerator(seed: 7)
    let end = SchedulerBench.start + .seconds(365 * 86_400)
    var declared = bench.clocks.now()
    while bench.clocks.now() < end {
      let findings = try bench.look(SimulatedYearTests.drills)
      for run in findings.due {
        // Now and then a run is still going when the next is due.
        if Int.random(in: 0..<50, using: &random) == 0 {
          _ = try bench.keeper.overlapped(run, at: bench.clocks.now())
        } else {
          try bench.carryOut(run)
        }
      }
      let day = bench.clocks.elapsed().components.seconds / 86_400
      if let incident = pending.removeValue(forKey: day) { happen(incident, bench) } else { bench.clocks.pass(rest(findings.next, bench)) }
      declared = max(declared, bench.clocks.now())
    }
    bench.clocks.pass(.seconds(3600))
    _ = try bench.look(SimulatedYearTests.drills)
    #expect(pending.isEmpty)
    try check(bench)
  }

  private func happen(_ incident: Incident, _ bench: SchedulerBench) {
    switch incident {
    case .outage(let hours):
      bench.clocks.pass(.seconds(hours * 3600))
      bench.restart()
    case .asleep(let hours): bench.clocks.pass(.seconds(hours * 3600))
    case .step(let seconds): bench.clocks.step(.seconds(seconds))
    }
  }

  // Straight to the next due time, in steps of a quarter of a day at most, as a daemon that wakes far more often would find it.
  private func rest(_ next: Timestamp?, _ bench: SchedulerBench) -> Duration {
    let far = Duration.seconds(21_600)
    guard let next else { return far }
    return max(.seconds(20), min(far, next - bench.clocks.now() + .seconds(5)))
  }

  private func check(_ bench: SchedulerBench) throws {
    var (all, runs) = (0, 0)
    for drill in SimulatedYearTests.drills {
      let schedule = try #require(drill.schedule)
      let known = try #require(try bench.ledger.scheduleMemories()[drill.name])
      var instants: [Timestamp] = []
      var last = known.since
      while let next = try schedule.next(after: last), next <= known.considered {
        instants.append(next)
        last = next
      }
      let wrong = zip(instants, try bench.outcomes(drill.name, instants)).filter { $0.1 != 1 }
      #expect(wrong.isEmpty, "\(drill.name): \(wrong.prefix(3))")
      all += instants.count
      runs += try bench.ledger.decisions(drill.name).count { $0.run != nil }
    }
    #expect(all > 4500 && runs > all / 2, "\(runs) runs for \(all) due instants")
    let audit = try #require(try Ledger.openForReading(at: bench.ledger.path, clocks: bench.clocks)).audit()
    #expect(audit.outcome == .holds)
  }
}

/// The same year each time.
private struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29)
  }
}
