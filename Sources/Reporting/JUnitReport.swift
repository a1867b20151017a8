import DrillModel

/// A report in JUnit's XML, for CI servers: a suite for each drill, a case for each run, and one for what was never tested.
///
/// Source: the schema that Jenkins and GitLab read (`testsuites`, `testsuite`, `properties`, `testcase`, `failure`, `error`, `skipped`).
package struct JUnitReport {
  private let report: Report

  package init(_ report: Report) { self.report = report }

  /// - Throws: What `lines` and the sink throw.
  package func write(to sink: inout TextSink, lines: LineSource) throws {
    let totals = report.drills.map(Totals.init)
    let sum = totals.reduce(into: Totals()) { $0.add($1) }
    try sink.write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"drillmark\" \(sum.attributes)>\n")
    for (drill, totals) in zip(report.drills, totals) {
      let stamp = report.period.from.description.prefix(19)
      try sink.write("  <testsuite name=\"\(XMLText.attribute(drill.name))\" timestamp=\"\(stamp)\" \(totals.attributes)>\n\(properties)")
      try lines(drill.name) { try sink.write(testCase($0, of: drill.name)) }
      for miss in drill.misses where miss.isLapse { try sink.write(testCase(miss, of: drill.name)) }
      if drill.state == .neverTested { try sink.write(neverTested(drill.name)) }
      try sink.write("  </testsuite>\n")
    }
    try sink.write("</testsuites>\n")
  }

  private var properties: String {
    let values = [
      ("from", report.period.from.description), ("to", report.period.to.description),
      ("chain.sequence", (report.head?.sequence).map { String($0) } ?? ""), ("chain.hash", report.head?.hash ?? ""),
    ]
    let lines = values.map { "      <property name=\"\($0)\" value=\"\(XMLText.attribute($1))\"/>\n" }.joined()
    return "    <properties>\n\(lines)    </properties>\n"
  }

  private func testCase(_ line: RunLine, of drill: String) -> String {
    let figures = line.figures
    let time = DecimalText.seconds((figures.finishedAt - figures.startedAt).inSeconds)
    let name = "\(figures.startedAt) \(line.run)"
    let open = "    <testcase classname=\"\(XMLText.attribute(drill))\" name=\"\(name)\" time=\"\(time)\""
    if figures.verdict == .passed { return open + "/>\n" }
    let element = JUnitReport.element(figures.verdict)
    let message = XMLText.attribute(line.reasonText ?? figures.verdict.rawValue)
    let kind = XMLText.attribute(line.reasonCode ?? figures.verdict.rawValue)
    let type = element == "skipped" ? "" : " type=\"\(kind)\""
    return open + ">\n      <\(element) message=\"\(message)\"\(type)/>\n    </testcase>\n"
  }

  private func testCase(_ miss: ReportedMiss, of drill: String) -> String {
    "    <testcase classname=\"\(XMLText.attribute(drill))\" name=\"due \(miss.due)\" time=\"0\">\n"
      + "      <error message=\"the due time passed without a run\" type=\"miss.\(XMLText.attribute(miss.kind))\"/>\n    </testcase>\n"
  }

  private func neverTested(_ drill: String) -> String {
    "    <testcase classname=\"\(XMLText.attribute(drill))\" name=\"was tested\" time=\"0\">\n"
      + "      <failure message=\"the drill was never tested\" type=\"never_tested\"/>\n    </testcase>\n"
  }

  private static func element(_ verdict: Verdict) -> String {
    switch verdict {
    case .failed: "failure"
    case .skipped: "skipped"
    default: "error"
    }
  }

  private struct Totals {
    var tests = 0
    var failures = 0
    var errors = 0
    var skipped = 0

    init() {}

    init(_ drill: DrillReport) {
      let lapses = drill.misses.count { $0.isLapse }
      let untested = drill.state == .neverTested ? 1 : 0
      tests = drill.runCount + lapses + untested
      failures = drill.count(.failed) + untested
      errors = drill.count(.couldNotVerify) + drill.count(.cannotDrill) + drill.count(.interrupted) + lapses
      skipped = drill.count(.skipped)
    }

    mutating func add(_ other: Totals) {
      tests += other.tests
      failures += other.failures
      errors += other.errors
      skipped += other.skipped
    }

    var attributes: String { "tests=\"\(tests)\" failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"\(skipped)\"" }
  }
}

/// Text for XML and HTML.
enum XMLText {
  /// Inert, and with every character that means something in markup escaped, so that it can stand in text and in a quoted attribute.
  static func attribute(_ raw: String) -> String { escape(Shown.text(raw, limit: 2000)) }

  private static func isMarkup(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): true
    default: false
    }
  }

  static func escape(_ text: String) -> String {
    guard text.utf8.contains(where: isMarkup) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "`": result += "&#96;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
