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

  /// Opens one artefact for reading.
  ///
  /// - Throws: `Fault` with code `backup_unreadable`, or `source_unreachable` when it can help to try again.
  func open(_ artefact: Artefact) async throws -> OpenedArtefact

  /// What the account of a cloud must allow for all of the above, the least that works; none for a source outside any cloud.
  var permissions: [CloudPermission] { get }
}

extension BackupSource {
  package var permissions: [CloudPermission] { [] }
}

/// An artefact's stored bytes, before decompression.
package enum OpenedArtefact: Sendable {
  /// A regular file on this machine, open for reading at its start.
  case file(Descriptor, path: String, bytes: Int64)
  /// Bytes that arrive in order and cannot be read twice; `bytes` when the length is known.
  case stream(Descriptor, bytes: Int64?)
  case directory(path: String)
  /// No bytes pass through us (a snapshot of a provider, a tool's own repository).
  case handle(String)
}
