package import DrillModel

/// A recovery point that could be restored: one artefact, or a chain of them.
package struct Candidate: Sendable, Hashable {
  /// What is restored first, and all there is of a point without a chain.
  package var artefact: Artefact
  /// What must be applied after it, in order; empty for a point of one artefact.
  ///
  /// A part of an array that the points of one base share: thousands of deltas would else be kept once for each of them.
  package var chain: ArraySlice<Artefact>
  /// When the state it holds was taken; nil when nothing trustworthy says.
  package var time: Timestamp?
  package var origin: TimeOrigin?
  /// Whether the name gave a date without a time of day.
  package var isDateOnly: Bool
  /// The whole span that the name's date covers, for a date without a time of day.
  package var namedDay: Range<Timestamp>?

  package init(
    artefact: Artefact, chain: ArraySlice<Artefact> = [], time: Timestamp?, origin: TimeOrigin?, isDateOnly: Bool = false,
    namedDay: Range<Timestamp>? = nil
  ) {
    self.artefact = artefact
    self.chain = chain
    self.time = time
    self.origin = origin
    self.isDateOnly = isDateOnly
    self.namedDay = namedDay
  }

  /// The artefact that makes the point what it is: the last of its chain.
  package var newest: Artefact { chain.last ?? artefact }

  /// The newest artefact's name, which tells recovery points of one store apart.
  package var id: String { newest.name }

  /// Bytes stored of all its artefacts; nil where the store does not say.
  package var bytes: Int64? {
    chain.reduce(artefact.bytes) { sum, link in sum.flatMap { sum in link.bytes.map { sum + $0 } } }
  }

  /// The time by which points are put in order and chosen: its own, else the store's modification time, which may order what it may not
  /// date.
  package var order: Timestamp? { time ?? newest.modified }

  /// Whether it is so young that it may still be arriving.
  package func isSettling(rules: SelectionRules, now: Timestamp) -> Bool {
    Settling.isYoung(modified: newest.modified, time: time, rules: rules, now: now)
  }
}

/// An artefact that looks like a recovery point and cannot be one.
package struct Rejection: Sendable, Hashable {
  package var artefact: Artefact
  /// For people: `zero bytes`, `unfinished upload`, `symbolic link, not a file`, …
  package var reason: String
  /// When it was taken as far as can be told, else the store's modification time.
  package var time: Timestamp?
  /// Whether it is so young that it may still be arriving, and so says nothing yet.
  package var isSettling: Bool

  package init(artefact: Artefact, reason: String, time: Timestamp?, isSettling: Bool) {
    self.artefact = artefact
    self.reason = reason
    self.time = time
    self.isSettling = isSettling
  }
}

enum Settling {
  /// By the store's modification time, else by the backup's own. A time further ahead than the clocks may differ is no evidence of youth.
  ///
  /// - Parameter patience: How long more may come at least; nil where `settle` alone says.
  static func isYoung(
    modified: Timestamp?, time: Timestamp?, rules: SelectionRules, now: Timestamp, patience: Duration? = nil
  ) -> Bool {
    guard let arrived = modified ?? time else { return false }
    let age = now - arrived
    return age < max(rules.settle, patience ?? .zero) && age >= .zero - rules.clockSkew
  }
}
