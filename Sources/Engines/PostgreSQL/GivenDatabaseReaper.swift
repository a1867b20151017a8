package import DrillConfig
package import DrillModel
package import EngineKit
import PostgreSQLKit
package import ToolRunner

/// Drops what dead runs left on given servers, which it reaches through the secrets of the site's drills.
package struct GivenDatabaseReaper: ResourceReaper {
  private let references: [SecretReference]
  private let secrets: SecretReader

  /// - Parameter references: Those of every drill of the site that was given a server.
  package init(references: [SecretReference], secrets: SecretReader) {
    self.references = references
    self.secrets = secrets
  }

  package var kinds: [String] { [GivenDatabaseName.kind] }

  /// Looks for the server with the identity that the row holds, and drops the database there when name, marker and row agree.
  package func destroy(_ resource: ScratchResource, of run: RunID, tools: any ToolRunning) async throws {
    guard let name = GivenDatabaseName(resource.name), name.belongs(to: run) else {
      throw Fault(.scratchUnusable, "the row \(resource.name) names no database that run \(run) could have made, so nothing is dropped")
    }
    var obstacles: [String] = []
    var seen: Set<SecretReference> = []
    for reference in references where seen.insert(reference).inserted {
      let server: GivenServer
      do { server = try await reach(reference, tools) } catch let fault as Fault {
        obstacles.append(fault.message)
        continue
      }
      if server.facts.system == name.system {
        return try await onThread("pg drop") { try GivenDatabase(name: name, run: run, administrator: server.administrator).drop() }
      }
      obstacles.append("\(reference.place) leads to another server")
    }
    let why = obstacles.isEmpty ? "no drill of this site is given a server any more" : obstacles.joined(separator: "; ")
    throw Fault(
      .scratchUnusable, "the database \(name.database) on \(name.place) (system \(name.system)) cannot be reached: \(why)",
      advice: "Bring the drill and its secret back and run `drillmark cleanup`, or remove it by hand: \(name.byHand)")
  }

  private func reach(_ reference: SecretReference, _ tools: any ToolRunning) async throws -> GivenServer {
    let conninfo = try await secrets.fetch(reference, tools: tools)
    return try await onThread("pg reaper") { try GivenServer.reach(conninfo) }
  }
}
