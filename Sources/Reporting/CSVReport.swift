import DrillModel

/// A report as CSV (RFC 4180): a row for each run, each due time without one, each drill that was never tested, and the ledger's head.
package struct CSVReport {
  private let report: Report

  package init(_ report: Report) { self.report = report }

  private static let columns = [
    "kind", "drill", "run", "verdict", "started_at", "finished_at", "trigger", "failure_instant", "recovery_point", "taken_at",
    "rpo_objective_s", "rpa_s", "rpo_verdict", "rto_objective_s", "rta_s", "rto_verdict", "rta_comparable", "reason_code", "reason",
    "cleanup", "engine", "host", "due", "sequence", "hash", "amended_at",
  ]

  /// - Throws: What `lines` and the sink throw.
  package func write(to sink: inout TextSink, lines: LineSource) throws {
    try sink.write(CSVReport.columns.joined(separator: ",") + "\r\n")
    for drill in report.drills {
      var rows = ""
      let name = CSVReport.text(drill.name)
      try lines(drill.name) { line in
        rows += CSVReport.row(line, of: name)
        if rows.utf8.count > 1 << 16 {
          try sink.write(rows)
          rows = ""
        }
      }
      for miss in drill.misses {
        rows += CSVReport.row([
          "kind": "miss", "drill": name, "verdict": CSVReport.text(miss.kind), "due": miss.due.description,
          "started_at": miss.notedAt.description,
        ])
      }
      if drill.state == .neverTested { rows += CSVReport.row(["kind": "never_tested", "drill": name]) }
      try sink.write(rows)
    }
    try sink.write(
      CSVReport.row([
        "kind": "head", "started_at": report.period.from.description, "finished_at": report.period.to.description,
        "sequence": (report.head?.sequence).map { String($0) } ?? "", "hash": report.head?.hash ?? "",
      ]))
  }

  /// A run, in the order of `columns`.
  private static func row(_ line: RunLine, of drill: String) -> String {
    let figures = line.figures
    let cells = [
      "run", drill, line.run.text, figures.verdict.rawValue, figures.startedAt.description, figures.finishedAt.description,
      line.trigger.rawValue, line.failureInstant.description, text(line.point ?? ""), line.pointTakenAt?.description ?? "",
      number(figures.rpoObjective), number(figures.rpoActual), figures.rpoVerdict.rawValue, number(figures.rtoObjective),
      number(figures.rtoActual), figures.rtoVerdict.rawValue, figures.isComparable ? "true" : "false", text(line.reasonCode ?? ""),
      text(line.reasonText ?? ""), line.cleanup.rawValue, text(line.engine ?? ""), text(line.host), "", String(figures.sequence), "",
      line.amendments.last?.at.description ?? "",
    ]
    return cells.joined(separator: ",") + "\r\n"
  }

  private static func row(_ values: [String: String]) -> String {
    columns.map { values[$0] ?? "" }.joined(separator: ",") + "\r\n"
  }

  private static func number(_ seconds: Double?) -> String { seconds.map(DecimalText.seconds) ?? "" }

  /// Text from outside as a cell that no spreadsheet takes for a formula.
  ///
  /// Source: OWASP, "CSV Injection": a cell must not begin with `=`, `+`, `-`, `@`, a tab or a carriage return; full-width forms and
  /// leading spaces count as well.
  static func text(_ raw: String) -> String {
    let shown = Shown.text(raw, limit: 2000)
    let first = shown.unicodeScalars.first { $0 != " " }
    let isFormula = first.map { "=+-@＝＋－＠|%".unicodeScalars.contains($0) } ?? false
    let safe = isFormula ? "'" + shown : shown
    guard safe.utf8.contains(where: { ",\"; ".utf8.contains($0) }) || isFormula else { return safe }
    return "\"" + safe.replacing("\"", with: "\"\"") + "\""
  }
}
