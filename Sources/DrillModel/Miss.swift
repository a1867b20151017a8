/// A due instant without a run, or a row of them, and why.
package struct Miss: Sendable, Hashable, Codable {
  package var drill: String
  package var due: Timestamp
  package var kind: Kind
  package var notedAt: Timestamp
  /// The last instant of a row that this one entry stands for; nil for a single one.
  package var until: Timestamp?
  /// How many due instants the row has, both ends included; nil for a single one, and for a row too long to count.
  package var instants: Int?

  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// Nothing of ours was running.
    case down
    /// The run before was still going.
    case overlap
    /// Seen in time, and not started in time: `start-within` passed, or the next due instant came.
    case late
    /// The clock never showed the time, or the drill's policy skips what was missed.
    case skipped
    /// The drill had been removed, or its schedule was edited.
    case disabled
  }

  package init(drill: String, due: Timestamp, kind: Kind, notedAt: Timestamp, until: Timestamp? = nil, instants: Int? = nil) {
    self.drill = drill
    self.due = due
    self.kind = kind
    self.notedAt = notedAt
    self.until = until
    self.instants = instants
  }

  package enum CodingKeys: String, CodingKey {
    case drill, due, kind, until, instants
    case notedAt = "noted_at"
  }
}
