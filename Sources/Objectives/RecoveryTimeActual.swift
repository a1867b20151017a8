package import DrillModel

/// What a run knows about how long recovery took, in seconds on its monotonic clock from its claim.
package struct RecoveryTimeEvidence: Sendable {
  package var phases: [Phase]
  /// When the restored system answered; nil when it never did.
  package var ready: Double?
  /// When its checks had passed; nil when they did not.
  package var verified: Double?
  /// The engine's own restore time, in seconds.
  package var engineRestore: Double?
  package var durability: Durability

  package init(phases: [Phase], ready: Double?, verified: Double?, engineRestore: Double?, durability: Durability) {
    self.phases = phases
    self.ready = ready
    self.verified = verified
    self.engineRestore = engineRestore
    self.durability = durability
  }
}

/// The recovery time actual, judged.
///
/// A total that is zero, negative, not a number or over ten years, and a phase that ends before it starts, fail the run with or without an
/// objective. On a scratch target that is less durable than production the figure is not comparable, and with an objective the run can at
/// most not be verified. A recovery that never came has no figure and no reason here: what ended it has.
package func recoveryTimeActual(_ evidence: RecoveryTimeEvidence, objectives: DrillObjectives) -> (record: RTORecord, reasons: [Reason]) {
  let until = objectives.rtoUntil ?? .ready
  let total = until == .ready ? evidence.ready : evidence.verified
  let impossible = impossibilities(total, evidence.phases)
  let actual = impossible.isEmpty ? total.map(toMilliseconds) : nil
  let isComparable = evidence.durability == .production && actual != nil
  var reasons = impossible.map { Reason(code: "rto_impossible", severity: .failed, text: $0) }
  var verdict = RTOVerdict.noObjective
  if let objective = objectives.rto {
    verdict = .notComparable
    if isComparable, let actual { verdict = actual > objective.inSeconds ? .missed : .met }
    reasons += judgement(actual, objective, until, evidence.durability)
  }
  let record = RTORecord(
    objective: objectives.rto?.inSeconds, actual: actual, until: until, engineRestore: evidence.engineRestore.flatMap(plausible),
    comparable: isComparable, phases: evidence.phases.compactMap(plausible), verdict: verdict)
  return (record, reasons)
}

private func judgement(_ actual: Double?, _ objective: Duration, _ until: RTOUntil, _ durability: Durability) -> [Reason] {
  guard let actual else { return [] }
  let taken = Duration.milliseconds(Int64(actual * 1000))
  if durability == .relaxed {
    return [
      Reason(
        code: "rto_not_comparable", severity: .couldNotVerify,
        text: "The recovery time of \(taken.readable) cannot be held against the objective of \(objective.readable): "
          + "the scratch target was less durable than production")
    ]
  }
  guard actual > objective.inSeconds else { return [] }
  let moment = until == .ready ? "until the restored system answered" : "until its checks had passed"
  return [
    Reason(
      code: "rto_missed", severity: .failed,
      text: "The recovery time of \(taken.readable) \(moment) misses the objective of \(objective.readable) "
        + "by \((taken - objective).readable)")
  ]
}

private let tenYears = 10 * 366 * 86_400.0

private func impossibilities(_ total: Double?, _ phases: [Phase]) -> [String] {
  var found: [String] = []
  if let total, !(total.isFinite && toMilliseconds(total) > 0 && total <= tenYears) {
    found.append("The recovery time actual is impossible: \(total) s")
  }
  for phase in phases where plausible(phase) == nil || phase.end < phase.start || phase.start < 0 {
    found.append("The phase \(phase.name.rawValue) is impossible: from \(phase.start) s to \(phase.end) s")
  }
  return found
}

/// A phase that can be written down, or nil: JSON has no infinity.
private func plausible(_ phase: Phase) -> Phase? {
  guard let start = plausible(phase.start), let end = plausible(phase.end) else { return nil }
  return Phase(name: phase.name, start: start, end: end)
}

private func plausible(_ seconds: Double) -> Double? { seconds.isFinite && abs(seconds) <= tenYears ? toMilliseconds(seconds) : nil }

private func toMilliseconds(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
