package import DrillModel

/// A run's record as it was sealed, with its place in the chain.
package struct SealedRecord: Sendable, Hashable {
  package let record: RunRecord
  package let chain: ChainLink
  /// The sealed bytes: the record's canonical JSON without `chain`.
  package let body: [UInt8]

  init(_ entry: Entry) throws {
    try self.init(entry, decoded: CanonicalJSON.decode(RunRecord.self, from: entry.body))
  }

  /// - Parameter record: What the entry's body decodes to.
  init(_ entry: Entry, decoded record: RunRecord) {
    self.record = record
    chain = entry.link
    body = entry.body
  }

  /// The published form: the sealed bytes with `chain` as one more key, on one line without a line end.
  package var jsonLine: String {
    let link = #"{"hash":"\#(chain.hash)","previous":"\#(chain.previous)","sequence":\#(chain.sequence)}"#
    return #"{"chain":\#(link),"# + String(decoding: body.dropFirst(), as: UTF8.self)
  }
}

/// What became of a sealed run's resources afterwards; an entry of its own, because the record itself never changes.
package struct Amendment: Sendable, Codable, Hashable {
  package var run: RunID
  package var amendedAt: Timestamp
  /// Resources that the record calls leaked or kept, and that are gone now.
  package var destroyed: [ScratchResource]
  /// For people.
  package var text: String

  package init(run: RunID, amendedAt: Timestamp, destroyed: [ScratchResource], text: String) {
    self.run = run
    self.amendedAt = amendedAt
    self.destroyed = destroyed
    self.text = text
  }

  package enum CodingKeys: String, CodingKey {
    case run
    case amendedAt = "amended_at"
    case destroyed, text
  }
}

/// An eligible recovery point that a run saw, remembered so that pruning it later does not hide a gap.
package struct SeenPoint: Sendable, Hashable {
  package var location: String
  package var takenAt: Timestamp
  package var origin: TimeOrigin

  package init(location: String, takenAt: Timestamp, origin: TimeOrigin) {
    self.location = location
    self.takenAt = takenAt
    self.origin = origin
  }
}

/// A message that somebody must get, sealed in the same transaction as the verdict that it tells.
package struct OwedNotification: Sendable, Hashable {
  /// Stable over every attempt, so that a receiver can drop a duplicate. An id that is already owed is not owed again.
  package var id: String
  /// The run that it is about; nil when it is about none.
  package var run: RunID?
  package var drill: String
  /// `failed`, `recovered`, …
  package var event: String
  /// Which of the site's routes.
  package var route: String
  /// The whole message. Never a secret.
  package var payload: String
  package var state: State
  package var attempts: Int
  package var nextAttempt: Timestamp?
  /// The incident that it belongs to.
  package var incident: String?

  package enum State: String, Sendable {
    case owed, sent
    /// Given up on; shown until somebody looks.
    case parked
  }

  package init(id: String, run: RunID?, drill: String, event: String, route: String, payload: String, incident: String? = nil) {
    self.id = id
    self.run = run
    self.drill = drill
    self.event = event
    self.route = route
    self.payload = payload
    self.incident = incident
    state = .owed
    attempts = 0
  }
}
