import DrillModel

extension RPOBasis {
  /// As written in files; underscores and the short names `age`, `gap` and `data` mean the same.
  static var written: ValueType<RPOBasis> {
    let others: [String: RPOBasis] = [
      "artefact_age": .artefactAge, "age": .artefactAge, "worst_gap": .worstGap, "gap": .worstGap, "data_age": .dataAge, "data": .dataAge,
    ]
    let canonical = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })
    return .choice(of: canonical.merging(others) { name, _ in name }, named: allCases.map(\.rawValue))
  }
}

/// What is promised: the keys of `objectives` and of a tier.
let objectiveKeys = Section<DrillObjectives>(
  [
    Key("rpo", \.rpo, .positiveDuration, "The most data, as time, that may be lost (recovery point objective)."),
    Key("rto", \.rto, .positiveDuration, "The longest that restoring may take (recovery time objective)."),
    Key("every", \.every, .positiveDuration, "How often the drill must be run; judged with a tenth more, for drills without a schedule."),
  ] + governingKeys)

/// The keys that say how the objectives are judged; they may also stand at the top of a drill file.
let governingKeys: [Key<DrillObjectives>] = [
  Key(
    "rpo-basis", \.rpoBasis, RPOBasis.written, default: "worst",
    "Which figure is judged against `rpo`: the worst of those that govern, or one of them alone."),
  Key(
    "rto-until", \.rtoUntil, .choice(), default: "ready",
    "Where the recovery time ends: when the restored system answers, or when its checks have passed."),
  Key(
    "gap-tolerance", \.gapTolerance, .share, default: "10%",
    "By how much the worst gap between backups may exceed `rpo`, for jitter and daylight saving."),
]
