package import DrillModel

/// What a run knows about how much data would have been lost.
package struct RecoveryPointEvidence: Sendable {
  package var failureInstant: Timestamp
  /// The time of the newest eligible recovery point, whichever was restored; nil when nothing says.
  package var newestPoint: Timestamp?
  package var clockSkew: Duration
  /// How far the clock that gave the failure instant is known to be behind the store's; beyond `clockSkew`, either way, no age can be told.
  package var clockError: Duration
  package var gaps: GapFigures
  package var freshness: [Freshness]

  /// What one freshness check found.
  package struct Freshness: Sendable, Hashable {
    package var check: String
    /// The newest record's time; nil when there was none.
    package var newest: Timestamp?
    package var governs: Bool

    package init(check: String, newest: Timestamp?, governs: Bool) {
      self.check = check
      self.newest = newest
      self.governs = governs
    }
  }

  package init(
    failureInstant: Timestamp, newestPoint: Timestamp?, clockSkew: Duration, clockError: Duration = .zero, gaps: GapFigures,
    freshness: [Freshness] = []
  ) {
    self.failureInstant = failureInstant
    self.newestPoint = newestPoint
    self.clockSkew = clockSkew
    self.clockError = clockError
    self.gaps = gaps
    self.freshness = freshness
  }
}

/// The recovery point actual, judged.
///
/// The artefact age and the data age are held to the objective itself, the worst gap to the objective and the tolerance. Figures that do not
/// govern are recorded and not judged. A governing figure that is unknown makes the whole unknown, and with an objective fails the run;
/// only a worst gap without a cadence is passed over, unless it alone governs.
package func recoveryPointActual(_ evidence: RecoveryPointEvidence, objectives: DrillObjectives) -> (record: RPORecord, reasons: [Reason]) {
  RecoveryPointJudge(evidence: evidence, objectives: objectives).judged
}

extension RPORecord {
  /// The record of a run that ended before anything could be measured; it makes no reason of its own.
  package static func unmeasured(_ objectives: DrillObjectives) -> RPORecord {
    RPORecord(
      objective: objectives.rpo?.inSeconds, actual: nil, artefactAge: nil, dataAge: nil, worstGap: nil, windowWorstGap: nil,
      gapTolerance: RecoveryPointJudge.tolerance(objectives), basis: objectives.rpoBasis ?? .worst,
      verdict: objectives.rpo == nil ? .noObjective : .unknown)
  }
}

/// A figure, or why there is none.
private enum Figure {
  case known(Duration)
  case unknown(String)

  var duration: Duration? { if case .known(let duration) = self { duration } else { nil } }
}

private struct RecoveryPointJudge {
  let evidence: RecoveryPointEvidence
  let objectives: DrillObjectives

  static func tolerance(_ objectives: DrillObjectives) -> Double {
    guard let tolerance = objectives.gapTolerance, tolerance.isFinite, tolerance >= 0 else { return 0.1 }
    return tolerance
  }

  private var basis: RPOBasis { objectives.rpoBasis ?? .worst }
  private var tolerance: Double { Self.tolerance(objectives) }

  /// What is wrong with the clock that ages are told by; nil when nothing is known to be.
  private var wrongClock: String? {
    let error = evidence.clockError
    guard error > evidence.clockSkew || error < .zero - evidence.clockSkew else { return nil }
    let difference = error > .zero ? "\(error.readable) behind" : "\((.zero - error).readable) ahead of"
    return "this machine's clock is \(difference) the store's, and ages are told by it: set it right"
  }

  private func age(of time: Timestamp, what: String) -> Figure {
    if let wrongClock { return .unknown(wrongClock) }
    let age = evidence.failureInstant - time
    if age >= .zero { return .known(age) }
    if age >= .zero - evidence.clockSkew { return .known(.zero) }
    return .unknown("\(what) is \((.zero - age).readable) in the future, at \(time.readable)")
  }

  private var artefactAge: Figure {
    guard let time = evidence.newestPoint else { return .unknown("nothing says when the newest recovery point was taken") }
    return age(of: time, what: "the newest recovery point")
  }

  private var gap: Figure {
    if let wrongClock { return .unknown(wrongClock) }
    guard let gap = evidence.gaps.sinceLastRun else { return .unknown(evidence.gaps.unknownBecause ?? "no cadence is known") }
    return .known(gap.length)
  }

  private var isGovernedByData: Bool { evidence.freshness.contains(where: \.governs) }

  /// The oldest of the governing checks' newest records; without any that governs the newest of all, for the record.
  private var dataAge: Figure {
    let governing = evidence.freshness.filter(\.governs)
    if let blind = governing.first(where: { $0.newest == nil }) { return .unknown("the check “\(blind.check)” found no record") }
    let found = governing.isEmpty ? evidence.freshness.compactMap(\.newest).max() : governing.compactMap(\.newest).min()
    guard let found else { return .unknown("no freshness check ran that governs") }
    return age(of: found, what: "the newest record")
  }

  /// The figures that count, each with its name and what it may be at most.
  private var governing: [(name: String, figure: Figure, limit: Duration?)] {
    let strict = objectives.rpo
    let tolerant = objectives.rpo.map { .milliseconds(Int64((Double($0.inMilliseconds) * (1 + tolerance)).rounded())) as Duration }
    let age = ("artefact age", artefactAge, strict)
    let gap = ("worst gap", gap, tolerant)
    let data = ("data age", dataAge, strict)
    switch basis {
    case .artefactAge: return [age]
    case .worstGap: return [gap]
    case .dataAge: return [data]
    case .worst: return [age] + (gap.1.duration == nil ? [] : [gap]) + (isGovernedByData ? [data] : [])
    }
  }

  var judged: (record: RPORecord, reasons: [Reason]) {
    let governing = self.governing
    let known = governing.compactMap(\.figure.duration)
    let isUnknown = known.count < governing.count
    let misses = governing.filter { item in
      guard let value = item.figure.duration, let limit = item.limit else { return false }
      return value > limit
    }
    let verdict: RPOVerdict = objectives.rpo == nil ? .noObjective : isUnknown ? .unknown : misses.isEmpty ? .met : .missed
    let record = RPORecord(
      objective: objectives.rpo?.inSeconds, actual: isUnknown ? nil : known.max()?.inSeconds,
      artefactAge: artefactAge.duration?.inSeconds, dataAge: evidence.freshness.isEmpty ? nil : dataAge.duration?.inSeconds,
      worstGap: gap.duration?.inSeconds, windowWorstGap: evidence.gaps.window?.length.inSeconds, gapTolerance: tolerance, basis: basis,
      verdict: verdict)
    return (record, unknownReasons(governing.map(\.figure)) + misses.compactMap { missed($0.name, $0.figure) } + notes)
  }

  private func unknownReasons(_ figures: [Figure]) -> [Reason] {
    // A wrong clock of ours says nothing against the backup.
    let severity: Reason.Level = objectives.rpo == nil ? .warn : wrongClock == nil ? .failed : .cannotDrill
    return figures.compactMap { figure in
      guard case .unknown(let why) = figure else { return nil }
      return Reason(
        code: "rpo_unknown", severity: severity, text: "The recovery point actual is unknown: \(why)")
    }
  }

  private func missed(_ name: String, _ figure: Figure) -> Reason? {
    guard let value = figure.duration, let objective = objectives.rpo else { return nil }
    var text = "The \(name) of \(value.readable) misses the recovery point objective of \(objective.readable)"
    text += " by \((value - objective).readable)"
    if name == "worst gap", let gap = evidence.gaps.sinceLastRun {
      let end = gap.isOpen ? "the failure instant" : gap.to.readable
      let percent = Int((tolerance * 100).rounded())
      text += " (no recovery point between \(gap.from.readable) and \(end); up to \(percent) % over is tolerated)"
    }
    return Reason(code: "rpo_missed", severity: .failed, text: text)
  }

  private var notes: [Reason] {
    var notes: [Reason] = []
    if let time = evidence.newestPoint, time > evidence.failureInstant, artefactAge.duration != nil {
      let ahead = (time - evidence.failureInstant).readable
      notes.append(
        Reason(code: "clock_skew", severity: .note, text: "The newest recovery point is \(ahead) in the future and counts as age zero"))
    }
    if let why = evidence.gaps.unknownBecause, basis == .worst { notes.append(Reason(code: "cadence_unknown", severity: .note, text: why)) }
    if let gap = evidence.gaps.sinceLastRun, let objective = objectives.rpo, gap.length > objective, basis != .artefactAge,
      basis != .dataAge,
      gap.length.inSeconds <= objective.inSeconds * (1 + tolerance)
    {
      notes.append(
        Reason(
          code: "gap_tolerated", severity: .note,
          text: "The worst gap of \(gap.length.readable) is over the objective of \(objective.readable) and within its tolerance"))
    }
    return notes
  }
}
