package import DrillModel
import Foundation
import Glibc
import ToolRunner

extension TemplateShelf {
  /// Gives the path of a template, making it when it is not there yet. To be called while the shelf is in use.
  ///
  /// - Parameters:
  ///   - name: Begins with the shelf's family and changes whenever what the template holds does.
  ///   - isWhole: Whether what lies at a path is the template.
  ///   - build: Makes the directory it is given, with all that the template shall hold; the directory is removed afterwards.
  /// - Throws: `Fault` with code `permission_denied`, `scratch_unusable` or `tool_failed`, and what `build` throws.
  package func provide(
    _ name: String, _ context: EngineContext, isWhole: (String) -> Bool, build: (_ workshop: String) async throws -> Void
  ) async throws -> String {
    let path = "\(directory)/\(name)"
    if isWhole(path) {
      mark(path, at: context.clocks.now())
      return path
    }
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw Fault(
        .permissionDenied, "the directory \(directory) for templates of servers cannot be made",
        advice: "Set XDG_CACHE_HOME to a directory that the user who runs Drillmark can write")
    }
    let workshop = "\(context.directory)/template"
    try await build(workshop)
    try await install(workshop, at: path, context)
    guard isWhole(path) else { throw TemplateShelf.unreadable(path) }
    return path
  }

  /// What a run is told whose template is not what it should be.
  package static func unreadable(_ path: String) -> Fault {
    Fault(.scratchUnusable, "the server template at \(path) cannot be read back", advice: "Remove \(path) and run the drill again")
  }

  /// Copies a made template to its place under a name of its own first, so that no half of one is ever found there.
  private func install(_ workshop: String, at path: String, _ context: EngineContext) async throws {
    let temporary = "\(path).\(RandomText.hex(4))"
    // Most of a new server's log is zeros; as holes they need not be copied for every server.
    let copy = try await context.tools.run(ToolCommand("/bin/cp", ["-a", "--sparse=always", workshop, temporary]))
    guard copy.isSuccess, chown(temporary, geteuid(), getegid()) == 0, chmod(temporary, 0o700) == 0 else {
      let text = copy.errorText.split(separator: "\n").suffix(2).joined(separator: "; ")
      throw Fault(
        text.contains("No space left") ? .noSpace : .toolFailed, "a server template cannot be copied to \(path): \(text)",
        advice: "Check the space and owner of \(directory)")
    }
    try FileManager.default.removeItem(atPath: workshop)
    // Another run may have been quicker; its template is as good.
    if rename(temporary, path) != 0 { try? FileManager.default.removeItem(atPath: temporary) }
  }
}
