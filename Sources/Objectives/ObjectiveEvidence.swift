package import DrillModel

/// What sealed runs say about one objective. Durations are seconds.
package struct ObjectiveEvidence: Sendable, Hashable {
  package enum Kind: String, Sendable { case rpo, rto }

  /// What the evidence allows to conclude with 95 % confidence.
  package enum Conclusion: Sendable, Hashable {
    /// At least the demanded share of recoveries meets the objective.
    case confirmed
    /// Too few runs; so many more that all meet it would confirm it.
    case open(more: Int)
    /// Less than the demanded share meets it: the objective, or the restore, must change.
    case contradicted
    /// No run counts.
    case untested
    case noObjective
  }

  package let kind: Kind
  /// The objective that is judged; nil when there is none.
  package let objective: Double?
  /// The demanded share of recoveries, between 0 and 1.
  package let share: Double
  /// How many runs count.
  package let runs: Int
  /// How many of them met the objective; all that recovered when there is none.
  package let met: Int
  /// How many of them did not recover at all, or not whole: worse than every figure.
  package let unrecovered: Int
  /// Passed and failed runs whose figure cannot be held against an objective (relaxed durability).
  package let notComparable: Int
  /// Nearest-rank percentiles over the counted runs; infinity where it is a run that did not recover, nil without runs.
  package let median: Double?
  package let p90: Double?
  package let p95: Double?
  /// The worst figure measured; nil when none was.
  package let worst: Double?
  /// The figure that the demanded share of recoveries keeps, with 95 % confidence; nil with too few runs, or when it is no number.
  package let supported: Double?
  /// Wilson's 95 % interval of the share that met the objective; nil without runs.
  package let interval: ClosedRange<Double>?
  package let conclusion: Conclusion

  /// Counts runs that passed or failed, in any order.
  ///
  /// A run that was sealed under another objective is judged anew by its figure; one under the same keeps its sealed verdict, with its
  /// gap tolerance.
  package init(_ kind: Kind, of runs: [RunFigures], objective: Double?, share: Double) {
    var conclusive = 0
    var trials: [Trial] = []
    trials.reserveCapacity(runs.count)
    for run in runs where run.isConclusive {
      conclusive += 1
      if let trial = Trial(kind, run) { trials.append(trial) }
    }
    let order = OrderStatistics(trials.map(\.value))
    let met = trials.count { $0.meets(objective) }
    self.kind = kind
    self.objective = objective
    self.share = share
    self.runs = trials.count
    self.met = met
    unrecovered = trials.count { $0.value == .infinity }
    notComparable = conclusive - trials.count
    (median, p90, p95) = (order.percentile(0.5), order.percentile(0.9), order.percentile(0.95))
    worst = order.sorted.last { $0.isFinite }
    supported = order.upperBound(share: share).flatMap { $0.isFinite ? $0 : nil }
    interval = Binomial.wilson(successes: met, trials: trials.count)
    conclusion = Self.conclude(failures: trials.count - met, trials: trials.count, share: share, hasObjective: objective != nil)
  }

  private static func conclude(failures: Int, trials: Int, share: Double, hasObjective: Bool) -> Conclusion {
    guard hasObjective else { return .noObjective }
    guard trials > 0 else { return .untested }
    let needed = Binomial.successesNeeded(failures: failures, trials: trials, share: share)
    if needed == 0 { return .confirmed }
    return Binomial.isContradicted(failures: failures, trials: trials, share: share) ? .contradicted : .open(more: needed)
  }

  /// The share of recoveries for which the worst figure is a bound with 95 % confidence; nil when a run did not recover.
  package var worstCovers: Double? { runs > 0 && unrecovered == 0 ? Binomial.shownShare(trials: runs) : nil }

  /// How one run came out for an objective.
  package enum Mark: Sendable, Hashable, CaseIterable {
    case met, missed
    /// Worse than every figure: nothing came back, or not whole.
    case notRecovered
    /// It says nothing about the objective.
    case notCounted
  }

  package func mark(of run: RunFigures) -> Mark {
    guard run.isConclusive, let trial = Trial(kind, run) else { return .notCounted }
    if trial.value == .infinity { return .notRecovered }
    return trial.meets(objective) ? .met : .missed
  }

  /// How far the worst figure stays below the objective; negative when it is above, nil when there is nothing to compare, or
  /// something that did not recover.
  package var margin: Double? {
    guard let objective, let worst, unrecovered == 0 else { return nil }
    return objective - worst
  }
}

/// One run that counts for an objective.
private struct Trial {
  /// Infinity when it did not recover whole.
  let value: Double
  let objective: Double?
  let isMet: Bool

  init?(_ kind: ObjectiveEvidence.Kind, _ run: RunFigures) {
    // A restore that broke has no RTA; data that is not whole is no recovery, at whatever speed and age.
    let recovered = run.verdict == .passed || (run.rtoActual != nil && !run.hasFailedCheck)
    switch kind {
    case .rpo:
      value = recovered ? run.rpoActual ?? .infinity : .infinity
      objective = run.rpoObjective
      isMet = recovered && run.rpoVerdict == .met
    case .rto:
      if recovered, !run.isComparable { return nil }
      value = recovered ? run.rtoActual ?? .infinity : .infinity
      objective = run.rtoObjective
      isMet = recovered && run.rtoVerdict == .met
    }
  }

  func meets(_ wanted: Double?) -> Bool {
    guard let wanted else { return value.isFinite }
    return objective == wanted ? isMet : value <= wanted
  }
}
