import DrillModel
import Objectives

/// What runs measured over time, against the objective.
struct Plot {
  private let evidence: ObjectiveEvidence
  private let points: [Point]
  private let scale: Scale
  private let from: Timestamp
  private let to: Timestamp
  private let id: String

  private struct Point {
    var at: Timestamp
    var value: Double
    var mark: ObjectiveEvidence.Mark
  }

  private static let width = 520.0
  private static let height = 220.0
  private static let left = 62.0
  private static let right = 510.0
  private static let top = 36.0
  private static let bottom = 188.0
  /// Above this many runs, columns with the span and the worst mark stand for them.
  private static let limit = 240

  init(_ evidence: ObjectiveEvidence, of figures: [RunFigures], period: Report.Period, id: String) {
    self.evidence = evidence
    self.id = id
    points = figures.compactMap { run in
      let actual = evidence.kind == .rpo ? run.rpoActual : run.rtoActual
      let mark = evidence.mark(of: run)
      if actual == nil, mark == .notCounted { return nil }
      return Point(at: run.startedAt, value: mark == .notRecovered ? .infinity : actual ?? .infinity, mark: mark)
    }
    scale = Scale(points.map(\.value), objective: evidence.objective)
    let first = points.map(\.at).min() ?? period.from
    let last = points.map(\.at).max() ?? period.to
    // Runs close together would be one blot at the edge of a long period.
    let isNarrow = (last - first).inMilliseconds * 4 < (period.to - period.from).inMilliseconds
    let margin = max(Duration.seconds(1800), (last - first) / 20)
    from = isNarrow ? first - margin : min(first, period.from)
    to = isNarrow ? last + margin : max(last, period.to)
  }

  var markup: HTML {
    guard !points.isEmpty else { return "<p class=\"muted\">No run measured a figure to plot.</p>\n" }
    return """
      <figure>
      <svg class="plot" viewBox="0 0 \(Plot.width) \(Plot.height)" role="img" aria-labelledby="title-\(id) text-\(id)">
      <title id="title-\(id)">\(evidence.title) actual (\(evidence.actualLabel)) over time</title>
      <desc id="text-\(id)">\(description)</desc>
      \(grid)\(objectiveLine)\(points.count > Plot.limit ? columns : points.map { glyph($0.mark, x($0.at), y($0.value)) })</svg>
      <figcaption>\(caption)</figcaption>
      </figure>

      """
  }

  private func x(_ time: Timestamp) -> Double {
    let share = Double((time - from).inMilliseconds) / Double(max(1, (to - from).inMilliseconds))
    return Plot.left + 8 + share * (Plot.right - Plot.left - 16)
  }

  private func y(_ value: Double) -> Double {
    value.isFinite ? Plot.bottom - scale.place(value) * (Plot.bottom - Plot.top) : 14
  }

  private var grid: HTML {
    var text: HTML = ""
    for tick in scale.ticks {
      text += """
        <line class="grid" x1="\(Plot.left)" x2="\(Plot.right)" y1="\(y(tick))" y2="\(y(tick))"/>
        <text x="\(Plot.left - 6)" y="\(y(tick) + 4)" text-anchor="end">\(tick == 0 ? "0" : Shown.span(tick))</text>

        """
    }
    let middle = from + (to - from) / 2
    text += """
      <line class="axis" x1="\(Plot.left)" x2="\(Plot.right)" y1="\(Plot.bottom)" y2="\(Plot.bottom)"/>
      <text x="\(Plot.left)" y="\(Plot.bottom + 20)">\(label(from))</text>
      <text x="\((Plot.left + Plot.right) / 2)" y="\(Plot.bottom + 20)" text-anchor="middle">\(label(middle))</text>
      <text x="\(Plot.right)" y="\(Plot.bottom + 20)" text-anchor="end">\(label(to))</text>

      """
    return text
  }

  private func label(_ time: Timestamp) -> String {
    (to - from).inMilliseconds > 4 * 86_400_000 ? String(time.description.prefix(10)) : String(Shown.minute(time).dropFirst(5))
  }

  private var objectiveLine: HTML {
    guard let objective = evidence.objective else { return "" }
    let y = y(objective)
    return """
      <line class="limit" x1="\(Plot.left)" x2="\(Plot.right)" y1="\(y)" y2="\(y)"/>
      <text class="limit-text" x="\(Plot.left + 6)" y="\(y - 6)">objective \(Shown.span(objective))</text>

      """
  }

  private func glyph(_ mark: ObjectiveEvidence.Mark, _ x: Double, _ y: Double) -> HTML {
    switch mark {
    case .met: "<circle class=\"met\" cx=\"\(x)\" cy=\"\(y)\" r=\"4\"/>\n"
    case .missed: "<path class=\"missed\" d=\"M\(x) \(y - 6) L\(x + 6) \(y + 5) L\(x - 6) \(y + 5) Z\"/>\n"
    case .notRecovered:
      "<path class=\"lost\" d=\"M\(x - 5) \(y - 5) L\(x + 5) \(y + 5) M\(x + 5) \(y - 5) L\(x - 5) \(y + 5)\"/>\n"
    case .notCounted: "<circle class=\"uncounted\" cx=\"\(x)\" cy=\"\(y)\" r=\"3.5\"/>\n"
    }
  }

  /// Each column: a line from the least to the greatest figure, and the marks that occur at their worst.
  private var columns: [HTML] {
    let count = 110
    var columns = [Column](repeating: Column(), count: count)
    let span = Double(max(1, (to - from).inMilliseconds))
    for point in points {
      let share = Double((point.at - from).inMilliseconds) / span
      columns[min(count - 1, max(0, Int(share * Double(count))))].add(point)
    }
    return columns.enumerated().map { place, column in
      let x = Plot.left + 8 + (Double(place) + 0.5) / Double(count) * (Plot.right - Plot.left - 16)
      var text: HTML = ""
      if column.least <= column.most {
        text += "<line class=\"range\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(y(column.least) + 1.5)\" y2=\"\(y(column.most) - 1.5)\"/>\n"
      }
      if let worst = column.missed { text += glyph(.missed, x, y(worst)) }
      if column.hasLost { text += glyph(.notRecovered, x, y(.infinity)) }
      return text
    }
  }

  /// What stands for the runs of one column.
  private struct Column {
    var least = Double.infinity
    var most = -Double.infinity
    /// The worst that missed the objective.
    var missed: Double?
    var hasLost = false

    mutating func add(_ point: Point) {
      if point.value.isFinite {
        least = min(least, point.value)
        most = max(most, point.value)
      }
      if point.mark == .missed { missed = max(missed ?? point.value, point.value) }
      if point.mark == .notRecovered { hasLost = true }
    }
  }

  private var description: String {
    let objective = evidence.objective.map { "objective \(Shown.span($0))" } ?? "no objective"
    return "\(Shown.count(points.count, "run")), \(objective), median \(Shown.span(evidence.median)), worst \(Shown.span(evidence.worst))."
  }

  private var caption: HTML {
    let signs: [(ObjectiveEvidence.Mark, HTML)] = [
      (.met, "<span class=\"key met\">●</span> \(evidence.objective == nil ? "recovered" : "met")"),
      (.missed, "<span class=\"key missed\">▲</span> missed"), (.notRecovered, "<span class=\"key missed\">✕</span> not recovered"),
      (.notCounted, "<span class=\"key\">○</span> not counted"),
    ]
    let present = Set(points.map(\.mark))
    var parts = signs.filter { present.contains($0.0) && (points.count <= Plot.limit || $0.0 != .met) }.map(\.1)
    if points.count > Plot.limit { parts.insert("<span class=\"key met\">┃</span> from the least to the greatest of several runs", at: 0) }
    if scale.isLogarithmic { parts.append("logarithmic scale") }
    let joined = parts.enumerated().map { $0.offset == 0 ? $0.element : " · \($0.element)" as HTML }
    return "\(evidence.actualLabel): \(joined)"
  }
}
