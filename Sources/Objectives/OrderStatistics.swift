internal import Foundation

/// What sorted measurements say about the distribution behind them, without a guess at its form.
package struct OrderStatistics: Sendable, Hashable {
  /// Ascending; infinity for a recovery that never came.
  package let sorted: [Double]

  package init(_ values: [Double]) { sorted = values.sorted() }

  /// The smallest value that at least this share of all values does not exceed (nearest rank: it is one that was measured, and is not
  /// interpolated); nil without values.
  package func percentile(_ share: Double) -> Double? {
    guard !sorted.isEmpty else { return nil }
    // A tiny amount less, so that 0.95 of 20 is the 19th value and not, by rounding, the 20th.
    let rank = Int((share * Double(sorted.count) - 1e-9).rounded(.up))
    return sorted[min(max(rank, 1), sorted.count) - 1]
  }

  /// The value that at least `share` of all future ones do not exceed, with 95 % confidence; nil when there are too few.
  ///
  /// The smallest of the values that carries it, whatever the distribution. Source: Hahn and Meeker, "Statistical Intervals" (1991),
  /// section 5.2.
  package func upperBound(share: Double) -> Double? {
    Binomial.allowedFailures(trials: sorted.count, share: share).map { sorted[sorted.count - 1 - $0] }
  }
}
