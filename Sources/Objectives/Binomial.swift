internal import Foundation

/// What counts of successes allow to conclude about the share behind them.
package enum Binomial {
  /// The confidence of every conclusion.
  package static let confidence = 0.95
  // The 97.5 % quantile of the normal distribution, for two-sided 95 % intervals.
  private static let z = 1.959963984540054

  /// Wilson's 95 % interval of a success rate; nil without trials.
  ///
  /// Source: E. B. Wilson, "Probable inference", JASA 22 (1927); Newcombe, Statistics in Medicine 17 (1998), method 3.
  package static func wilson(successes: Int, trials: Int) -> ClosedRange<Double>? {
    guard trials > 0, (0...trials).contains(successes) else { return nil }
    let n = Double(trials)
    let rate = Double(successes) / n
    let middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    let half = z / (1 + z * z / n) * (rate * (1 - rate) / n + z * z / (4 * n * n)).squareRoot()
    // At the ends the formula gives 0 and 1 but for rounding.
    let lower = successes == 0 ? 0 : max(0, middle - half)
    let upper = successes == trials ? 1 : min(1, middle + half)
    return lower...upper
  }

  /// The probability of at most `failures` in `trials`, each of which fails with probability `rate` (0 < rate < 1).
  package static func cumulative(failures: Int, trials: Int, rate: Double) -> Double {
    if failures >= trials { return 1 }
    var total = 0.0
    for (count, probability) in terms(trials: trials, rate: rate) {
      if count > failures { break }
      total += probability
    }
    return min(1, total)
  }

  /// How many failures in `trials` still show, with 95 % confidence, that at least `share` succeed; nil when even none is too few trials.
  ///
  /// The exact one-sided test (Clopper and Pearson, Biometrika 26, 1934), so it holds for the smallest numbers.
  package static func allowedFailures(trials: Int, share: Double) -> Int? {
    var total = 0.0
    var allowed: Int?
    for (count, probability) in terms(trials: trials, rate: 1 - share) {
      total += probability
      if total > 1 - confidence || count >= trials { break }
      allowed = count
    }
    return allowed
  }

  /// How many more trials, all of them successes, would show with 95 % confidence that at least `share` succeed; 0 when that is shown.
  ///
  /// Without failures this is the success-run theorem: 59 trials for 95 %, 299 for 99 %.
  package static func successesNeeded(failures: Int, trials: Int, share: Double) -> Int {
    func isShown(_ more: Int) -> Bool {
      cumulative(failures: failures, trials: trials + more, rate: 1 - share) <= 1 - confidence
    }
    if trials > 0, isShown(0) { return 0 }
    var high = 1
    while !isShown(high) { high *= 2 }
    var low = high / 2
    while low + 1 < high {
      let middle = (low + high) / 2
      if isShown(middle) { high = middle } else { low = middle }
    }
    return high
  }

  /// Whether so many failures show, with 95 % confidence, that less than `share` succeed.
  package static func isContradicted(failures: Int, trials: Int, share: Double) -> Bool {
    guard failures > 0 else { return false }
    let chance = 1 - cumulative(failures: failures - 1, trials: trials, rate: 1 - share)
    // One failure in one trial of 95 % is a chance of exactly 5 %, which shows nothing; rounding must not decide it.
    return chance < 1 - confidence - 1e-9
  }

  /// The share of which `trials` successes without a failure give 95 % confidence; 0 without trials.
  package static func shownShare(trials: Int) -> Double { trials > 0 ? pow(1 - confidence, 1 / Double(trials)) : 0 }

  // Probabilities of 0, 1, 2, … failures, from logarithms: the first ones underflow for thousands of trials.
  private static func terms(trials: Int, rate: Double) -> some Sequence<(Int, Double)> {
    let step = log(rate) - log1p(-rate)
    var logarithm = Double(trials) * log1p(-rate)
    return (0...max(0, trials)).lazy.map { count in
      if count > 0 { logarithm += log(Double(trials - count + 1)) - log(Double(count)) + step }
      return (count, exp(logarithm))
    }
  }
}
