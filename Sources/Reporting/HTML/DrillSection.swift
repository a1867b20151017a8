import DrillModel
import Objectives

/// All that is said about one drill.
struct DrillSection {
  private let drill: DrillReport
  private let period: Report.Period
  private let number: Int

  init(_ drill: DrillReport, period: Report.Period, number: Int) {
    self.drill = drill
    self.period = period
    self.number = number
  }

  var markup: HTML {
    var text: HTML = """
      <section class="drill" aria-labelledby="drill-\(number)">
      <h2 id="drill-\(number)"><bdi>\(Shown.name(drill.name))</bdi> \(Tone(drill.state).badge(drill.state.words))</h2>
      <p class="lead">\(drill.summary)</p>

      """
    if drill.runCount > 0 { text += "<div class=\"pair\">\n\(objective(drill.rpo))\(objective(drill.rto))</div>\n" }
    return text + causes + misses + (drill.records.isEmpty ? "" : RunTable(drill, number: number).markup) + "</section>\n"
  }

  private func objective(_ evidence: ObjectiveEvidence) -> HTML {
    let rows: [(String, String)] = [
      ("Objective", evidence.objective.map { Shown.span($0) } ?? "none declared"), ("Met", evidence.metText),
      ("Median · 90 % · 95 %", [evidence.median, evidence.p90, evidence.p95].map { Shown.span($0) }.joined(separator: " · ")),
      ("Worst", worst(evidence)), ("Margin", evidence.marginText), ("Can be promised", evidence.supportedText),
    ]
    let list = rows.map { "<div><dt>\($0)</dt><dd>\($1)</dd></div>\n" as HTML }
    let plot = Plot(evidence, of: drill.figures, period: period, id: "\(evidence.kind.rawValue)-\(number)")
    return """
      <article class="objective" aria-labelledby="\(evidence.kind.rawValue)-\(number)">
      <h3 id="\(evidence.kind.rawValue)-\(number)">\(evidence.title) <small>\(evidence.label)</small>
      \(Tone(evidence.conclusion).badge(evidence.verdictWords))</h3>
      \(plot.markup)<dl>
      \(list)</dl>
      <p class="conclusion">\(evidence.conclusionSentence)</p>
      </article>

      """
  }

  private func worst(_ evidence: ObjectiveEvidence) -> String {
    var text = Shown.span(evidence.worst)
    if evidence.unrecovered > 0 { text += "; \(Shown.count(evidence.unrecovered, "run")) did not recover" }
    if evidence.notComparable > 0 { text += "; \(Shown.count(evidence.notComparable, "run")) not comparable" }
    return text
  }

  private var causes: HTML {
    let causes = drill.causes
    guard !causes.isEmpty || drill.unread > 0 else { return "" }
    var items = causes.prefix(20).map { cause in
      """
      <li><strong>\(cause.words)</strong>, \(Shown.count(cause.runs, "run")), newest \(Shown.minute(cause.newestAt)) UTC:
      \(Shown.text(cause.text))</li>

      """ as HTML
    }
    if drill.unread > 0 {
      items.append("<li>\(Shown.count(drill.unread, "older run")) that did not pass are not read here; CSV and JSON list every one.</li>\n")
    }
    return "<h3>What did not pass, and why</h3>\n<ul>\n\(items)</ul>\n"
  }

  private var misses: HTML {
    let lapses = drill.misses.filter(\.isLapse)
    guard !lapses.isEmpty else { return "" }
    let items = lapses.suffix(24).reversed().map {
      "<li>\(Shown.minute($0.due)) UTC <span class=\"muted\">(\($0.kind))</span></li>\n" as HTML
    }
    let rest = lapses.count - items.count
    let more: HTML = rest > 0 ? "<li>and \(Shown.grouped(rest)) before</li>\n" : ""
    return "<h3>Due times without a run</h3>\n<ul class=\"columns\">\n\(Array(items))\(more)</ul>\n"
  }
}
