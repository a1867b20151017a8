/// One sealed run as a line of a report.
package struct RunLine: Sendable, Hashable {
  package var run: RunID
  package var figures: RunFigures
  package var trigger: RunRecord.Trigger
  package var failureInstant: Timestamp
  /// Name of the restored recovery point; nil when there was none.
  package var point: String?
  package var pointTakenAt: Timestamp?
  package var cleanup: CleanupRecord.Outcome
  package var host: String
  /// The engine with its version; nil when the run ended before it was known.
  package var engine: String?
  /// The worst reason of a run that did not pass.
  package var reasonCode: String?
  package var reasonText: String?
  /// What was sealed later about what it left, oldest first.
  package var amendments: [AmendmentLine]

  package init(
    run: RunID, figures: RunFigures, trigger: RunRecord.Trigger, failureInstant: Timestamp, point: String?, pointTakenAt: Timestamp?,
    cleanup: CleanupRecord.Outcome, host: String, engine: String?, reasonCode: String?, reasonText: String?,
    amendments: [AmendmentLine] = []
  ) {
    self.run = run
    self.figures = figures
    self.trigger = trigger
    self.failureInstant = failureInstant
    self.point = point
    self.pointTakenAt = pointTakenAt
    self.cleanup = cleanup
    self.host = host
    self.engine = engine
    self.reasonCode = reasonCode
    self.reasonText = reasonText
    self.amendments = amendments
  }
}

/// A sealed run that did not pass, and why.
package struct UnpassedRun: Sendable, Hashable {
  package var run: RunID
  /// Its place in the chain.
  package var sequence: Int64
  package var verdict: Verdict
  package var startedAt: Timestamp
  /// Worst first.
  package var reasons: [Reason]

  package init(run: RunID, sequence: Int64, verdict: Verdict, startedAt: Timestamp, reasons: [Reason]) {
    self.run = run
    self.sequence = sequence
    self.verdict = verdict
    self.startedAt = startedAt
    self.reasons = reasons
  }

  package init(_ record: RunRecord, sequence: Int64) {
    self.init(run: record.run, sequence: sequence, verdict: record.verdict, startedAt: record.startedAt, reasons: record.reasons)
  }
}

/// What an entry of its own says about a sealed run, whose record never changes: that something it had left is gone.
package struct AmendmentLine: Sendable, Hashable {
  /// Its place in the chain.
  package var sequence: Int64
  package var at: Timestamp
  package var text: String

  package init(sequence: Int64, at: Timestamp, text: String) {
    self.sequence = sequence
    self.at = at
    self.text = text
  }
}
