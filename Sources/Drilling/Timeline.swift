import DrillModel

/// The phases of one run as spans on its monotonic clock, in seconds from the claim.
struct Timeline: Sendable {
  /// The monotonic reading at the claim.
  let origin: Duration
  private(set) var spans: [PhaseName: (start: Duration, end: Duration?)] = [:]

  init(origin: Duration) { self.origin = origin }

  /// Opens a span; a phase that began already goes on.
  mutating func begin(_ phase: PhaseName, at reading: Duration) {
    if spans[phase] == nil { spans[phase] = (reading - origin, nil) }
  }

  /// Closes a span, or moves its end further; a phase that never began is left out.
  mutating func end(_ phase: PhaseName, at reading: Duration) {
    guard let span = spans[phase] else { return }
    spans[phase] = (span.start, reading - origin)
  }

  /// The spans that ended, in the order in which they began.
  var phases: [Phase] {
    spans.compactMap { name, span in span.end.map { Phase(name: name, start: span.start.inSeconds, end: $0.inSeconds) } }
      .sorted { ($0.start, order($0.name)) < ($1.start, order($1.name)) }
  }

  private func order(_ name: PhaseName) -> Int { PhaseName.allCases.firstIndex(of: name) ?? 0 }
}
