import DrillModel

/// How fast bytes come, over the last stretch, so that it follows a network that changes.
package struct TransferRate: Sendable, Hashable {
  private struct Sample: Sendable, Hashable {
    var at: Duration
    var done: Int64
  }

  /// How far back it looks.
  private static let window = Duration.seconds(10)
  /// Less than this says nothing yet.
  private static let least = Duration.seconds(1)
  private static let spacing = Duration.milliseconds(500)

  private var samples: [Sample] = []
  private var last = Sample(at: .zero, done: 0)

  package init() {}

  /// Takes how many bytes there are in all by now. Fewer than before start a new measurement.
  ///
  /// - Parameter now: Time of a clock that never steps.
  package mutating func note(_ done: Int64, at now: Duration) {
    if done < last.done { samples = [] }
    last = Sample(at: now, done: done)
    if samples.last.map({ now - $0.at >= TransferRate.spacing }) ?? true { samples.append(last) }
    // One from before the window stays, so that the window is always spanned.
    while samples.count > 2, now - samples[1].at >= TransferRate.window { samples.removeFirst() }
  }

  /// Nil until there is enough to tell.
  package var bytesPerSecond: Double? {
    guard let first = samples.first, last.at - first.at >= TransferRate.least else { return nil }
    return Double(last.done - first.done) / (last.at - first.at).inSeconds
  }

  /// How long the rest takes at this rate; nil where nothing comes, nothing is left, or that is beyond a month.
  package func timeLeft(of total: Int64?) -> Duration? {
    guard let total, total > last.done, let rate = bytesPerSecond, rate > 0 else { return nil }
    let seconds = Double(total - last.done) / rate
    return seconds < 30 * 86_400 ? .seconds(Int64(seconds.rounded(.up))) : nil
  }

  /// For people: `12 MiB/s, 1 min 20 s left`; empty while there is nothing to tell.
  package func text(of total: Int64?) -> String {
    guard let rate = bytesPerSecond else { return "" }
    let left = timeLeft(of: total).map { ", \($0.readable) left" } ?? ""
    return "\(ByteCount.text(Int64(rate)))/s\(left)"
  }
}
