import DrillModel
import Objectives

/// The newest runs of a drill, each with a bar of its phases on one scale.
struct RunTable {
  private let drill: DrillReport
  private let number: Int
  private let span: Double

  init(_ drill: DrillReport, number: Int) {
    self.drill = drill
    self.number = number
    span = drill.records.flatMap { $0.record.rto.phases.map(\.end) }.max() ?? 0
  }

  var markup: HTML {
    let rest = drill.runCount - drill.records.count
    let note: HTML =
      rest > 0 ? "<p class=\"muted\">\(Shown.count(rest, "older run")) left out here; CSV and JSON have every one.</p>\n" : ""
    return """
      <h3 id="runs-\(number)">\(rest > 0 ? "Newest runs" : "Runs")</h3>
      \(legend)<table class="runs" aria-labelledby="runs-\(number)">
      <thead><tr><th scope="col">Started (UTC)</th><th scope="col">Verdict</th><th scope="col" class="number">RPA</th>
      <th scope="col" class="number">RTA</th></tr></thead>
      \(drill.records.map(row))</table>
      \(note)
      """
  }

  /// The phases that occur, so that a colour is never the only sign: each bar also has them in words below it.
  private var legend: HTML {
    let names = PhaseName.allCases.filter { name in drill.records.contains { $0.record.rto.phases.contains { $0.name == name } } }
    guard !names.isEmpty else { return "" }
    let items = names.map { name in
      """
      <li><svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true"><rect class="phase-\(name.rawValue)" width="12" height="12"/></svg>
      \(name.rawValue)</li>

      """ as HTML
    }
    let mark: HTML = """
      <li><svg width="4" height="12" viewBox="0 0 4 12" aria-hidden="true"><rect class="rta" width="4" height="12"/></svg> RTA</li>
      <li>a bar’s width is \(Shown.span(span))</li>

      """
    return "<ul class=\"legend\" aria-label=\"Phases\">\n\(items)\(mark)</ul>\n"
  }

  private func row(_ item: ReportedRecord) -> HTML {
    let record = item.record
    return """
      <tbody>
      <tr><td>\(Shown.minute(record.startedAt))</td>
      <td>\(Tone(record.verdict).badge(record.verdict.rawValue.replacing("_", with: " ")))</td>
      <td class="number">\(figure(record.rpo.actual, record.rpo.verdict.rawValue))</td>
      <td class="number">\(figure(record.rto.actual, record.rto.verdict.rawValue))</td></tr>
      <tr class="detail"><td colspan="4">\(bar(record))<p class="muted">\(phaseWords(record))run \(record.run.text), entry \(Int(item.sequence))</p>
      \(reasons(record))\(later(item))</td></tr>
      </tbody>

      """
  }

  private func figure(_ seconds: Double?, _ verdict: String) -> HTML {
    let words = verdict.replacing("_", with: " ")
    let isBad = verdict == "missed" || verdict == "unknown"
    return "\(Shown.span(seconds))\(isBad ? " <span class=\"over\">(\(words))</span>" as HTML : "")"
  }

  private func phaseWords(_ record: RunRecord) -> String {
    let parts = record.rto.phases.map { "\($0.name.rawValue) \(Shown.span($0.end - $0.start))" }
    return parts.isEmpty ? "" : parts.joined(separator: " · ") + " · "
  }

  private func reasons(_ record: RunRecord) -> HTML {
    let shown = record.reasons.filter { $0.severity != .note }
    guard !shown.isEmpty else { return "" }
    let items = shown.prefix(6).map { "<li>\(Shown.text($0.text))</li>\n" as HTML }
    let more: HTML = shown.count > 6 ? "<li>and \(shown.count - 6) more: drillmark show \(record.run.text)</li>\n" : ""
    return "<ul class=\"reasons\">\n\(items)\(more)</ul>\n"
  }

  private func later(_ item: ReportedRecord) -> HTML {
    guard !item.amendments.isEmpty else { return "" }
    let items = item.amendments.prefix(6).map {
      "<li>\(Shown.minute($0.at)) UTC, entry \(Int($0.sequence)): \(Shown.text($0.text))</li>\n" as HTML
    }
    let more: HTML = item.amendments.count > 6 ? "<li>and \(item.amendments.count - 6) more: JSON has every one</li>\n" : ""
    return "<p class=\"muted\">Sealed afterwards:</p>\n<ul>\n\(items)\(more)</ul>\n"
  }

  private func bar(_ record: RunRecord) -> HTML {
    let phases = record.rto.phases.filter { $0.end >= $0.start && $0.start >= 0 }
    guard span > 0, !phases.isEmpty else { return "" }
    let lanes = Lanes(phases)
    let height = Double(lanes.count) * 10
    let parts = zip(phases, lanes.of).map { phase, lane in
      """
      <rect class="phase-\(phase.name.rawValue)" x="\(phase.start / span * 1000)" y="\(Double(lane) * 10)"
      width="\(max(2, (phase.end - phase.start) / span * 1000))" height="9"><title>\(phase.name.rawValue): \(Shown.span(phase.end - phase.start))</title></rect>

      """ as HTML
    }
    let mark: HTML =
      record.rto.actual.map { "<rect class=\"rta\" x=\"\(min($0 / span, 1) * 1000 - 1)\" y=\"0\" width=\"3\" height=\"\(height)\"/>" } ?? ""
    return """
      <svg class="bar lanes-\(min(lanes.count, 4))" viewBox="0 0 1003 \(height)" preserveAspectRatio="none" role="img"
      aria-label="Phases of this run on a scale of \(Shown.span(span))">
      \(parts)\(mark)</svg>
      """
  }
}

/// Spans that overlap stand in lanes of their own.
struct Lanes {
  /// The lane of each phase.
  private(set) var of: [Int] = []
  private(set) var count = 0

  init(_ phases: [Phase]) {
    var ends: [Double] = []
    for phase in phases {
      if let free = ends.firstIndex(where: { $0 <= phase.start }) {
        ends[free] = phase.end
        of.append(free)
      } else {
        of.append(ends.count)
        ends.append(phase.end)
      }
    }
    count = ends.count
  }
}
