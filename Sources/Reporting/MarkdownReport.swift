import DrillModel
import Objectives

/// A report as Markdown (CommonMark with GitHub's tables), without HTML.
package struct MarkdownReport {
  private let report: Report

  package init(_ report: Report) { self.report = report }

  /// - Throws: What the sink throws.
  package func write(to sink: inout TextSink) throws {
    try sink.write("# Recovery drills\n\n\(MarkdownReport.text(report.periodText))\n\n**\(MarkdownReport.text(report.headline))**\n\n")
    for concern in report.concerns { try sink.write("- \(MarkdownReport.text(concern))\n") }
    if !report.concerns.isEmpty { try sink.write("\n") }
    let standing = "\(report.standingSentence) \(report.evidenceSentence)"
    try sink.write("\(MarkdownReport.text(standing))\n\n\(table)\n")
    for drill in report.drills { try sink.write(section(drill)) }
    try sink.write(verification)
  }

  private var table: String {
    let head = ["Drill", "State", "Passed", "RPO", "Worst RPA", "Confirmed", "RTO", "Worst RTA", "Confirmed"]
    let rows = report.drills.map { drill in
      [
        MarkdownReport.text(Shown.name(drill.name)), drill.state.words, "\(drill.count(.passed)) of \(drill.conclusiveCount)",
        Shown.span(drill.rpo.objective), Shown.span(drill.rpo.worst), drill.rpo.verdictWords, Shown.span(drill.rto.objective),
        Shown.span(drill.rto.worst), drill.rto.verdictWords,
      ]
    }
    return MarkdownReport.table(head, rows, right: [2, 3, 4, 6, 7])
  }

  private func section(_ drill: DrillReport) -> String {
    var text = "\n## \(MarkdownReport.text(Shown.name(drill.name)))\n\n\(MarkdownReport.text(drill.summary))\n"
    if drill.runCount > 0 { text += "\n" + objectives(drill) }
    let causes = drill.causes
    if !causes.isEmpty {
      text += "\n### What did not pass, and why\n\n"
      for cause in causes {
        let newest = "newest \(Shown.minute(cause.newestAt)) UTC, run \(cause.newest)"
        text += "- \(cause.words), \(Shown.count(cause.runs, "run")) (\(newest)): \(MarkdownReport.text(Shown.text(cause.text)))\n"
      }
      if drill.unread > 0 {
        text += "- \(Shown.count(drill.unread, "older run")) that did not pass are not read here; JSON and CSV list them\n"
      }
    }
    if !drill.records.isEmpty { text += "\n### Newest runs\n\n" + runs(drill) }
    let lapses = drill.misses.filter(\.isLapse)
    if !lapses.isEmpty {
      text += "\n### Due times without a run\n\n"
      text += lapses.suffix(50).map { "- \(Shown.minute($0.due)) UTC (\(MarkdownReport.text($0.kind)))\n" }.joined()
      if lapses.count > 50 { text += "- and \(lapses.count - 50) before\n" }
    }
    return text
  }

  private func objectives(_ drill: DrillReport) -> String {
    let head = ["", "Objective", "Met", "Median", "90 %", "95 %", "Worst", "Margin", "Can be promised"]
    let both = [drill.rpo, drill.rto]
    let rows = both.map { item in
      [
        item.label, Shown.span(item.objective), item.metText, Shown.span(item.median), Shown.span(item.p90), Shown.span(item.p95),
        Shown.span(item.worst), item.marginText, item.supportedText,
      ]
    }
    return MarkdownReport.table(head, rows, right: [1, 3, 4, 5, 6])
      + "\n" + both.map { "\($0.label): \(MarkdownReport.text($0.conclusionSentence))" }.joined(separator: "  \n") + "\n"
  }

  private func runs(_ drill: DrillReport) -> String {
    let rows = drill.records.map(\.record).map { record in
      [
        Shown.minute(record.startedAt), record.verdict.rawValue.replacing("_", with: " "), Shown.span(record.rpo.actual),
        Shown.span(record.rto.actual), record.run.text,
      ]
    }
    let rest = drill.runCount - drill.records.count
    return MarkdownReport.table(["Started (UTC)", "Verdict", "RPA", "RTA", "Run"], rows, right: [2, 3])
      + (rest > 0 ? "\n\(Shown.count(rest, "older run")) left out here; JSON and CSV have every one.\n" : "") + later(drill)
  }

  private func later(_ drill: DrillReport) -> String {
    let lines = drill.records.flatMap { item in
      item.amendments.map { amendment in
        let text = MarkdownReport.text(Shown.text(amendment.text))
        return "- \(Shown.minute(amendment.at)) UTC, run \(item.record.run.text), entry \(amendment.sequence): \(text)\n"
      }
    }
    return lines.isEmpty ? "" : "\nSealed afterwards:\n\n" + lines.joined()
  }

  private var verification: String {
    var text = "\n## Where this comes from\n\n\(report.proofSentence)\n"
    if let head = report.head {
      text += "The ledger's head at the end of the period: number \(head.sequence), `\(head.hash)`. Whether the ledger still holds it:\n\n"
      text += "    drillmark audit verify --head \(head.sequence):\(head.hash)\n"
    }
    return text
  }

  private static func table(_ head: [String], _ rows: [[String]], right: Set<Int>) -> String {
    let line = head.indices.map { right.contains($0) ? "---:" : "---" }.joined(separator: "|")
    let all = ["| " + head.joined(separator: " | ") + " |", "|\(line)|"] + rows.map { "| " + $0.joined(separator: " | ") + " |" }
    return all.joined(separator: "\n") + "\n"
  }

  /// Text in which every character that means something in Markdown, HTML or a table is escaped (CommonMark 0.31, section 2.4), and
  /// nothing is taken for an address.
  static func text(_ text: String) -> String {
    var result = ""
    // At its beginning a dash, or a dot behind digits, would make a list.
    var isBeginning = true
    for scalar in Shown.text(text, limit: 2000).unicodeScalars {
      let isDigit = scalar.value >= 48 && scalar.value <= 57
      if (result.isEmpty && scalar == "-") || (isBeginning && scalar == ".") { result += "\\" }
      isBeginning = isBeginning && isDigit
      if "\\`*_{}[]<>()#+!|~&$^=@".unicodeScalars.contains(scalar) { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
    return result.replacing("://", with: "\\://").replacing("www.", with: "www\\.")
  }
}
