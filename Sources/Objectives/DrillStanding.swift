package import DrillModel

/// What the ledger and the drill file say of a drill, for its standing.
package struct StandingEvidence: Sendable {
  /// The verdict of the last sealed run; nil when there was none.
  package var last: Verdict?
  /// When the last run that passed or failed was sealed; nil when none ever did.
  package var lastConclusive: Timestamp?
  /// When the first run was sealed: from then on a drill that never comes to a conclusion can be overdue.
  package var first: Timestamp?
  package var cadence: Cadence
  /// Since when its schedule has been looked at: from then on a drill that never ran can be overdue. Nil while nobody has looked.
  package var watched: Timestamp?
  /// When a run that goes on was begun; nil without one.
  package var underway: Timestamp?

  /// What makes a drill due.
  package enum Cadence: Sendable, Hashable {
    /// A schedule; `lapsed` is its newest due time whose jitter and start-within have passed, nil when there was none.
    case schedule(lapsed: Timestamp?)
    case every(Duration)
    /// Runs only when asked.
    case none
  }

  package init(
    last: Verdict?, lastConclusive: Timestamp?, first: Timestamp?, cadence: Cadence, watched: Timestamp? = nil,
    underway: Timestamp? = nil
  ) {
    self.last = last
    self.lastConclusive = lastConclusive
    self.first = first
    self.cadence = cadence
    self.watched = watched
    self.underway = underway
  }
}

/// Where a drill stands: its last verdict, or overdue, or never tested. A failure outranks being overdue.
package func standing(_ evidence: StandingEvidence, now: Timestamp) -> Standing {
  guard let last = evidence.last else { return isOverdue(evidence, now: now) ? .overdue : .neverTested }
  if last == .failed { return .verdict(.failed) }
  return isOverdue(evidence, now: now) ? .overdue : .verdict(last)
}

/// How long a run that goes on answers for the drill: a restore of many hours is no reason to wake anybody, one that never ends is.
private let patience = Duration.seconds(86_400)

private func isOverdue(_ evidence: StandingEvidence, now: Timestamp) -> Bool {
  if let underway = evidence.underway, now - underway < patience { return false }
  guard let since = evidence.lastConclusive ?? evidence.first ?? evidence.watched else { return false }
  switch evidence.cadence {
  case .none: return false
  case .schedule(let lapsed): return lapsed.map { since < $0 } ?? false
  case .every(let span):
    let allowed = Duration.milliseconds(span.inMilliseconds + span.inMilliseconds / 10)
    return now - since > allowed
  }
}
