import DrillModel
import Objectives

/// A line for each drill; on a narrow screen each line becomes a card.
struct GlanceTable {
  private let report: Report

  init(_ report: Report) { self.report = report }

  var markup: HTML {
    let rows = report.drills.enumerated().map { row($0.element, number: $0.offset + 1) }
    return """
      <section aria-labelledby="glance">
      <h2 id="glance">Every drill at a glance</h2>
      <table class="stack glance">
      <thead><tr><th scope="col">Drill</th><th scope="col">State</th><th scope="col" class="number">Passed</th>
      <th scope="col" class="number">RPO</th><th scope="col" class="number">Worst RPA</th><th scope="col">RPO evidence</th>
      <th scope="col" class="number">RTO</th><th scope="col" class="number">Worst RTA</th><th scope="col">RTO evidence</th></tr></thead>
      <tbody>
      \(rows)</tbody>
      </table>
      </section>

      """
  }

  private func row(_ drill: DrillReport, number: Int) -> HTML {
    let passed = drill.runCount == 0 ? "–" : "\(Shown.grouped(drill.count(.passed))) of \(Shown.grouped(drill.conclusiveCount))"
    return """
      <tr><th scope="row"><a href="#drill-\(number)"><bdi>\(Shown.name(drill.name))</bdi></a></th>
      <td data-label="State">\(Tone(drill.state).badge(drill.state.words))</td>
      <td data-label="Passed" class="number">\(passed)</td>
      \(cells(drill.rpo))\(cells(drill.rto))</tr>

      """
  }

  private func cells(_ evidence: ObjectiveEvidence) -> HTML {
    let isOver = evidence.met < evidence.runs
    let lost: HTML = evidence.unrecovered > 0 ? "<br>\(Shown.grouped(evidence.unrecovered)) not recovered" : ""
    let words = evidence.runs == 0 && evidence.notComparable == 0 ? "–" : evidence.verdictWords
    return """
      <td data-label="\(evidence.label)" class="number">\(Shown.span(evidence.objective))</td>
      <td data-label="Worst \(evidence.actualLabel)" class="number\(isOver ? " over" as HTML : "")">\(Shown.span(evidence.worst))\(lost)</td>
      <td data-label="\(evidence.label) evidence">\(words)</td>

      """
  }
}
