package import DrillModel

/// One way in which a drill's runs did not pass.
package struct Cause: Sendable, Hashable {
  package var code: String
  package var severity: Reason.Level
  /// Runs that name it.
  package var runs: Int
  /// What the newest of them says.
  package var text: String
  package var newest: RunID
  package var newestAt: Timestamp

  /// The code in words.
  package var words: String {
    switch code {
    case "rpo_missed": "Recovery point objective missed"
    case "rto_missed": "Recovery time objective missed"
    case "rpo_unknown": "Recovery point unknown"
    case "check_failed": "A check found something wrong"
    case "check_not_carried_out": "A check could not be carried out"
    case "cleanup_leaked": "The scratch target could not be removed"
    case "rejected_newer": "A newer backup is unusable"
    default: Shown.text(code.prefix(1).uppercased() + code.dropFirst().replacing("_", with: " "), limit: 60)
    }
  }
}

extension DrillReport {
  /// Why runs did not pass, the worst kind and the most frequent first, from the runs that were looked at.
  package var causes: [Cause] {
    var found: [String: Cause] = [:]
    for item in unpassed {
      var seen: Set<String> = []
      for reason in item.reasons where reason.severity != .note && reason.severity != .warn && seen.insert(reason.code).inserted {
        if found[reason.code] == nil {
          found[reason.code] = Cause(
            code: reason.code, severity: reason.severity, runs: 0, text: reason.text, newest: item.run,
            newestAt: item.startedAt)
        }
        found[reason.code]?.runs += 1
      }
    }
    return found.values.sorted { ($0.severity, -$0.runs, $0.code) < ($1.severity, -$1.runs, $1.code) }
  }

  /// Runs that did not pass and were too many to look at.
  package var unread: Int { runCount - count(.passed) - unpassed.count }
}
