import DrillModel

/// The two objectives of a notice in words.
struct NoticeFigures {
  let notice: Notice

  init(_ notice: Notice) { self.notice = notice }

  /// What was missed and by how much, else the first reason; nil when there is neither.
  var shortest: String? {
    let missed = [("recovery time", notice.rto), ("recovery point", notice.rpo)].compactMap { name, figure in
      figure.flatMap { NoticeFigures.missed(name, $0) }
    }
    if let first = missed.first { return first }
    return notice.reasons.first?.text
  }

  var lines: [String] {
    [("Recovery time: ", notice.rto), ("Recovery point:", notice.rpo)].compactMap { name, figure in
      guard let figure, figure.actual != nil || figure.objective != nil else { return nil }
      let actual = figure.actual.map(NoticeFigures.span) ?? "unknown"
      guard let objective = figure.objective else { return "\(name) \(actual), no objective" }
      return "\(name) \(actual), objective \(NoticeFigures.span(objective)): \(figure.outcome)"
    }
  }

  private static func missed(_ name: String, _ figure: Notice.Figure) -> String? {
    guard let objective = figure.objective else { return nil }
    if figure.verdict == "unknown" { return "\(name) unknown, objective \(span(objective))" }
    guard figure.verdict == "missed", let actual = figure.actual else { return nil }
    return "\(name) \(span(actual)), objective \(span(objective))"
  }

  static func span(_ seconds: Double) -> String { Duration.milliseconds(Int64((min(seconds, 1e11) * 1000).rounded())).readable }
}

extension Notice.Figure {
  fileprivate var outcome: String {
    guard verdict == "missed", let actual, let objective else { return verdict.replacing("_", with: " ").uppercasedIfBad }
    return "MISSED by \(NoticeFigures.span(actual - objective))"
  }
}

extension String {
  fileprivate var uppercasedIfBad: String { self == "unknown" ? "UNKNOWN" : self }
}
