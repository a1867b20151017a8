internal import CSystem
package import DrillModel
package import EngineKit
internal import Glibc
package import Selecting
import ToolRunner

/// Backups in a local directory, or one backup file.
///
/// Only the directory itself is listed, and folders below it as deep as the pattern's `/` reach. Symbolic links are not followed, except the
/// path itself: it is what a person pointed at. A link to something in the same directory (`latest`) is an alias and left out.
package struct DirectorySource: BackupSource {
  /// An absolute path.
  package let path: String
  /// How many folders deep names lie.
  let depth: Int
  /// Files younger than this are asked whether somebody is writing them.
  let settle: Duration
  private let clock: @Sendable () -> Timestamp

  /// - Parameter match: The drill's pattern, which says how deep to look; nil looks at the directory alone.
  package init(
    path: String, match: NamePattern? = nil, settle: Duration = SelectionRules().settle,
    clock: @escaping @Sendable () -> Timestamp = { Timestamp.ofSystemClock }
  ) {
    self.path = path
    depth = match?.depth ?? 0
    self.settle = settle
    self.clock = clock
  }

  package var location: String { "directory \(path)" }

  package var localDirectories: [String] {
    let resolved = Entry.resolve(path) ?? path
    // A place that is not there, such as a disk that is not mounted, is no matter of what lies beside it.
    guard let status = Entry.status(path), !status.isDirectory else { return [resolved] }
    return [Entry.parent(of: resolved)]
  }

  package func artefacts() async throws -> [Artefact] {
    let listing = DirectoryListing(path: path, depth: depth, settle: settle, now: clock())
    return try await onThread("list") { try listing.artefacts() }
  }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    let path = path
    return try await onThread("open") { try ArtefactOpener(root: path).open(artefact) }
  }
}

extension Timestamp {
  /// Now, by the system's wall clock.
  static var ofSystemClock: Timestamp { Timestamp(milliseconds: csystem_wall_milliseconds()) }
}
