import DrillModel

/// A sealed record for people.
struct RecordText {
  let record: RunRecord
  let terminal: Terminal

  init(_ record: RunRecord, terminal: Terminal) {
    self.record = record
    self.terminal = terminal
  }

  /// Two lines a run, and one for each reason that matters.
  var summary: [String] {
    let name = Terminal.inert(record.drill)
    let head = "\(terminal.coloured(verdictText, RecordText.colour(record.verdict)))  \(name)  \(rpoText) · \(rtoText) · \(checksText)"
    return [head] + record.reasons.filter { $0.severity != .note }.map { "    \(reasonText($0))" }
  }

  /// Everything in the record, in reading order.
  var full: [String] {
    var lines = [
      "\(terminal.coloured(verdictText, RecordText.colour(record.verdict)))  \(Terminal.inert(record.drill))  run \(record.run)",
      "  started    \(record.startedAt.readable), took \(span(record.finishedAt - record.startedAt)), on \(Terminal.inert(record.environment.host))",
      "  engine     \(Terminal.inert(record.environment.engine ?? "none reached")), \(record.environment.durability.rawValue) durability"
        + (record.environment.isolation.map { ", boxed: \(Terminal.inert($0))" } ?? ""),
    ]
    lines += pointLines
    lines.append("  RPA        \(rpoText)\(rpoParts)")
    lines.append("  RTA        \(rtoText), until \(record.rto.until.rawValue)")
    lines += record.rto.phases.map {
      "    \(pad($0.name.rawValue, 10)) \(seconds($0.end - $0.start)) (from \(seconds($0.start)) to \(seconds($0.end)))"
    }
    if !record.checks.isEmpty { lines.append("  checks") }
    lines += record.checks.flatMap(checkLines)
    lines.append("  cleanup    \(record.cleanup.verdict.rawValue)")
    lines += record.cleanup.resources.map { "    \($0.state.rawValue): \($0.kind) \(Terminal.inert($0.name))" }
    if !record.reasons.isEmpty { lines.append("  reasons") }
    return lines + record.reasons.map { "    \(reasonText($0))" }
  }

  static func colour(_ verdict: Verdict) -> Terminal.Colour {
    switch verdict {
    case .passed: .green
    case .failed: .red
    default: .yellow
    }
  }

  private var verdictText: String { pad(record.verdict.rawValue.replacing("_", with: " "), 6) }

  private var rpoText: String {
    let actual = record.rpo.actual.map { "RPA \(seconds($0))" } ?? "RPA unknown"
    return actual + objective(record.rpo.objective, record.rpo.verdict.rawValue)
  }

  private var rtoText: String {
    let actual = record.rto.actual.map { "RTA \(seconds($0))" } ?? "RTA none"
    return actual + objective(record.rto.objective, record.rto.verdict.rawValue)
  }

  private func objective(_ value: Double?, _ verdict: String) -> String {
    value.map { " (objective \(seconds($0)): \(verdict.replacing("_", with: " ")))" } ?? " (no objective)"
  }

  private var rpoParts: String {
    let parts = [("age", record.rpo.artefactAge), ("worst gap", record.rpo.worstGap), ("data", record.rpo.dataAge)]
    let known = parts.compactMap { name, value in value.map { "\(name) \(seconds($0))" } }
    return known.isEmpty ? "" : "; \(known.joined(separator: ", "))"
  }

  private var checksText: String {
    let passed = record.checks.count { $0.verdict == .passed }
    return record.checks.isEmpty ? "no checks" : "\(passed) of \(record.checks.count) checks passed"
  }

  private var pointLines: [String] {
    guard let point = record.recoveryPoint else { return ["  restored   nothing"] }
    let taken = point.takenAt.map { "taken \($0.readable) by its \(point.timeOrigin?.title ?? "name")" } ?? "taken at an unknown time"
    let size = point.bytes.map { ", \(ByteCount.text($0))" } ?? ""
    var lines = ["  restored   \(Terminal.inert(point.id)), \(taken)\(size); 1 of \(point.considered) considered"]
    lines += point.artefacts.compactMap(\.sha256).map { "    sha256 \($0)" }
    lines += point.rejected.prefix(10).map { "    rejected \(Terminal.inert($0.location)): \(Terminal.inert($0.reason))" }
    if point.rejected.count > 10 { lines.append("    and \(point.rejected.count - 10) more rejected") }
    return lines
  }

  private func checkLines(_ check: CheckRecord) -> [String] {
    let severity = check.severity == .warn ? " (warn)" : ""
    var line = "    \(pad(check.verdict.rawValue.replacing("_", with: " "), 6)) \(Terminal.inert(check.name))\(severity)"
    if let found = check.found { line += ": found \(Terminal.inert(found))" }
    if let expected = check.expected { line += ", expected \(Terminal.inert(expected))" }
    return [line]
  }

  private func reasonText(_ reason: Reason) -> String {
    "\(reason.severity.rawValue.replacing("_", with: " ")): \(Terminal.inert(reason.text))"
  }
  private func seconds(_ value: Double) -> String { Duration.milliseconds(Int64((value * 1000).rounded())).readable }
  private func span(_ value: Duration) -> String { value.readable }
  private func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
}
