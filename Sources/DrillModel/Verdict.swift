/// What a run found out, worst first. The worst wins in every aggregate.
package enum Verdict: String, Sendable, Codable, CaseIterable, Comparable {
  /// Speaks about the backup or the objectives: it did not restore, is wrong, or an objective was missed.
  case failed
  /// The restore worked, but a check could not be carried out, or no data check ran.
  case couldNotVerify = "could_not_verify"
  /// Our side: a source that does not answer, a missing tool, no space, no permission.
  case cannotDrill = "cannot_drill"
  /// Stopped before its end.
  case interrupted
  case skipped
  case passed

  private var rank: Int {
    switch self {
    case .failed: 0
    case .couldNotVerify: 1
    case .cannotDrill: 2
    case .interrupted: 3
    case .skipped: 4
    case .passed: 5
    }
  }

  /// Worse sorts first, so `min` of several verdicts is their aggregate.
  package static func < (left: Verdict, right: Verdict) -> Bool { left.rank < right.rank }
}

/// Where a drill stands now: computed from what is declared and what the ledger holds, never stored.
package enum Standing: Sendable, Hashable {
  case verdict(Verdict)
  case overdue
  case neverTested

  /// The spelling used in output and JSON: a verdict's name, `overdue` or `never_tested`.
  package var text: String {
    switch self {
    case .verdict(let verdict): verdict.rawValue
    case .overdue: "overdue"
    case .neverTested: "never_tested"
    }
  }
}

/// What one integrity check found.
package enum CheckVerdict: String, Sendable, Codable, CaseIterable {
  case passed
  case failed
  case couldNotVerify = "could_not_verify"
  /// Not carried out on purpose: ignored until a date, or the run ended before its turn.
  case skipped
}

/// Whether a failed check decides the verdict (`fail`) or is only told (`warn`).
package enum Severity: String, Sendable, Codable, CaseIterable {
  case fail
  case warn
}

/// How a recovery point objective came out.
package enum RPOVerdict: String, Sendable, Codable, CaseIterable {
  case met, missed, unknown
  case noObjective = "no_objective"
}

/// How a recovery time objective came out.
package enum RTOVerdict: String, Sendable, Codable, CaseIterable {
  case met, missed
  /// The scratch target was not as durable as production would be.
  case notComparable = "not_comparable"
  case noObjective = "no_objective"
}
