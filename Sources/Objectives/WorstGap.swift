package import DrillModel

/// How long the backups were interrupted at worst.
package struct GapFigures: Sendable, Hashable {
  /// The longest span that ended since the drill's previous sealed run; nil when no cadence is known. This one is judged.
  package var sinceLastRun: Gap?
  /// The longest span that ended within the window, for context.
  package var window: Gap?
  /// Why there is no figure, a sentence.
  package var unknownBecause: String?

  /// A span between two consecutive recovery points, or from the newest one to the failure instant.
  package struct Gap: Sendable, Hashable {
    package var from: Timestamp
    package var to: Timestamp
    /// Whether it ends at the failure instant instead of a recovery point.
    package var isOpen: Bool

    package init(from: Timestamp, to: Timestamp, isOpen: Bool) {
      self.from = from
      self.to = to
      self.isOpen = isOpen
    }

    package var length: Duration { to - from }
  }

  package init(sinceLastRun: Gap?, window: Gap?, unknownBecause: String?) {
    self.sinceLastRun = sinceLastRun
    self.window = window
    self.unknownBecause = unknownBecause
  }
}

extension GapFigures {
  /// The figures where logs were replayed without a hole up to `reached`: every moment before it can be restored, so only the span from
  /// there to the failure instant is without a recovery point.
  package static func bridged(upTo reached: Timestamp, failureInstant: Timestamp) -> GapFigures {
    let open = Gap(from: min(reached, failureInstant), to: failureInstant, isOpen: true)
    return GapFigures(sinceLastRun: open, window: open, unknownBecause: nil)
  }
}

/// The longest spans without a new recovery point.
///
/// A span counts for the run when it ended after `previousSealed` (the first run: at or after the window's beginning); the one that is open
/// at the failure instant always counts. The point that begins a span may lie before the window. With fewer than two points ever there is
/// no cadence and no figure.
///
/// - Parameters:
///   - points: times of eligible recovery points, those remembered of pruned ones included, in any order.
///   - previousSealed: when the drill's previous sealed run struck its failure instant; nil for the first run.
///   - failureInstant: points later than this and `clockSkew` had not been there; those within the skew count as being of this moment.
package func worstGap(
  points: [Timestamp], previousSealed: Timestamp?, failureInstant: Timestamp, window: Duration, clockSkew: Duration = .zero
) -> GapFigures {
  let usable = Set(points.filter { $0 <= failureInstant + clockSkew }.map { min($0, failureInstant) }).sorted()
  guard usable.count > 1, let newest = usable.last else {
    let count = usable.isEmpty ? "no recovery point with a time is known" : "only one recovery point is known"
    return GapFigures(sinceLastRun: nil, window: nil, unknownBecause: "The cadence of the backups is unknown: \(count)")
  }
  var gaps = zip(usable, usable.dropFirst()).map { GapFigures.Gap(from: $0, to: $1, isOpen: false) }
  gaps.append(GapFigures.Gap(from: newest, to: failureInstant, isOpen: true))
  let windowStart = failureInstant - window
  func worst(_ counts: (GapFigures.Gap) -> Bool) -> GapFigures.Gap? {
    gaps.filter { $0.isOpen || counts($0) }.max { ($0.length, $0.from) < ($1.length, $1.from) }
  }
  let sinceLastRun = worst { gap in previousSealed.map { gap.to > $0 } ?? (gap.to >= windowStart) }
  return GapFigures(sinceLastRun: sinceLastRun, window: worst { $0.to >= windowStart }, unknownBecause: nil)
}

/// The points for `worstGap`: those listed now, and those that the ledger remembers although they are gone.
///
/// A remembered point that is listed again counts with its present time; one that is rejected now does not count. Points are told apart by id.
package func gapPoints(listed: [String: Timestamp], rejected: Set<String>, remembered: [String: Timestamp]) -> [Timestamp] {
  remembered.filter { !rejected.contains($0.key) }.merging(listed) { _, present in present }.values.sorted()
}
