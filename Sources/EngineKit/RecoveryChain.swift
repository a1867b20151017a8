package import Selecting

/// One artefact that a recovery point needs beside its first.
package struct ChainLink: Sendable {
  package let artefact: Artefact
  private let opening: @Sendable () async throws -> OpenedLink

  package init(_ artefact: Artefact, opening: @escaping @Sendable () async throws -> OpenedLink) {
    self.artefact = artefact
    self.opening = opening
  }

  /// Opens it with its compressions taken off; every link must be opened and finished once before the restored system is ready.
  ///
  /// - Throws: `Fault` as `BackupSource.open` does.
  package func open() async throws -> OpenedLink { try await opening() }
}

/// An opened artefact of a chain or a log archive.
package struct OpenedLink: Sendable {
  /// A stream of decoded bytes, or a directory.
  package let content: BackupContent
  /// Up to 64 KiB of decoded bytes; empty for a directory.
  package let head: [UInt8]
  private let finishing: @Sendable () async throws -> Void
  private let stopping: @Sendable () -> Void

  package init(
    _ content: BackupContent, head: [UInt8] = [], finishing: @escaping @Sendable () async throws -> Void = {},
    stopping: @escaping @Sendable () -> Void = {}
  ) {
    self.content = content
    self.head = head
    self.finishing = finishing
    self.stopping = stopping
  }

  /// Reads on to the end and judges whether all of it came through unharmed; to be awaited after the content was read.
  ///
  /// - Throws: `Fault` as `UnwrappedStream.finish` does.
  package func finish() async throws { try await finishing() }

  /// Ends the reading early. A no-op once it was finished.
  package func stop() { stopping() }
}

/// A second place of a drill that rolls a recovery point forward: segments of write-ahead log, binary logs.
package struct LogArchive: Sendable {
  /// For people: `directory /wal`, `s3://bucket/wal`.
  package let location: String
  private let listing: @Sendable () async throws -> [Artefact]
  private let opening: @Sendable (Artefact) async throws -> OpenedLink

  package init(
    location: String, listing: @escaping @Sendable () async throws -> [Artefact],
    opening: @escaping @Sendable (Artefact) async throws -> OpenedLink
  ) {
    self.location = location
    self.listing = listing
    self.opening = opening
  }

  /// Everything that lies there, in no particular order.
  ///
  /// - Throws: `Fault` as `BackupSource.artefacts` does.
  package func list() async throws -> [Artefact] { try await listing() }

  /// Opens one of them with its compressions taken off. What was finished is told in the record.
  ///
  /// - Throws: `Fault` as `BackupSource.open` does.
  package func open(_ artefact: Artefact) async throws -> OpenedLink { try await opening(artefact) }
}
