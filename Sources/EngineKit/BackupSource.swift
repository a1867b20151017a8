package import DrillConfig
package import DrillModel
package import Selecting
package import ToolRunner

/// A place where backups lie. Listing and opening may be repeated; nothing is ever written there.
package protocol BackupSource: Sendable {
  /// For people and the record: `directory /backups`, `s3://bucket/prefix`.
  var location: String { get }

  /// Directories on this machine that hold the backups; a scratch target is refused inside them.
  var localDirectories: [String] { get }

  /// Everything there, sidecars and unfinished uploads included, in no particular order; judging is `Selecting`'s work.
  ///
  /// - Throws: `Fault` with code `source_unreachable` or `permission_denied`. An empty place is an empty list, not an error.
  func artefacts() async throws -> [Artefact]

  /// The same, judged. A source of very many artefacts gives them to a `Surveyor` one at a time; others need not implement it.
  ///
  /// - Throws: as `artefacts`, and as `Selecting.survey`.
  func survey(rules: SelectionRules, now: Timestamp) async throws -> Survey

  /// Opens one artefact for reading.
  ///
  /// - Throws: `Fault` with code `backup_unreadable`, or `source_unreachable` when it can help to try again.
  func open(_ artefact: Artefact) async throws -> OpenedArtefact

  /// Whether what it opens is rolled forward with log that lies there as well, so that the drill needs no `logs`.
  var holdsLogs: Bool { get }

  /// Secrets that opening needs, fetched for each run; none for most.
  var secretReferences: [SecretReference] { get }

  /// The same source with what its references point to.
  ///
  /// - Throws: `Fault` with code `credentials` for a secret that cannot be what it should be.
  func with(_ secrets: FetchedSecrets) throws -> any BackupSource

  /// How far this machine's clock is behind the store's, as far as asking it has shown; less than nothing when it is ahead, zero where
  /// nothing is known.
  var clockError: Duration { get }

  /// What the account of a cloud must allow for all of the above, the least that works; none for a source outside any cloud.
  var permissions: [CloudPermission] { get }
}

extension BackupSource {
  package var holdsLogs: Bool { false }
  package var permissions: [CloudPermission] { [] }
  package var clockError: Duration { .zero }
  package var secretReferences: [SecretReference] { [] }
  package func with(_ secrets: FetchedSecrets) throws -> any BackupSource { self }
}

extension BackupSource {
  package func survey(rules: SelectionRules, now: Timestamp) async throws -> Survey {
    try Selecting.survey(try await artefacts(), rules: rules, now: now)
  }
}

/// An artefact's stored bytes, before decompression.
package enum OpenedArtefact: Sendable {
  /// A regular file on this machine, open for reading at its start.
  case file(Descriptor, path: String, bytes: Int64)
  /// Bytes that arrive in order and cannot be read twice.
  case stream(StoredStream)
  case directory(path: String)
  /// No bytes pass through us (a snapshot of a provider, a tool's own repository).
  case handle(String)
}

/// Stored bytes on their way to us.
package struct StoredStream: Sendable {
  /// The read end of a pipe, or anything else that can be read in order.
  package var descriptor: Descriptor
  /// Nil when the length is not known.
  package var bytes: Int64?
  /// What a checksum file beside the artefact says, where that was read only now.
  package var expectedSHA256: String?
  /// Who writes the bytes: the end of `descriptor` alone does not say that all of them came. Nil where reading itself tells.
  package var feed: (any StreamFeed)?

  package init(_ descriptor: Descriptor, bytes: Int64?, expectedSHA256: String? = nil, feed: (any StreamFeed)? = nil) {
    self.descriptor = descriptor
    self.bytes = bytes
    self.expectedSHA256 = expectedSHA256
    self.feed = feed
  }
}
