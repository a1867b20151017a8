import DrillModel
import Objectives
import Testing

@Suite("The recovery time actual")
struct RecoveryTimeActualTests {
  private func judge(
    ready: Double? = 60, verified: Double? = 90, until: RTOUntil = .ready, objective: Duration? = .seconds(60),
    durability: Durability = .production, phases: [Phase] = [Phase(name: .restore, start: 0, end: 50)], engine: Double? = 48
  ) -> (record: RTORecord, reasons: [Reason]) {
    recoveryTimeActual(
      RecoveryTimeEvidence(phases: phases, ready: ready, verified: verified, engineRestore: engine, durability: durability),
      objectives: DrillObjectives(rto: objective, rtoUntil: until))
  }

  @Test("until ready or until verified", arguments: [(RTOUntil.ready, 60.0, RTOVerdict.met), (.verified, 90, .missed)])
  func until(_ until: RTOUntil, _ actual: Double, _ verdict: RTOVerdict) {
    let record = judge(until: until).record
    #expect(record.actual == actual && record.verdict == verdict && record.until == until && record.comparable)
    #expect(record.engineRestore == 48 && record.phases.count == 1)
  }

  @Test("a millisecond over the objective is missed, and the reason says by how much")
  func missed() throws {
    #expect(judge(ready: 60.0004).record.verdict == .met)
    let (record, reasons) = judge(ready: 90.001)
    #expect(record.verdict == .missed)
    let reason = try #require(reasons.first)
    #expect(reason.code == "rto_missed" && reason.severity == .failed)
    #expect(reason.text.contains("1 min 30 s") && reason.text.contains("objective of 1 min by 30 s"), "\(reason.text)")
  }

  @Test(
    "a total that is zero, negative or impossible fails the run, with and without an objective",
    arguments: [0, -1, Double.nan, .infinity, -.infinity, 0.0001, 4e8])
  func impossible(_ total: Double) {
    for objective in [Duration.seconds(60), nil] {
      let (record, reasons) = judge(ready: total, objective: objective)
      #expect(reasons.contains { $0.code == "rto_impossible" && $0.severity == .failed })
      #expect(record.actual == nil && record.verdict != .met && record.verdict != .missed)
    }
  }

  @Test("a phase that ends before it starts fails the run; phases that overlap do not")
  func phases() {
    let backwards = judge(phases: [Phase(name: .fetch, start: 5, end: 4)])
    #expect(backwards.reasons.map(\.code) == ["rto_impossible"])
    let overlapping = judge(phases: [Phase(name: .fetch, start: 0, end: 40), Phase(name: .restore, start: 1, end: 50)])
    #expect(overlapping.reasons.isEmpty)
  }

  @Test("a phase that cannot be written down is left out of the record and fails the run")
  func unwritable() {
    let (record, reasons) = judge(phases: [Phase(name: .fetch, start: 0, end: .nan)], engine: .infinity)
    #expect(record.phases.isEmpty && record.engineRestore == nil && reasons.map(\.severity) == [.failed])
  }

  @Test("a relaxed target is not comparable, and with an objective not verified at best")
  func relaxed() {
    let (record, reasons) = judge(ready: 1, durability: .relaxed)
    #expect(record.verdict == .notComparable && !record.comparable && record.actual == 1)
    #expect(reasons.map(\.severity) == [.couldNotVerify])
    let free = judge(ready: 1, objective: nil, durability: .relaxed)
    #expect(free.record.verdict == .noObjective && !free.record.comparable && free.reasons.isEmpty)
  }

  @Test("a recovery that never came has no figure, is not met, and adds no reason of its own")
  func neverReady() {
    let (record, reasons) = judge(ready: nil, verified: nil)
    #expect(record.actual == nil && record.verdict == .notComparable && reasons.isEmpty)
  }
}
