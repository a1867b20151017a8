import DrillModel
import Ledger
import Scheduling
import Testing

@testable import Scheduler

@Suite("Schedules and the ledger")
struct ScheduleKeeperTests {
  private let bench: SchedulerBench
  private let hour = Duration.seconds(3600)

  init() throws { bench = try SchedulerBench() }

  private func instants(_ count: Int, from first: Timestamp = SchedulerBench.start + .seconds(3600)) -> [Timestamp] {
    (0..<count).map { first + .seconds(3600 * Int64($0)) }
  }

  @Test("a due time runs once, also when another scheduler looks at the same moment") func once() throws {
    let drill = SchedulerBench.drill("orders", "0 * * * *")
    #expect(try bench.look([drill]).due.isEmpty)
    bench.clocks.pass(hour)
    let (mine, other) = (try bench.look([drill]).due, try bench.look([drill]).due)
    #expect(mine == other && mine.count == 1)
    let run = try #require(mine.first)
    #expect(try bench.carryOut(run))
    #expect(try !bench.carryOut(run, with: bench.open(bench.clocks)))
    #expect(try bench.look([drill]).due.isEmpty)
    #expect(try bench.ledger.misses("orders").isEmpty)
  }

  @Test("two schedulers whose clocks are ninety seconds apart: each due time has one outcome") func skewed() throws {
    let drill = SchedulerBench.drill("orders", "*/10 * * * *")
    let behind = HandClocks(SchedulerBench.start - .seconds(90))
    let other = try bench.open(behind)
    let keeper = ScheduleKeeper(other)
    var runs = 0
    for _ in 0..<300 {
      for run in try bench.look([drill]).due where try bench.carryOut(run) { runs += 1 }
      let late = try keeper.look(DueLook(now: behind.now()), at: [DeclaredDrill(drill)], isWhole: true)
      for run in late.due where try bench.carryOut(run, with: other) { runs += 1 }
      bench.clocks.pass(.seconds(30))
      behind.pass(.seconds(30))
    }
    let all = (1...14).map { SchedulerBench.start + .seconds(600 * Int64($0)) }
    #expect(try bench.outcomes("orders", all) == Array(repeating: 1, count: 14))
    #expect(runs == 14)
    #expect(try bench.ledger.misses("orders").isEmpty)
  }

  @Test("a due time that finds its drill running is one miss, told of once") func overlap() throws {
    let drill = SchedulerBench.drill("orders", "0 * * * *")
    _ = try bench.look([drill])
    bench.clocks.pass(hour)
    let run = try #require(try bench.look([drill]).due.first)
    #expect(try bench.keeper.overlapped(run, at: bench.clocks.now()))
    #expect(try !bench.keeper.overlapped(run, at: bench.clocks.now()))
    #expect(try bench.look([drill]).due.isEmpty)
    #expect(try bench.ledger.misses("orders").map(\.kind) == [.overlap])
  }

  @Test("set back by an hour: nothing that is done is done again, and the next time is the right one") func hourBack() throws {
    let drill = SchedulerBench.drill("orders", "0 * * * *")
    _ = try bench.look([drill])
    bench.clocks.pass(hour)
    for run in try bench.look([drill]).due { try bench.carryOut(run) }
    bench.clocks.step(.zero - hour + .seconds(60))
    for _ in 0..<60 {
      #expect(try bench.look([drill]).due.isEmpty)
      bench.clocks.pass(.seconds(60))
    }
    bench.clocks.pass(hour)
    #expect(try bench.look([drill]).due.map(\.due) == [SchedulerBench.start + hour + hour])
  }

  @Test("a year forward by mistake and back again: one run then, and the schedule works as if nothing had been") func yearAndBack() throws {
    let drill = SchedulerBench.drill("orders", "0 * * * *")
    let year = Duration.seconds(365 * 86_400)
    _ = try bench.look([drill])
    bench.clocks.step(year)
    let ahead = try bench.look([drill])
    #expect(ahead.due.count == 1)
    for run in ahead.due { try bench.carryOut(run) }
    #expect(try bench.ledger.misses("orders").count == 1)
    bench.clocks.step(.zero - year)
    let back = try bench.look([drill])
    #expect(back.due.isEmpty && back.notes.contains { $0.text.contains("future") })
    var runs = 0
    for _ in 0..<48 {
      bench.clocks.pass(.seconds(1800))
      for run in try bench.look([drill]).due where try bench.carryOut(run) { runs += 1 }
    }
    #expect(runs == 24)
    #expect(try bench.outcomes("orders", instants(24)) == Array(repeating: 1, count: 24))
    let sealed = try #require(try Ledger.openForReading(at: bench.ledger.path, clocks: bench.clocks)).audit()
    #expect(sealed.outcome == .holds)
  }

  @Test("removed, and back two days later: not due at once, and the time away has its entry") func removed() throws {
    let drill = SchedulerBench.drill("orders", "0 * * * *")
    _ = try bench.look([drill])
    bench.clocks.pass(hour)
    for run in try bench.look([drill]).due { try bench.carryOut(run) }
    #expect(try bench.look([], isWhole: false).notes.isEmpty)
    #expect(try bench.look([]).notes.map(\.drill) == ["orders"])
    #expect(try bench.look([]).notes.isEmpty)
    bench.clocks.pass(.seconds(48 * 3600))
    #expect(try bench.look([drill]).due.isEmpty)
    #expect(try bench.ledger.misses("orders").map(\.kind) == [.disabled])
    bench.clocks.pass(hour)
    #expect(try bench.look([drill]).due.count == 1)
    #expect(try bench.outcomes("orders", instants(49)) == Array(repeating: 1, count: 49))
  }

  @Test("a claim that was lost to another scheduler moves on, after a doubted memory too") func movesOn() throws {
    let drill = SchedulerBench.drill("orders", "0 * * * *")
    _ = try bench.look([drill])
    bench.clocks.pass(hour)
    let run = try #require(try bench.look([drill]).due.first)
    try bench.carryOut(run)
    let known = try #require(try bench.ledger.scheduleMemories()["orders"])
    var doubted = known
    doubted.considered = SchedulerBench.start
    #expect(try bench.ledger.remember(doubted, insteadOf: known))
    #expect(try bench.look([drill]).due == [run])
    #expect(try !bench.carryOut(run))
    #expect(try bench.look([drill]).due.isEmpty)
  }

  @Test(
    "names that attack come through as they are",
    arguments: ["'; DROP TABLE run; --", "a\nb", "\u{202E}x", String(repeating: "n", count: 10_000)])
  func hostile(_ name: String) throws {
    let drill = SchedulerBench.drill(name, "0 * * * *")
    _ = try bench.look([drill])
    bench.clocks.pass(hour)
    let run = try #require(try bench.look([drill]).due.first)
    #expect(run.drill == name)
    #expect(try bench.carryOut(run))
    #expect(try bench.look([drill]).due.isEmpty)
  }
}
