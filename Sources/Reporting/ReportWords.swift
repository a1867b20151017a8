import DrillModel
package import Objectives

// The sentences of a report, for every format that people read. Names in them are made inert; each format still escapes them.

extension Report {
  package var headline: String {
    if drills.isEmpty { return "Nothing was drilled, and no drill is declared." }
    guard runCount > 0 else { return "Nothing was drilled in this period." }
    let met = drills.count { $0.state == .met }
    let isMet = met == drills.count
    if drills.count == 1 {
      return isMet ? "The drill met its objectives in every run." : "The drill did not meet its objectives in every run."
    }
    if isMet { return "All \(met) drills met their objectives in every run." }
    return "\(met == 0 ? "None" : String(met)) of \(drills.count) drills met their objectives in every run."
  }

  /// How many drills stood where at the period's end, a sentence; empty without drills.
  package var standingSentence: String {
    let parts = DrillState.allCases.compactMap { state -> String? in
      let count = drills.count { $0.state == state }
      return count == 0 ? nil : "\(count) \(state.words)"
    }
    return parts.isEmpty ? "" : "Drills at the end of the period: \(parts.joined(separator: ", "))."
  }

  /// What needs attention, the worst first; empty when nothing does.
  package var concerns: [String] { drills.compactMap(\.concern) }

  package var evidenceSentence: String {
    let judged = drills.filter { $0.rpo.objective != nil || $0.rto.objective != nil }
    guard !judged.isEmpty else { return "No objective was declared, so none can be confirmed." }
    let confirmed = judged.count { drill in
      [drill.rpo, drill.rto].allSatisfy { $0.conclusion == .confirmed || $0.conclusion == .noObjective }
    }
    let what = judged.count == 1 ? "the objectives of the drill" : "the objectives of all \(judged.count) drills"
    let part = "\(confirmed == 0 ? "none" : String(confirmed)) of \(judged.count) drills’ objectives"
    let level = "for \(Shown.percent(share)) of recoveries, with 95 % confidence"
    if confirmed == judged.count { return "The runs confirm \(what) \(level)." }
    if judged.count == 1 { return "The runs do not yet confirm \(what) \(level)." }
    return "The runs confirm \(part) \(level); \(confirmed == 0 ? "they" : "the others") need more runs, or missed too often."
  }

  package var periodText: String { "\(period.from.readable) to \(period.to.readable)" }

  /// Which entries stand behind the figures, a sentence.
  package var proofSentence: String {
    guard head != nil else { return "Nothing had been sealed by the end of this period." }
    let entries = Shown.count(proof.recomputed, "sealed entry", "sealed entries")
    return proof.isWhole
      ? "Before this report was written, the hash chain was recomputed over its \(entries)."
      : "Before this report was written, the hashes of the \(entries) that it shows one by one were recomputed; the rest was counted."
  }
}

extension DrillState {
  /// In a word or two.
  package var words: String {
    switch self {
    case .failing: "failing"
    case .overdue: "overdue"
    case .neverTested: "never tested"
    case .unproven: "unproven"
    case .notDrilled: "not drilled"
    case .recovered: "recovered"
    case .met: "met"
    }
  }
}

extension DrillReport {
  /// What is wrong with it, a sentence; nil when nothing is.
  var concern: String? {
    let name = Shown.name(name)
    let failed = "\(Shown.grouped(count(.failed))) of \(Shown.count(conclusiveCount, "run"))"
    let lapses = Shown.count(misses.count { $0.isLapse }, "due time")
    switch state {
    case .met: return nil
    case .failing:
      let why = unpassed.first { $0.verdict == .failed }?.reasons.first.map { ": \(Shown.text($0.text, limit: 240))" } ?? "."
      return "\(name) is failing: its last run, \(lastText), failed\(why)"
    case .overdue: return "\(name) is overdue: \(lapses) passed without a run. Its last run, \(lastText), \(lastVerdict)."
    case .neverTested: return "\(name) was never tested" + (misses.isEmpty ? "." : ", and \(lapses) passed without a run.")
    case .unproven: return "\(name) is unproven: its last run, \(lastText), \(lastVerdict)."
    case .notDrilled: return "\(name) had no run in this period. Its last one, \(lastText), \(lastVerdict)."
    case .recovered: return "\(name) failed \(failed) and passed in its last one, \(lastText)."
    }
  }

  /// How its runs came out, a sentence.
  package var summary: String {
    guard runCount > 0 else { return concern ?? "No run in this period." }
    var parts = ["\(Shown.grouped(count(.passed))) of \(Shown.count(conclusiveCount, "counted run")) passed"]
    for verdict in [Verdict.couldNotVerify, .cannotDrill, .interrupted, .skipped] where count(verdict) > 0 {
      parts.append("\(Shown.count(count(verdict), "run")) \(DrillReport.words(verdict)) and prove\(count(verdict) == 1 ? "s" : "") nothing")
    }
    let lapses = misses.count { $0.isLapse }
    if lapses > 0 { parts.append("\(Shown.count(lapses, "due time")) passed without a run") }
    return parts.joined(separator: "; ") + "."
  }

  private var lastText: String { last.map { "\(Shown.minute($0.startedAt)) UTC" } ?? "never" }
  private var lastVerdict: String { last.map { DrillReport.words($0.verdict) } ?? "is not there" }

  static func words(_ verdict: Verdict) -> String {
    switch verdict {
    case .passed: "passed"
    case .failed: "failed"
    case .couldNotVerify: "could not be verified"
    case .cannotDrill: "could not be drilled"
    case .interrupted: "was interrupted"
    case .skipped: "was skipped"
    }
  }
}

extension ObjectiveEvidence.Conclusion {
  /// In a word or three.
  package var words: String {
    switch self {
    case .confirmed: "confirmed"
    case .open(let more): "not yet (\(Shown.grouped(more)) more)"
    case .contradicted: "contradicted"
    case .untested: "no run counts"
    case .noObjective: "no objective"
    }
  }
}

extension ObjectiveEvidence {
  /// `RPO` or `RTO`.
  package var label: String { kind == .rpo ? "RPO" : "RTO" }
  /// `RPA` or `RTA`.
  package var actualLabel: String { kind == .rpo ? "RPA" : "RTA" }
  package var title: String { kind == .rpo ? "Recovery point" : "Recovery time" }

  /// In a word or three, for a table.
  package var verdictWords: String { conclusion.words }

  /// What may be concluded, a sentence.
  package var conclusionSentence: String {
    let share = Shown.percent(share)
    let missed = "\(Shown.grouped(runs - met)) of \(Shown.count(runs, "run")) missed it"
    switch conclusion {
    case .confirmed:
      return
        "\(Shown.count(runs, "run")) \(runs == 1 ? "confirms" : "confirm"), with 95 % confidence, that at least \(share) of recoveries meet it."
    case .open(let more) where met == runs:
      return "\(Shown.count(runs, "run")): too few to confirm \(share); \(Shown.grouped(more)) more that meet it would."
    case .open(let more): return "\(missed); \(Shown.grouped(more)) more without a miss would confirm \(share)."
    case .contradicted: return "\(missed): less than \(share) of recoveries meet it. The restore or the objective must change."
    case .untested: return "No run counts for it, so nothing is shown."
    case .noObjective: return "No objective was declared."
    }
  }

  /// How often it was met, with the interval of the rate behind it.
  package var metText: String {
    guard objective != nil, runs > 0, let interval else { return "–" }
    return
      "\(Shown.grouped(met)) of \(Shown.grouped(runs)) (likely \(Shown.percent(interval.lowerBound)) to \(Shown.percent(interval.upperBound)))"
  }

  /// How far the worst figure is from the objective.
  package var marginText: String {
    if objective != nil, unrecovered > 0 { return "none: \(Shown.count(unrecovered, "run")) did not recover" }
    guard let objective, let margin else { return "–" }
    if margin == 0 { return "exactly the objective" }
    let part = objective > 0 ? " (\(Shown.percent(abs(margin) / objective)))" : ""
    return margin > 0 ? "\(Shown.span(margin)) to spare\(part)" : "\(Shown.span(-margin)) over\(part)"
  }

  /// The figure that can be promised.
  package var supportedText: String {
    if let supported { return Shown.span(supported) }
    if runs == 0 { return "none: no run counts" }
    return unrecovered > 0 ? "none: \(Shown.count(unrecovered, "run")) did not recover" : "none yet: too few runs"
  }
}
