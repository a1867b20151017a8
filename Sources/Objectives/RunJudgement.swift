package import DrillModel

/// Everything that decides a run's verdict.
package struct RunJudgement: Sendable {
  /// The moment of judging, for checks that are ignored until a date.
  package var now: Timestamp
  /// Whether the content was restored and the restored system answered.
  package var restored: Bool
  /// What ended or hurt the run.
  package var faults: [Fault]
  package var checks: [JudgedCheck]
  package var rejectedNewer: [RejectedNewer]
  /// Of `recoveryPointActual`, `recoveryTimeActual` and the refinement of the time.
  package var reasons: [Reason]
  package var cleanup: CleanupRecord
  /// What stopped the run before its end; nil when nothing did.
  package var interruption: String?
  /// Why the run was skipped on purpose; nil when it was not.
  package var skipped: String?

  /// A check's result with what excuses it.
  package struct JudgedCheck: Sendable {
    package var record: CheckRecord
    package var ignore: CheckRules.Ignore?

    package init(_ record: CheckRecord, ignore: CheckRules.Ignore? = nil) {
      self.record = record
      self.ignore = ignore
    }
  }

  /// An artefact that looked like a newer backup than the chosen one and was none.
  package struct RejectedNewer: Sendable {
    package var location: String
    package var reason: String
    /// Younger than `settle`, or still being taken: it may still be arriving.
    package var isSettling: Bool

    package init(location: String, reason: String, isSettling: Bool) {
      self.location = location
      self.reason = reason
      self.isSettling = isSettling
    }
  }

  package init(
    now: Timestamp, restored: Bool, faults: [Fault] = [], checks: [JudgedCheck] = [], rejectedNewer: [RejectedNewer] = [],
    reasons: [Reason] = [], cleanup: CleanupRecord, interruption: String? = nil, skipped: String? = nil
  ) {
    self.now = now
    self.restored = restored
    self.faults = faults
    self.checks = checks
    self.rejectedNewer = rejectedNewer
    self.reasons = reasons
    self.cleanup = cleanup
    self.interruption = interruption
    self.skipped = skipped
  }

  /// The verdict, and every reason for it and beside it, worst first.
  package var judged: (verdict: Verdict, reasons: [Reason]) {
    var all = faults.map { Reason(code: $0.code.rawValue, severity: Reason.Level($0.code.verdict), text: $0.description) }
    all += reasons + rejectedNewer.map(reason) + checks.compactMap(reason) + cleanupReasons
    if let interruption { all.append(Reason(code: "interrupted", severity: .interrupted, text: interruption)) }
    if let skipped { all.append(Reason(code: "skipped", severity: .skipped, text: skipped)) }
    if let missing = missingDataCheck { all.append(missing) }
    if !restored, all.allSatisfy({ $0.severity.verdict == nil }) {
      all.append(Reason(code: "not_restored", severity: .cannotDrill, text: "The run ended without a restore, and nothing says why"))
    }
    let ordered = all.enumerated().sorted { ($0.element.severity, $0.offset) < ($1.element.severity, $1.offset) }
    return (all.compactMap(\.severity.verdict).min() ?? .passed, ordered.map(\.element))
  }

  private func isIgnored(_ check: JudgedCheck) -> Bool { check.ignore.map { $0.until > now } ?? false }

  private func reason(_ rejected: RejectedNewer) -> Reason {
    let text = "A newer backup is unusable: \(rejected.location): \(rejected.reason)"
    if !rejected.isSettling { return Reason(code: "rejected_newer", severity: .failed, text: text) }
    return Reason(code: "rejected_newer_settling", severity: .note, text: "\(text); it may still be arriving")
  }

  private func reason(_ check: JudgedCheck) -> Reason? {
    let record = check.record
    if isIgnored(check), let ignore = check.ignore {
      let text = "The check “\(record.name)” (\(record.verdict.rawValue)) is ignored until \(ignore.until.readable): \(ignore.reason)"
      return Reason(code: "check_ignored", severity: .note, text: text)
    }
    let decides = record.severity == .fail
    switch record.verdict {
    case .passed: return nil
    case .failed:
      let detail = [record.expected.map { "expected \($0)" }, record.found.map { "found \($0)" }].compactMap(\.self).joined(separator: ", ")
      let text = "The check “\(record.name)” failed" + (detail.isEmpty ? "" : ": \(detail)")
      return Reason(code: "check_failed", severity: decides ? .failed : .warn, text: text)
    case .couldNotVerify:
      let text = "The check “\(record.name)” could not be carried out" + (record.found.map { ": \($0)" } ?? "")
      return Reason(code: "check_not_carried_out", severity: decides ? .couldNotVerify : .warn, text: text)
    case .skipped:
      // What ended the run early says so itself; a check that simply did not run must not pass for one that did.
      guard decides, endedWhole else { return nil }
      return Reason(code: "check_skipped", severity: .couldNotVerify, text: "The check “\(record.name)” was not carried out")
    }
  }

  /// Whether the run came to the end of its checks.
  private var endedWhole: Bool { restored && faults.isEmpty && interruption == nil && skipped == nil }

  private var missingDataCheck: Reason? {
    let looked = checks.contains {
      $0.record.data && !isIgnored($0) && ($0.record.verdict == .passed || $0.record.verdict == .failed)
    }
    guard endedWhole, !looked else { return nil }
    return Reason(
      code: "no_data_check", severity: .couldNotVerify, text: "No check looked at the restored data, so nothing shows that it is whole")
  }

  private var cleanupReasons: [Reason] {
    switch cleanup.verdict {
    case .clean: return []
    case .kept: return [Reason(code: "cleanup_kept", severity: .note, text: "The scratch target was kept on purpose")]
    case .leaked:
      let names = cleanup.resources.filter { $0.state != .gone && $0.state != .kept }.map { "\($0.kind) \($0.name)" }
      let text = "The scratch target could not be destroyed: \(names.isEmpty ? "what is left is unknown" : names.joined(separator: ", "))"
      return [Reason(code: "cleanup_leaked", severity: .failed, text: text)]
    }
  }
}

extension Reason.Level {
  /// The level at which a verdict speaks.
  package init(_ verdict: Verdict) {
    self =
      switch verdict {
      case .failed: .failed
      case .couldNotVerify: .couldNotVerify
      case .cannotDrill: .cannotDrill
      case .interrupted: .interrupted
      case .skipped: .skipped
      case .passed: .note
      }
  }

  /// The verdict that a reason of this level causes; nil for those that change nothing.
  package var verdict: Verdict? {
    switch self {
    case .failed: .failed
    case .couldNotVerify: .couldNotVerify
    case .cannotDrill: .cannotDrill
    case .interrupted: .interrupted
    case .skipped: .skipped
    case .warn, .note: nil
    }
  }
}
