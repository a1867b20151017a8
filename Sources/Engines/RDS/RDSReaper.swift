package import AWSClient
package import AWSKit
package import DrillModel
import EngineKit
package import ToolRunner

/// Deletes what dead runs left in RDS. Never anything without this run's name, account and tag.
package struct RDSReaper: ResourceReaper {
  private let connection: AWSConnection
  private let pace: Pace

  /// - Parameter connection: That of the site's `aws`; the row says the region.
  package init(connection: AWSConnection, pace: Pace = Pace()) {
    self.connection = connection
    self.pace = pace
  }

  package var kinds: [String] { [RDSResource.instanceKind, RDSResource.clusterKind] }

  package func destroy(_ resource: ScratchResource, of run: RunID, tools: any ToolRunning) async throws {
    guard let known = RDSResource(resource) else {
      throw Fault(.scratchUnusable, "the row \(resource.name) names nothing that a run could have made in RDS, so nothing is deleted")
    }
    let workshop = RDSWorkshop(connection: connection, resource: known, run: run, pace: pace)
    try await workshop.remove(patience: pace.patience(after: resource.state))
  }

  package func remains(_ resource: ScratchResource) -> String? { RDSResource(resource)?.remains }
}
