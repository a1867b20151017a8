import DrillModel
import Objectives
import Testing

private let now = Timestamp(seconds: 1_795_316_400)
private func hours(_ count: Double) -> Duration { .milliseconds(Int64(count * 3_600_000)) }

@Suite("The recovery point actual")
struct RecoveryPointActualTests {
  private func judge(
    age: Double?, gap: Double? = nil, data: [RecoveryPointEvidence.Freshness] = [], objective: Double? = 24, basis: RPOBasis? = nil,
    tolerance: Double? = nil
  ) -> (record: RPORecord, reasons: [Reason]) {
    let span = gap.map { GapFigures.Gap(from: now - hours($0 + 1), to: now - hours(1), isOpen: false) }
    let gaps = GapFigures(sinceLastRun: span, window: span, unknownBecause: gap == nil ? "The cadence of the backups is unknown" : nil)
    let evidence = RecoveryPointEvidence(
      failureInstant: now, newestPoint: age.map { now - hours($0) }, clockSkew: .seconds(300), gaps: gaps, freshness: data)
    return recoveryPointActual(
      evidence, objectives: DrillObjectives(rpo: objective.map(hours), rpoBasis: basis, gapTolerance: tolerance))
  }

  private func fresh(_ age: Double?, governs: Bool) -> RecoveryPointEvidence.Freshness {
    RecoveryPointEvidence.Freshness(check: "newest order", newest: age.map { now - hours($0) }, governs: governs)
  }

  private func codes(_ reasons: [Reason], _ level: Reason.Level) -> [String] { reasons.filter { $0.severity == level }.map(\.code) }

  @Test("the worst of the governing figures is the actual")
  func worst() {
    let (record, reasons) = judge(age: 0.1, gap: 23, data: [fresh(2, governs: true)])
    #expect(record.actual == hours(23).inSeconds)
    #expect(record.artefactAge == 360 && record.worstGap == 82_800 && record.dataAge == 7200 && record.windowWorstGap == 82_800)
    #expect(record.verdict == .met && record.basis == .worst && record.gapTolerance == 0.1)
    #expect(codes(reasons, .failed).isEmpty)
  }

  @Test("an age at the objective is met, one millisecond over is missed")
  func strictAge() {
    #expect(judge(age: 24).record.verdict == .met)
    let evidence = RecoveryPointEvidence(
      failureInstant: now, newestPoint: now - hours(24) - .milliseconds(1), clockSkew: .zero,
      gaps: GapFigures(sinceLastRun: nil, window: nil, unknownBecause: "x"))
    #expect(recoveryPointActual(evidence, objectives: DrillObjectives(rpo: hours(24))).record.verdict == .missed)
  }

  @Test("a gap within the tolerance is met although the actual is over the objective, and told")
  func tolerance() {
    let (record, reasons) = judge(age: 1, gap: 26)
    #expect(record.verdict == .met && record.actual == hours(26).inSeconds)
    #expect(codes(reasons, .note) == ["gap_tolerated"])
    #expect(judge(age: 1, gap: 26.4).record.verdict == .met)
    #expect(judge(age: 1, gap: 26.5).record.verdict == .missed)
  }

  @Test(
    "a tolerance of its own is used and recorded", arguments: [(0.0, 24.01, RPOVerdict.missed), (0.5, 36, .met), (0.5, 36.01, .missed)])
  func ownTolerance(_ tolerance: Double, _ gap: Double, _ verdict: RPOVerdict) {
    let record = judge(age: 1, gap: gap, tolerance: tolerance).record
    #expect(record.verdict == verdict && record.gapTolerance == tolerance)
  }

  @Test("the tolerance is for gaps: age and data are judged strictly")
  func strictOthers() {
    #expect(judge(age: 24.5, gap: 1).record.verdict == .missed)
    #expect(judge(age: 1, gap: 1, data: [fresh(24.5, governs: true)]).record.verdict == .missed)
  }

  @Test("a miss names the figure, the objective and by how much")
  func missedReason() throws {
    let reasons = judge(age: 1, gap: 48).reasons
    let reason = try #require(reasons.first)
    #expect(reason.code == "rpo_missed" && reason.severity == .failed)
    for part in ["worst gap", "2 d", "24 h", "no recovery point between", "10 %"] { #expect(reason.text.contains(part), "\(reason.text)") }
    let age = try #require(judge(age: 25, gap: 1).reasons.first)
    #expect(age.text == "The artefact age of 25 h misses the recovery point objective of 24 h by 1 h")
  }

  @Test("a quiet table at night does not alarm: data that does not govern is only recorded")
  func quietTable() {
    let record = judge(age: 1, gap: 1, data: [fresh(1000, governs: false)]).record
    #expect(record.verdict == .met && record.dataAge == hours(1000).inSeconds && record.actual == 3600)
  }

  @Test("of several governing checks the stalest counts, and one that found nothing makes it unknown")
  func severalChecks() {
    let two = judge(age: 1, gap: 1, data: [fresh(2, governs: true), fresh(5, governs: true), fresh(500, governs: false)])
    #expect(two.record.dataAge == hours(5).inSeconds)
    let blind = judge(age: 1, gap: 1, data: [fresh(2, governs: true), fresh(nil, governs: true)])
    #expect(blind.record.verdict == .unknown && blind.record.actual == nil)
    #expect(codes(blind.reasons, .failed) == ["rpo_unknown"])
  }

  @Test("up to the clock skew in the future is age zero and noted")
  func skew() {
    let (record, reasons) = judge(age: -5.0 / 60, gap: 1)
    #expect(record.artefactAge == 0 && record.verdict == .met)
    #expect(codes(reasons, .note) == ["clock_skew"])
  }

  @Test("further ahead the actual is unknown, and with an objective the run fails")
  func future() {
    let (record, reasons) = judge(age: -0.1, gap: 1)
    #expect(record.artefactAge == nil && record.actual == nil && record.verdict == .unknown && record.worstGap == 3600)
    #expect(codes(reasons, .failed) == ["rpo_unknown"])
  }

  @Test("no time at all is unknown; without an objective it only warns")
  func noTime() {
    #expect(judge(age: nil).record.verdict == .unknown)
    let (record, reasons) = judge(age: nil, objective: nil)
    #expect(record.verdict == .noObjective && record.actual == nil)
    #expect(codes(reasons, .failed).isEmpty && codes(reasons, .warn) == ["rpo_unknown"])
  }

  @Test("an unknown age does not hide a missed gap")
  func unknownAndMissed() {
    let (record, reasons) = judge(age: nil, gap: 100)
    #expect(record.verdict == .unknown)
    #expect(codes(reasons, .failed) == ["rpo_unknown", "rpo_missed"])
  }

  @Test("without a cadence the age decides, and a note says that the cadence is unknown")
  func oneBackupEver() {
    let (record, reasons) = judge(age: 1)
    #expect(record.verdict == .met && record.worstGap == nil && record.actual == 3600)
    #expect(codes(reasons, .note) == ["cadence_unknown"])
  }

  @Test(
    "a basis narrows to one figure",
    arguments: [
      (RPOBasis.artefactAge, 2.0, RPOVerdict.met), (.worstGap, 48.0, .missed), (.dataAge, 30.0, .missed), (.worst, 48.0, .missed),
    ])
  func basis(_ basis: RPOBasis, _ actual: Double, _ verdict: RPOVerdict) {
    let record = judge(age: 2, gap: 48, data: [fresh(30, governs: true)], basis: basis).record
    #expect(record.actual == hours(actual).inSeconds && record.verdict == verdict && record.basis == basis)
    #expect(record.artefactAge != nil && record.worstGap != nil && record.dataAge != nil)
  }

  @Test("a basis whose figure is unknown is unknown", arguments: [RPOBasis.worstGap, .dataAge])
  func unknownBasis(_ basis: RPOBasis) {
    let (record, reasons) = judge(age: 1, basis: basis)
    #expect(record.verdict == .unknown && codes(reasons, .failed) == ["rpo_unknown"])
  }

  @Test("names without a time do not matter where the data's age governs alone")
  func dataAlone() { #expect(judge(age: nil, data: [fresh(1, governs: true)], basis: .dataAge).record.verdict == .met) }

  @Test("without an objective everything is measured and nothing is judged")
  func noObjective() {
    let (record, reasons) = judge(age: 1000, gap: 2000, objective: nil)
    #expect(record.verdict == .noObjective && record.actual == hours(2000).inSeconds && codes(reasons, .failed).isEmpty)
  }

  @Test("a run that measured nothing claims nothing and gives no reason")
  func unmeasured() {
    #expect(RPORecord.unmeasured(DrillObjectives(rpo: hours(1))).verdict == .unknown)
    #expect(RPORecord.unmeasured(DrillObjectives()).verdict == .noObjective)
  }
}
