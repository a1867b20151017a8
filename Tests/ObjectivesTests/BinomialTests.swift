import Objectives
import Testing

@Suite("What counts allow to conclude")
struct BinomialTests {
  /// Newcombe (1998), table I, the Wilson score method without continuity correction.
  @Test(
    "Wilson's interval agrees with published ones",
    arguments: [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)])
  func wilson(_ successes: Int, _ trials: Int, _ lower: Double, _ upper: Double) throws {
    let interval = try #require(Binomial.wilson(successes: successes, trials: trials))
    #expect(abs(interval.lowerBound - lower) < 0.00006 && abs(interval.upperBound - upper) < 0.00006)
  }

  @Test("Wilson's interval of three out of three begins at 3 / (3 + z²), and ends at 1") func wilsonFull() throws {
    let interval = try #require(Binomial.wilson(successes: 3, trials: 3))
    #expect(abs(interval.lowerBound - 3 / (3 + 3.841458820694124)) < 1e-12 && interval.upperBound == 1)
    #expect(Binomial.wilson(successes: 0, trials: 0) == nil && Binomial.wilson(successes: 4, trials: 3) == nil)
  }

  /// Success-run theorem, and the sample sizes for one and more failures that reliability handbooks print.
  @Test(
    "how many trials confirm a share",
    arguments: [
      (0.95, 0, 59), (0.95, 1, 93), (0.95, 2, 124), (0.95, 3, 153), (0.90, 0, 29), (0.90, 1, 46), (0.90, 2, 61), (0.99, 0, 299),
      (0.99, 1, 473), (0.50, 0, 5),
    ])
  func needed(_ share: Double, _ failures: Int, _ trials: Int) {
    #expect(Binomial.successesNeeded(failures: failures, trials: failures, share: share) == trials - failures)
    #expect(Binomial.successesNeeded(failures: failures, trials: trials, share: share) == 0)
    #expect(Binomial.successesNeeded(failures: failures, trials: trials - 1, share: share) == 1)
    #expect(Binomial.allowedFailures(trials: trials, share: share) == failures)
    #expect(Binomial.allowedFailures(trials: trials - 1, share: share) == (failures == 0 ? nil : failures - 1))
  }

  @Test("nothing was tried: as many as ever, and nothing is shown") func none() {
    #expect(Binomial.successesNeeded(failures: 0, trials: 0, share: 0.95) == 59)
    #expect(Binomial.shownShare(trials: 0) == 0)
    #expect(abs(Binomial.shownShare(trials: 3) - 0.36840) < 0.00001)
  }

  @Test("the distribution agrees with values by hand, and does not underflow for many trials") func cumulative() {
    #expect(abs(Binomial.cumulative(failures: 1, trials: 4, rate: 0.5) - 5.0 / 16) < 1e-12)
    #expect(Binomial.cumulative(failures: 4, trials: 4, rate: 0.5) == 1)
    let middle = Binomial.cumulative(failures: 50_000, trials: 1_000_000, rate: 0.05)
    #expect(middle > 0.49 && middle < 0.51)
  }

  @Test("one failure in one run contradicts 99 % and not 95 %; one in sixty contradicts neither") func contradicted() {
    #expect(Binomial.isContradicted(failures: 1, trials: 1, share: 0.99))
    #expect(!Binomial.isContradicted(failures: 1, trials: 1, share: 0.95))
    #expect(!Binomial.isContradicted(failures: 1, trials: 2, share: 0.95))
    #expect(Binomial.isContradicted(failures: 2, trials: 2, share: 0.95))
    #expect(!Binomial.isContradicted(failures: 1, trials: 60, share: 0.99))
    #expect(!Binomial.isContradicted(failures: 0, trials: 1000, share: 0.99))
  }

  @Test("nothing is confirmed and contradicted at once") func exclusive() {
    for trials in 1...200 {
      for failures in 0...min(trials, 20) {
        let isConfirmed = Binomial.successesNeeded(failures: failures, trials: trials, share: 0.95) == 0
        #expect(!(isConfirmed && Binomial.isContradicted(failures: failures, trials: trials, share: 0.95)))
      }
    }
  }
}
