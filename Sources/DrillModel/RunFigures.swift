/// What reports add up of one sealed run: its verdict, its times and how both objectives came out. Durations are seconds.
package struct RunFigures: Sendable, Hashable {
  /// The run's place in the chain.
  package var sequence: Int64
  package var verdict: Verdict
  package var startedAt: Timestamp
  package var finishedAt: Timestamp
  package var rpoObjective: Double?
  package var rpoActual: Double?
  package var rpoVerdict: RPOVerdict
  package var rtoObjective: Double?
  package var rtoActual: Double?
  package var rtoVerdict: RTOVerdict
  /// Whether the RTA was taken on a scratch target as durable as production.
  package var isComparable: Bool
  /// Whether a check of severity `fail` did not pass: what was restored is not whole, however fast it came.
  package var hasFailedCheck: Bool
  /// The engine's name without its version; empty when the run ended before it was known.
  package var engine: String

  /// Whether it says something about the backup.
  package var isConclusive: Bool { verdict == .passed || verdict == .failed }

  package init(
    sequence: Int64, verdict: Verdict, startedAt: Timestamp, finishedAt: Timestamp, rpoObjective: Double?, rpoActual: Double?,
    rpoVerdict: RPOVerdict, rtoObjective: Double?, rtoActual: Double?, rtoVerdict: RTOVerdict, isComparable: Bool, hasFailedCheck: Bool,
    engine: String
  ) {
    self.sequence = sequence
    self.verdict = verdict
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.rpoObjective = rpoObjective
    self.rpoActual = rpoActual
    self.rpoVerdict = rpoVerdict
    self.rtoObjective = rtoObjective
    self.rtoActual = rtoActual
    self.rtoVerdict = rtoVerdict
    self.isComparable = isComparable
    self.hasFailedCheck = hasFailedCheck
    self.engine = engine
  }
}
