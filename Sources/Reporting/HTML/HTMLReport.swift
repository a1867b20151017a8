import Digesting
import DrillModel
import Foundation
import Objectives

/// A report as one HTML file that needs nothing else: no script, nothing loaded, its one style sheet allowed by its digest.
package struct HTMLReport {
  private let report: Report

  package init(_ report: Report) { self.report = report }

  /// - Throws: What the sink throws.
  package func write(to sink: inout TextSink) throws {
    try sink.write(head.text + "<body>\n" + masthead.text + "<main>\n" + tiles.text)
    if !report.concerns.isEmpty { try sink.write(concerns.text) }
    if !report.drills.isEmpty { try sink.write(GlanceTable(report).markup.text) }
    for (number, drill) in report.drills.enumerated() {
      try sink.write(DrillSection(drill, period: report.period, number: number + 1).markup.text)
    }
    try sink.write(verification.text + HTMLReport.reading(report.share).text + "</main>\n</body>\n</html>\n")
  }

  private var head: HTML {
    let digest = Data(SHA256.digest(of: Array(StyleSheet.text.utf8))).base64EncodedString()
    let policy = "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'"
    let days = "\(report.period.from.description.prefix(10)) to \(report.period.to.description.prefix(10))"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="\(HTML(trusted: policy))">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="referrer" content="no-referrer">
      <title>Recovery drills, \(days)</title>
      <style>\(HTML(trusted: StyleSheet.text))</style>
      </head>

      """
  }

  private var masthead: HTML {
    let tone = Tone.worst(report.drills.map { Tone($0.state) })
    return """
      <header class="masthead \(tone.markup)">
      <p class="kicker">Recovery drill report</p>
      <h1><span class="sign" aria-hidden="true">\(tone.sign)</span> \(report.headline)</h1>
      <p>\(report.periodText)\(subject)</p>
      <p>\(report.standingSentence) \(report.evidenceSentence)</p>
      </header>

      """
  }

  private var subject: HTML {
    switch report.subject {
    case .everything: ""
    case .drills(let names): " · only \(names.prefix(8).map(Shown.name).joined(separator: ", "))\(names.count > 8 ? ", …" : "")"
    case .runs(let runs): " · only \(Shown.count(runs.count, "named run"))"
    }
  }

  private var tiles: HTML {
    let unproven = [Verdict.couldNotVerify, .cannotDrill, .interrupted, .skipped].reduce(0) { $0 + total($1) }
    let never = report.drills.count { $0.state == .neverTested }
    let lapses = report.drills.reduce(0) { $0 + $1.misses.count { $0.isLapse } }
    let met = report.drills.count { $0.state == .met }
    let values: [(String, Int, Tone)] = [
      ("of \(Shown.count(report.drills.count, "drill")) met their objectives", met, met == report.drills.count ? .good : .plain),
      (report.runCount == 1 ? "run" : "runs", report.runCount, .plain), ("passed", total(.passed), .plain),
      ("failed", total(.failed), total(.failed) > 0 ? .bad : .plain), ("proved nothing", unproven, unproven > 0 ? .doubtful : .plain),
      (lapses == 1 ? "due time without a run" : "due times without a run", lapses, lapses > 0 ? .bad : .plain),
      (never == 1 ? "drill never tested" : "drills never tested", never, never > 0 ? .bad : .plain),
    ]
    let items = values.map { label, value, tone in
      "<li class=\"\(tone.markup)\"><strong>\(Shown.grouped(value))</strong> <span>\(label)</span></li>\n" as HTML
    }
    return "<ul class=\"tiles\" aria-label=\"In numbers\">\n\(items)</ul>\n"
  }

  private func total(_ verdict: Verdict) -> Int { report.drills.reduce(0) { $0 + $1.count(verdict) } }

  private var concerns: HTML {
    let shown = report.concerns.prefix(100).map { "<li>\($0)</li>\n" as HTML }
    let rest = report.concerns.count - shown.count
    let more: HTML = rest > 0 ? "<li>and \(rest) more, below</li>\n" : ""
    return
      "<section aria-labelledby=\"attention\">\n<h2 id=\"attention\">What needs attention</h2>\n<ul>\n\(shown)\(more)</ul>\n</section>\n"
  }

  private var verification: HTML {
    var text: HTML = """
      <section aria-labelledby="source">
      <h2 id="source">Where this comes from</h2>
      <p>Every figure is computed from records that were sealed in a hash chain when the run ended, and nothing else; written again for the
      same period, this page is the same. \(report.proofSentence)</p>

      """
    if let head = report.head {
      text += """
        <p>The chain’s head at the end of the period: number \(Int(head.sequence)), <code>\(head.hash)</code>.
        Whether the ledger still holds it, and everything before it unchanged:</p>
        <pre><code>drillmark audit verify --head \(Int(head.sequence)):\(head.hash)</code></pre>

        """
    }
    return text + "</section>\n"
  }

  private static func reading(_ share: Double) -> HTML {
    """
    <section aria-labelledby="reading">
    <h2 id="reading">How to read it</h2>
    <dl class="reading">
    <dt>Recovery point (RPO, RPA)</dt><dd>How much would have been lost: the objective, and the actual figure a run measured.</dd>
    <dt>Recovery time (RTO, RTA)</dt><dd>How long until the restored system answered, everything from finding the backup on included.</dd>
    <dt>Counted runs</dt><dd>Those that passed or failed. A run that could not be verified or carried out shows nothing either way. Recovery
    times on a target less durable than production are not counted. A restore that broke, or brought back data that is not whole, counts as
    worse than every figure.</dd>
    <dt>Confirmed</dt><dd>With 95 % confidence, at least \(Shown.percent(share)) of recoveries meet the objective (exact binomial test).
    Without a miss that takes \(Shown.grouped(Binomial.successesNeeded(failures: 0, trials: 0, share: share))) runs.</dd>
    <dt>Can be promised</dt><dd>The figure that, with 95 % confidence, \(Shown.percent(share)) of recoveries keep, whatever their
    distribution: one of the worst that were measured.</dd>
    <dt>Percentiles</dt><dd>By nearest rank: each is a figure that was measured.</dd>
    </dl>
    </section>

    """
  }
}

/// How a thing stands, for a colour and, always beside it, a sign.
enum Tone: Int {
  case bad, doubtful, plain, good

  init(_ state: DrillState) {
    self =
      switch state {
      case .failing, .overdue, .neverTested: .bad
      case .unproven, .notDrilled, .recovered: .doubtful
      case .met: .good
      }
  }

  init(_ verdict: Verdict) { self = verdict == .passed ? .good : verdict == .failed ? .bad : .doubtful }

  init(_ conclusion: ObjectiveEvidence.Conclusion) {
    self =
      switch conclusion {
      case .confirmed: .good
      case .contradicted: .bad
      case .open: .doubtful
      case .untested, .noObjective: .plain
      }
  }

  static func worst(_ tones: [Tone]) -> Tone { tones.min { $0.rawValue < $1.rawValue } ?? .plain }

  /// Its class.
  var markup: HTML {
    switch self {
    case .bad: "bad"
    case .doubtful: "doubtful"
    case .plain: "plain"
    case .good: "good"
    }
  }

  var sign: HTML {
    switch self {
    case .bad: "✕"
    case .doubtful: "!"
    case .plain: "·"
    case .good: "✓"
    }
  }

  func badge(_ words: String) -> HTML {
    "<span class=\"badge \(markup)\"><span aria-hidden=\"true\">\(sign)</span> \(words)</span>"
  }
}
