package import AWSClient
package import AWSKit
package import DrillModel
import EngineKit
package import ToolRunner

/// Deletes volumes that dead runs left. Never anything without this run's tags, account and time.
package struct EBSReaper: ResourceReaper {
  private let connection: AWSConnection
  private let pace: Pace

  /// - Parameter connection: That of the site's `aws`; the row says the region.
  package init(connection: AWSConnection, pace: Pace = Pace()) {
    self.connection = connection
    self.pace = pace
  }

  package var kinds: [String] { [EBSVolume.kind] }

  package func destroy(_ resource: ScratchResource, of run: RunID, tools: any ToolRunning) async throws {
    guard let place = EBSVolume.place(resource) else {
      throw Fault(.scratchUnusable, "the row \(resource.name) names no volume that a run could have made, so nothing is deleted")
    }
    try await EBSVolume(connection: connection, place: place, run: run, pace: pace).remove(wasMade: resource.state != .intended)
  }

  package func remains(_ resource: ScratchResource) -> String? { EBSVolume.place(resource).map(EBSVolume.remains) }
}
