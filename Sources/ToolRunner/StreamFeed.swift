/// Writes stored bytes into a pipe, from a network for example.
///
/// A pipe's reader cannot tell a writer that failed from one that is done: both close it. Whoever reads must therefore ask `finish`
/// before it believes that it has seen everything.
package protocol StreamFeed: Sendable {
  /// Whether it compares the bytes with a checksum, so that reading on after damage tells more.
  var canVerify: Bool { get }

  /// Waits until the last byte was handed over and judged. Cancelling the task stops the feed. Asking again gives the same.
  ///
  /// - Throws: `Fault` unless every byte was handed over and matches what the store says of it; `interrupted` when the feed was
  ///   stopped or the reader left before the end.
  func finish() async throws -> StreamFeedReport

  /// Ends it at once, without waiting. Repeating it, or after the end, is a no-op.
  func stop()
}

/// What a feed has to say once all bytes were handed over.
package struct StreamFeedReport: Sendable, Hashable {
  /// What the bytes were compared with, for people: `CRC64NVME`; nil when there was nothing to compare with.
  package var verifiedBy: String?
  /// Oddities for the record, each a sentence.
  package var notes: [String]

  package init(verifiedBy: String? = nil, notes: [String] = []) {
    self.verifiedBy = verifiedBy
    self.notes = notes
  }
}
