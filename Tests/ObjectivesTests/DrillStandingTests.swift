import DrillModel
import Objectives
import Testing

private let now = Timestamp(seconds: 1_795_316_400)
private func ago(_ hours: Int) -> Timestamp { now - .seconds(hours * 3600) }

@Suite("A drill's standing")
struct DrillStandingTests {
  private func stands(_ last: Verdict?, conclusive: Int?, first: Int? = 1000, _ cadence: StandingEvidence.Cadence) -> Standing {
    standing(
      StandingEvidence(last: last, lastConclusive: conclusive.map(ago), first: last == nil ? nil : first.map(ago), cadence: cadence),
      now: now)
  }

  @Test("without a run it is never tested, whatever is declared, while nobody looks at its schedule")
  func neverTested() {
    #expect(stands(nil, conclusive: nil, .none) == .neverTested)
    #expect(stands(nil, conclusive: nil, .schedule(lapsed: ago(5))) == .neverTested)
  }

  @Test("without a run it is overdue once a due time has lapsed since its schedule was first looked at")
  func neverRan() {
    func stands(watched: Int?, _ cadence: StandingEvidence.Cadence) -> Standing {
      standing(StandingEvidence(last: nil, lastConclusive: nil, first: nil, cadence: cadence, watched: watched.map(ago)), now: now)
    }
    #expect(stands(watched: 30, .schedule(lapsed: ago(20))) == .overdue)
    #expect(stands(watched: 10, .schedule(lapsed: ago(20))) == .neverTested)
    #expect(stands(watched: 30, .schedule(lapsed: nil)) == .neverTested)
    #expect(stands(watched: 30, .none) == .neverTested)
  }

  @Test("a run that goes on answers for a day, and no longer")
  func underway() {
    func stands(_ underway: Int?, last: Verdict? = .passed) -> Standing {
      standing(
        StandingEvidence(
          last: last, lastConclusive: last == nil ? nil : ago(200), first: nil, cadence: .schedule(lapsed: ago(20)), watched: ago(300),
          underway: underway.map(ago)), now: now)
    }
    #expect(stands(nil) == .overdue && stands(3) == .verdict(.passed) && stands(25) == .overdue)
    #expect(stands(nil, last: nil) == .overdue && stands(3, last: nil) == .neverTested)
  }

  @Test("with neither schedule nor `every` the last verdict stands for ever", arguments: Verdict.allCases)
  func last(_ verdict: Verdict) { #expect(stands(verdict, conclusive: 9000, .none) == .verdict(verdict)) }

  @Test("with a schedule it is overdue when a lapsed due time saw no conclusion")
  func schedule() {
    #expect(stands(.passed, conclusive: 30, .schedule(lapsed: ago(20))) == .overdue)
    #expect(stands(.passed, conclusive: 20, .schedule(lapsed: ago(20))) == .verdict(.passed))
    #expect(stands(.passed, conclusive: 10, .schedule(lapsed: ago(20))) == .verdict(.passed))
    #expect(stands(.passed, conclusive: 10, .schedule(lapsed: nil)) == .verdict(.passed))
  }

  @Test("with `every` it is overdue a tenth after")
  func every() {
    let span = Duration.seconds(100 * 3600)
    #expect(stands(.passed, conclusive: 110, .every(span)) == .verdict(.passed))
    #expect(stands(.passed, conclusive: 111, .every(span)) == .overdue)
  }

  @Test("a failure outranks being overdue")
  func failure() { #expect(stands(.failed, conclusive: 5000, .every(.seconds(3600))) == .verdict(.failed)) }

  @Test(
    "only a passed or failed run counts: a drill that cannot drill becomes overdue",
    arguments: [Verdict.cannotDrill, .couldNotVerify, .skipped, .interrupted])
  func inconclusive(_ verdict: Verdict) {
    #expect(stands(verdict, conclusive: 500, .every(.seconds(24 * 3600))) == .overdue)
    #expect(stands(verdict, conclusive: 5, .every(.seconds(24 * 3600))) == .verdict(verdict))
  }

  @Test("a drill that never came to a conclusion is overdue by its first run")
  func neverConclusive() {
    #expect(stands(.cannotDrill, conclusive: nil, first: 2, .schedule(lapsed: ago(20))) == .verdict(.cannotDrill))
    #expect(stands(.cannotDrill, conclusive: nil, first: 30, .schedule(lapsed: ago(20))) == .overdue)
  }
}
