import DrillModel
import EngineKit
import Foundation
import PostgreSQLKit
import ToolRunner

/// An archive where the run's user can read it: in its place, or a copy in the run's directory.
enum ArchivePlace {
  /// - Throws: `Fault` with code `no_space`, `backup_unreadable` or `scratch_unusable`; for a tar archive that is not whole its damage.
  static func prepare(_ path: String, isOurs: Bool, _ context: EngineContext, _ confinement: Confinement) async throws -> (
    path: String, format: DumpFormat
  ) {
    let place = try await reachable(path, isOurs: isOurs, context, confinement)
    let format = try DumpFormat(archiveAt: place)
    if case .tar = format { try await onThread("tar walk") { try TarWalk.verify(place) } }
    return (place, format)
  }

  private static func reachable(
    _ path: String, isOurs: Bool, _ context: EngineContext, _ confinement: Confinement
  ) async throws -> String {
    guard let user = confinement.user else { return path }
    let readable = isOurs ? false : Accounts.isReadable(path)
    if readable { return path }
    var place = path
    if !isOurs {
      place = "\(context.directory)/archive"
      let copy = try await context.tools.run(ToolCommand("/bin/cp", ["-R", "-H", "--reflink=auto", "--", path, place]))
      guard copy.isSuccess else {
        let text = copy.errorText
        throw Fault(text.contains("No space") ? .noSpace : .backupUnreadable, "the archive cannot be copied for the run's user: \(text)")
      }
    }
    let owned = try await context.tools.run(ToolCommand("/bin/chown", ["-R", "-h", "\(user.uid):\(user.gid)", place]))
    guard owned.isSuccess else { throw Fault(.scratchUnusable, "the archive cannot be given to the run's user: \(owned.errorText)") }
    return place
  }
}
