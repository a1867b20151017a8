package import DrillModel

/// What is in a store, judged: the recovery points, and what looks like one and is not.
package struct Survey: Sendable, Hashable {
  /// Oldest first by `Candidate.order`, then by name; those without any time come first.
  package var candidates: [Candidate]
  /// In the same order.
  package var rejected: [Rejection]
  /// What did not take part, for messages.
  package var leftOut: LeftOut
  package var rules: SelectionRules
  /// The moment of the survey.
  package var now: Timestamp

  package struct LeftOut: Sendable, Hashable {
    package var listed = 0
    package var sidecars = 0
    package var hidden = 0
    package var directories = 0
    package var unmatched = 0
    /// A few names that the pattern does not fit, the nearest misses first.
    package var examples: [String] = []
  }
}

/// Judges what a source listed. Nothing is opened: names, sizes, kinds and times decide.
///
/// A time that the store vouches for counts before all others. Else a time comes from the name; a date without a time of day is refined by
/// a modification time on that day, else counts as the day's start; the store's modification time counts only where the rules trust it. `duration` is subtracted from a time of day in the name and from a
/// modification time, never from a day's start. A time in the future stays: it is the recovery point actual that becomes unknown.
///
/// - Throws: `Fault` with code `configuration` for a pattern or zone that is none.
package func survey(_ artefacts: [Artefact], rules: SelectionRules, now: Timestamp) throws -> Survey {
  var surveyor = try Surveyor(rules: rules, now: now)
  for artefact in artefacts { surveyor.take(artefact) }
  return surveyor.survey
}

/// Judges artefacts one at a time, so that a store of a million strangers costs no more memory than its backups.
package struct Surveyor {
  private let rules: SelectionRules
  private let now: Timestamp
  private let pattern: NamePattern?
  private let zone: Zone
  private var candidates: [Candidate] = []
  private var rejected: [Rejection] = []
  private var leftOut = Survey.LeftOut()
  private var misses: [(name: String, coverage: Int)] = []

  /// - Throws: `Fault` with code `configuration` for a pattern or zone that is none.
  package init(rules: SelectionRules, now: Timestamp) throws {
    self.rules = rules
    self.now = now
    pattern = try rules.match.map(NamePattern.init)
    guard let zone = Zone(rules.nameTimezone) else {
      throw Fault(.configuration, "There is no time zone \(rules.nameTimezone)", advice: "Give an IANA name such as Europe/Berlin")
    }
    self.zone = zone
  }

  /// What came of all that was taken so far.
  package var survey: Survey {
    var leftOut = leftOut
    leftOut.examples = misses.sorted { ($1.coverage, $0.name) < ($0.coverage, $1.name) }.prefix(3).map(\.name)
    return Survey(
      candidates: candidates.sorted(by: Surveyor.isEarlier),
      rejected: rejected.sorted { ($0.time ?? .distantPast, $0.artefact.name) < ($1.time ?? .distantPast, $1.artefact.name) },
      leftOut: leftOut, rules: rules, now: now)
  }

  /// Of points with one time and one name, which are versions of one object, the one that was stored last comes last.
  private static func isEarlier(_ one: Candidate, _ other: Candidate) -> Bool {
    let (first, second) = (one.newest.modified ?? .distantPast, other.newest.modified ?? .distantPast)
    return (one.order ?? .distantPast, one.id, first) < (other.order ?? .distantPast, other.id, second)
  }

  /// Whether it is a recovery point, something that should have been one, or neither.
  package mutating func take(_ artefact: Artefact) {
    leftOut.listed += 1
    switch NameRole(of: artefact.name, pattern: pattern) {
    case .hidden: leftOut.hidden += 1
    case .sidecar: leftOut.sidecars += 1
    case .temporary(let name):
      if let match = fit(name) { reject(artefact, "unfinished upload", match) } else { miss(artefact.name) }
    case .backup:
      guard let match = fit(artefact.name) else { return miss(artefact.name) }
      judge(artefact, match)
    }
  }

  /// Without a pattern every name fits and says no time.
  private func fit(_ name: String) -> NameMatch? {
    guard let pattern else { return NameMatch(civil: nil, precision: .none, offset: nil, impossible: nil) }
    return pattern.match(name)
  }

  private mutating func miss(_ name: String) {
    leftOut.unmatched += 1
    // Enough to find a near one, and a bound on what a million strangers cost.
    if misses.count < 1000 { misses.append((name, pattern?.coverage(of: name) ?? 0)) }
  }

  private mutating func judge(_ artefact: Artefact, _ match: NameMatch) {
    switch artefact.kind {
    case .other(let kind): return reject(artefact, "\(kind), not a file", match)
    case .directory:
      guard pattern?.saysSomething ?? false else {
        leftOut.directories += 1
        return
      }
    case .file:
      if artefact.bytes == 0 { return reject(artefact, "zero bytes", match) }
    }
    if let obstacle = artefact.obstacle { return reject(artefact, obstacle, match) }
    if artefact.isBeingWritten { return reject(artefact, "unfinished upload: it is being written", match) }
    if let impossible = match.impossible { return reject(artefact, "the time in its name is impossible: \(impossible)", match) }
    if let problem = artefact.checksumProblem { return reject(artefact, problem, match) }
    candidates.append(timed(artefact, match))
  }

  private mutating func reject(_ artefact: Artefact, _ reason: String, _ match: NameMatch) {
    let candidate = timed(artefact, match)
    // What is being made has no time yet at some providers, and says nothing of the backups before it.
    let isUnborn = artefact.isBeingWritten && artefact.takenAt == nil && artefact.modified == nil
    let isYoung = Settling.isYoung(
      modified: artefact.modified, time: candidate.time, rules: rules, now: now, patience: artefact.patience)
    rejected.append(
      Rejection(artefact: artefact, reason: reason, time: candidate.order, isSettling: isUnborn || (isYoung && !artefact.isFinal)))
  }

  private func timed(_ artefact: Artefact, _ match: NameMatch) -> Candidate {
    if let taken = artefact.takenAt { return Candidate(artefact: artefact, time: taken, origin: .metadata) }
    guard let named = match.instant(in: zone) else {
      let trusted = rules.trustModifiedTime ? artefact.modified : nil
      return Candidate(artefact: artefact, time: trusted.map { $0 - rules.duration }, origin: trusted == nil ? nil : .modified)
    }
    guard match.isDateOnly, let end = match.end(in: zone), named < end else {
      return Candidate(artefact: artefact, time: named - rules.duration, origin: .name)
    }
    let day = named..<end
    guard let modified = artefact.modified, day.contains(modified) else {
      return Candidate(artefact: artefact, time: named, origin: .name, isDateOnly: true, namedDay: day)
    }
    return Candidate(artefact: artefact, time: modified - rules.duration, origin: .nameAndModified, isDateOnly: true, namedDay: day)
  }
}

extension Timestamp {
  /// Before every real time, for putting what has none first.
  static var distantPast: Timestamp { Timestamp(milliseconds: .min) }
}
