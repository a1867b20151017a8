import DrillModel
import Objectives
import Testing

@Suite("What runs say about an objective")
struct ObjectiveEvidenceTests {
  static func run(
    _ rta: Double? = 10, _ verdict: Verdict = .passed, objective: Double? = 60, comparable: Bool = true, failedCheck: Bool = false,
    rpa: Double? = 100, rpoVerdict: RPOVerdict = .met
  ) -> RunFigures {
    let rto: RTOVerdict =
      objective.map { limit in rta.map { comparable ? ($0 <= limit ? .met : .missed) : .notComparable } ?? .notComparable } ?? .noObjective
    return RunFigures(
      sequence: 1, verdict: verdict, startedAt: Timestamp(seconds: 0), finishedAt: Timestamp(seconds: 60), rpoObjective: 100,
      rpoActual: rpa,
      rpoVerdict: rpoVerdict, rtoObjective: objective, rtoActual: rta, rtoVerdict: rto, isComparable: comparable && rta != nil,
      hasFailedCheck: failedCheck, engine: "sqlite")
  }

  static func rto(_ runs: [RunFigures], _ objective: Double? = 60, share: Double = 0.95) -> ObjectiveEvidence {
    ObjectiveEvidence(.rto, of: runs, objective: objective, share: share)
  }

  @Test("nearest-rank percentiles are values that were measured") func percentiles() {
    // The textbook example of the nearest-rank method: 15, 20, 35, 40, 50.
    let five = OrderStatistics([40, 15, 50, 20, 35])
    #expect([0.05, 0.30, 0.40, 0.50, 1.00].map { five.percentile($0) } == [15, 20, 20, 35, 50])
    let twenty = OrderStatistics((1...20).map(Double.init))
    #expect(twenty.percentile(0.95) == 19 && twenty.percentile(0.9) == 18 && twenty.percentile(0.5) == 10)
    #expect(OrderStatistics([]).percentile(0.5) == nil && OrderStatistics([7]).percentile(0.95) == 7)
  }

  /// Order statistics of the sign test's tables for the median, and 59 and 93 for the 95th percentile.
  @Test(
    "the bound of a percentile is the order statistic of the tables",
    arguments: [(0.5, 4, nil), (0.5, 5, 5), (0.5, 8, 7), (0.5, 10, 9), (0.95, 58, nil), (0.95, 59, 59), (0.95, 93, 92), (0.95, 124, 122)])
  func bound(_ share: Double, _ count: Int, _ expected: Int?) {
    #expect(OrderStatistics((1...count).map(Double.init)).upperBound(share: share) == expected.map(Double.init))
  }

  @Test("few runs confirm nothing, and say how many more are needed") func few() {
    let evidence = Self.rto([Self.run(4), Self.run(5), Self.run(6)])
    #expect(evidence.conclusion == .open(more: 56) && evidence.supported == nil)
    #expect(evidence.median == 5 && evidence.worst == 6 && evidence.margin == 54 && evidence.met == 3)
    #expect(abs((evidence.worstCovers ?? 0) - 0.3684) < 0.0001)
  }

  @Test("59 runs that all meet it confirm 95 %, and the worst is the figure to sign") func confirmed() {
    let evidence = Self.rto((1...59).map { Self.run(Double($0)) })
    #expect(evidence.conclusion == .confirmed && evidence.supported == 59)
    #expect(Self.rto((1...59).map { Self.run(Double($0)) }, share: 0.99).conclusion == .open(more: 240))
  }

  @Test("a miss among many is not yet, many misses contradict") func misses() {
    let good = (1...58).map { _ in Self.run(10) }
    let one = Self.rto(good + [Self.run(90, .failed)])
    #expect(one.conclusion == .open(more: 34) && one.met == 58 && one.worst == 90 && one.margin == -30)
    let many = Self.rto(good + (1...10).map { _ in Self.run(90, .failed) })
    #expect(many.conclusion == .contradicted)
  }

  @Test("a restore that broke and data that is not whole are worse than every figure") func unrecovered() {
    let runs = [Self.run(10), Self.run(nil, .failed), Self.run(11, .failed, failedCheck: true)]
    let evidence = Self.rto(runs)
    #expect(evidence.runs == 3 && evidence.met == 1 && evidence.unrecovered == 2)
    #expect(evidence.worst == 10 && evidence.p95 == .infinity && evidence.median == .infinity && evidence.worstCovers == nil)
    let points = ObjectiveEvidence(.rpo, of: runs, objective: 100, share: 0.95)
    #expect(points.met == 1 && points.unrecovered == 2)
  }

  @Test("a run that failed by its recovery point alone still met its recovery time") func otherObjective() {
    let run = Self.run(10, .failed, rpa: 900, rpoVerdict: .missed)
    #expect(Self.rto([run]).met == 1)
    #expect(ObjectiveEvidence(.rpo, of: [run], objective: 100, share: 0.95).met == 0)
  }

  @Test("what could not be carried out does not count, and relaxed durability is counted apart") func apart() {
    let others: [Verdict] = [.couldNotVerify, .cannotDrill, .interrupted, .skipped]
    let evidence = Self.rto(others.map { Self.run(10, $0) } + [Self.run(10, comparable: false)])
    #expect(evidence.runs == 0 && evidence.conclusion == .untested && evidence.notComparable == 1 && evidence.interval == nil)
  }

  @Test("another objective judges by the figure; the same keeps the sealed verdict with its tolerance") func changed() {
    let tolerated = Self.run(rpa: 109)
    #expect(ObjectiveEvidence(.rpo, of: [tolerated], objective: 100, share: 0.95).met == 1)
    #expect(ObjectiveEvidence(.rpo, of: [tolerated], objective: 105, share: 0.95).met == 0)
    #expect(ObjectiveEvidence(.rpo, of: [tolerated], objective: 120, share: 0.95).met == 1)
    #expect(Self.rto([Self.run(10)], nil).conclusion == .noObjective)
  }

  @Test("an objective is confirmed exactly when the bound lies within it") func agreement() {
    for count in [10, 59, 60, 93, 124, 200] {
      for misses in 0...6 where misses < count {
        let values = (0..<count).map { $0 < misses ? 90.0 : 50 }
        let evidence = Self.rto(values.map { Self.run($0, $0 > 60 ? .failed : .passed) })
        #expect((evidence.conclusion == .confirmed) == ((evidence.supported ?? .infinity) <= 60))
      }
    }
  }
}
