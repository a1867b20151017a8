import DrillModel
import Objectives

/// A report as one JSON document: the figures of every drill, and every run of the period.
package struct JSONReport {
  private let report: Report

  package init(_ report: Report) { self.report = report }

  /// - Throws: What `lines` and the sink throw.
  package func write(to sink: inout TextSink, lines: LineSource) throws {
    var json = JSONWriter()
    try json.object { json in
      head(&json)
      try json.array("drills") { json in
        for drill in report.drills {
          try json.object(lineBreak: true) { json in
            add(drill, &json)
            try sink.write(json.take())
            try json.array("runs") { json in
              try lines(drill.name) { line in
                json.object(lineBreak: true) { add(line, &$0) }
                if json.text.utf8.count > 1 << 16 { try sink.write(json.take()) }
              }
            }
          }
        }
      }
    }
    try sink.write(json.take() + "\n")
  }

  private func head(_ json: inout JSONWriter) {
    json.object("period") { json in
      json.add("from", report.period.from.description)
      json.add("to", report.period.to.description)
    }
    if let head = report.head {
      json.object("chain") { json in
        json.add("sequence", Int(head.sequence))
        json.add("hash", head.hash)
      }
    } else {
      json.add("chain", nil as String?)
    }
    json.add("recomputed_entries", report.proof.recomputed)
    json.add("recomputed_all", report.proof.isWhole)
    json.add("share", share: report.share)
    json.add("confidence", share: Binomial.confidence)
    json.add("headline", report.headline)
    json.array("concerns") { json in for concern in report.concerns { json.add(nil, concern) } }
    json.object("drill_states") { json in
      for state in DrillState.allCases { json.add(state.rawValue, report.drills.count { $0.state == state }) }
    }
  }

  private func add(_ drill: DrillReport, _ json: inout JSONWriter) {
    json.add("drill", drill.name)
    json.add("state", drill.state.rawValue)
    json.add("last_run_at", drill.last?.startedAt.description)
    json.add("last_verdict", drill.last?.verdict.rawValue)
    json.object("verdicts") { json in for verdict in Verdict.allCases { json.add(verdict.rawValue, drill.count(verdict)) } }
    json.object("rpo") { EvidenceJSON.add(drill.rpo, to: &$0) }
    json.object("rto") { EvidenceJSON.add(drill.rto, to: &$0) }
    json.array("causes") { json in
      for cause in drill.causes {
        json.object { json in
          json.add("code", cause.code)
          json.add("severity", cause.severity.rawValue)
          json.add("runs", cause.runs)
          json.add("text", cause.text)
          json.add("newest_run", cause.newest.text)
          json.add("newest_at", cause.newestAt.description)
        }
      }
    }
    json.add("causes_unread_runs", drill.unread)
    json.array("misses") { json in
      for miss in drill.misses {
        json.object { json in
          json.add("due", miss.due.description)
          json.add("kind", miss.kind)
          json.add("noted_at", miss.notedAt.description)
        }
      }
    }
  }

  private func add(_ line: RunLine, _ json: inout JSONWriter) {
    let figures = line.figures
    json.add("run", line.run.text)
    json.add("verdict", figures.verdict.rawValue)
    json.add("trigger", line.trigger.rawValue)
    json.add("started_at", figures.startedAt.description)
    json.add("finished_at", figures.finishedAt.description)
    json.add("failure_instant", line.failureInstant.description)
    json.add("recovery_point", line.point)
    json.add("taken_at", line.pointTakenAt?.description)
    json.add("rpo_objective_s", seconds: figures.rpoObjective)
    json.add("rpa_s", seconds: figures.rpoActual)
    json.add("rpo_verdict", figures.rpoVerdict.rawValue)
    json.add("rto_objective_s", seconds: figures.rtoObjective)
    json.add("rta_s", seconds: figures.rtoActual)
    json.add("rto_verdict", figures.rtoVerdict.rawValue)
    json.add("rta_comparable", figures.isComparable)
    json.add("reason_code", line.reasonCode)
    json.add("reason", line.reasonText)
    json.add("cleanup", line.cleanup.rawValue)
    json.array("amendments") { json in
      for amendment in line.amendments {
        json.object { json in
          json.add("sequence", Int(amendment.sequence))
          json.add("amended_at", amendment.at.description)
          json.add("text", amendment.text)
        }
      }
    }
    json.add("engine", line.engine)
    json.add("host", line.host)
    json.add("sequence", Int(figures.sequence))
  }
}

/// The figures of an objective, as `report` and `sla` write them.
enum EvidenceJSON {
  static func add(_ evidence: ObjectiveEvidence, to json: inout JSONWriter) {
    json.add("objective_s", seconds: evidence.objective)
    json.add("conclusion", name(evidence.conclusion))
    json.add("runs", evidence.runs)
    json.add("met", evidence.objective == nil ? nil : evidence.met)
    json.add("unrecovered", evidence.unrecovered)
    json.add("not_comparable", evidence.notComparable)
    json.add("median_s", seconds: evidence.median)
    json.add("p90_s", seconds: evidence.p90)
    json.add("p95_s", seconds: evidence.p95)
    json.add("worst_s", seconds: evidence.worst)
    json.add("margin_s", seconds: evidence.margin)
    json.add("supported_s", seconds: evidence.supported)
    json.add("met_share_low", share: evidence.objective == nil ? nil : evidence.interval?.lowerBound)
    json.add("met_share_high", share: evidence.objective == nil ? nil : evidence.interval?.upperBound)
    if case .open(let more) = evidence.conclusion { json.add("more_needed", more) } else { json.add("more_needed", nil as Int?) }
  }

  static func name(_ conclusion: ObjectiveEvidence.Conclusion) -> String {
    switch conclusion {
    case .confirmed: "confirmed"
    case .open: "open"
    case .contradicted: "contradicted"
    case .untested: "untested"
    case .noObjective: "no_objective"
    }
  }
}
