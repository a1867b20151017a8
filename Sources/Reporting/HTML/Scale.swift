import Foundation

/// A scale of durations with labelled ticks: linear, or logarithmic when the objective dwarfs what was measured.
struct Scale {
  let isLogarithmic: Bool
  let low: Double
  let high: Double
  let ticks: [Double]

  private static let steps: [Double] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600,
    43_200, 86_400, 172_800, 345_600, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
  ]
  private static let powers: [Double] = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000]

  /// - Parameter values: Seconds, those to show; infinities and what is negative are left out.
  init(_ values: [Double], objective: Double?) {
    let usable = values.filter { $0.isFinite && $0 >= 0 }
    let top = max(usable.max() ?? 0, objective ?? 0, 0.001)
    let measured = usable.max() ?? top
    let least = usable.filter { $0 > 0 }.min() ?? top
    isLogarithmic = (objective ?? 0) > 8 * max(measured, 0.001) || measured > 100 * max(least, 0.001)
    let (low, high) = isLogarithmic ? (max(least, 0.001) / 2, top * 1.3) : (0, top * 1.15)
    if isLogarithmic {
      let inside = Scale.powers.filter { $0 >= low && $0 <= high }
      let every = max(1, (inside.count + 4) / 5)
      ticks = inside.enumerated().filter { $0.offset % every == 0 }.map(\.element)
    } else {
      ticks = Array(stride(from: 0, through: high, by: Scale.steps.first { high / $0 <= 5 } ?? high / 4))
    }
    (self.low, self.high) = (low, high)
  }

  /// Where a value stands between 0 at the bottom and 1 at the top.
  func place(_ value: Double) -> Double {
    guard value.isFinite else { return 1 }
    if !isLogarithmic { return min(max(value / high, 0), 1) }
    return min(max(log(max(value, low) / low) / log(high / low), 0), 1)
  }
}
