import DrillModel
import ToolRunner

/// Where the Unix socket of a scratch server lies, whose whole path must fit into 107 bytes (unix(7), `sun_path`).
package struct SocketDirectory: Sendable {
  /// The directory; not made yet.
  package let path: String
  private let short: ScratchDirectory?

  /// Settles on `socket` in the run's directory, or in a journalled directory of the run's own in `/tmp` where that path would be too long.
  ///
  /// - Parameter longest: The longest file name in it.
  /// - Throws: `Fault` with code `scratch_unusable`.
  package static func settle(_ context: EngineContext, longest: String) async throws -> SocketDirectory {
    let near = "\(context.directory)/socket"
    guard near.utf8.count + 1 + longest.utf8.count > 107 else { return SocketDirectory(path: near, short: nil) }
    let directory = ScratchDirectory(path: ScratchDirectory.path(in: "/tmp", run: context.run, suffix: "-s"), run: context.run)
    let resource = ScratchResource(kind: "directory", name: directory.path)
    try await context.journal.intend(resource)
    try directory.create()
    try await context.journal.made(resource)
    return SocketDirectory(path: "\(directory.path)/socket", short: directory)
  }

  /// Removes what lies outside the run's directory. Repeating it is a no-op.
  package func remove(_ context: EngineContext) async throws {
    guard let short else { return }
    try short.destroy()
    try await context.journal.gone(ScratchResource(kind: "directory", name: short.path))
  }
}
