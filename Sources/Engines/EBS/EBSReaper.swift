package import AWSClient
package import AWSKit
package import DrillModel
import EngineKit
package import ToolRunner

/// Unmounts, takes off and deletes what dead runs left of their volumes. Never anything without this run's tags, account and time.
package struct EBSReaper: ResourceReaper {
  private let connection: AWSConnection
  private let pace: Pace

  /// - Parameter connection: That of the site's `aws`; the row says the region.
  package init(connection: AWSConnection, pace: Pace = Pace()) {
    self.connection = connection
    self.pace = pace
  }

  package var kinds: [String] { [EBSVolume.kind, EBSAttachment.kind, VolumeMount.kind] }

  package func destroy(_ resource: ScratchResource, of run: RunID, tools: any ToolRunning) async throws {
    if resource.kind == VolumeMount.kind {
      guard let mount = VolumeMount(row: resource, run: run, pace: pace) else { throw unknown(resource) }
      return try await mount.remove()
    }
    if resource.kind == EBSAttachment.kind {
      guard let place = AWSResourceName(resource.name), let instance = EBSAttachment.instance(place, of: run) else {
        throw unknown(resource)
      }
      let attachment = EBSAttachment(
        volume: volume(EBSVolume.place(of: run, region: place.region, account: place.account), run), instance: instance)
      return try await attachment.remove(patience: pace.patience(after: resource.state))
    }
    guard let place = EBSVolume.place(resource) else { throw unknown(resource) }
    try await volume(place, run).remove(patience: pace.patience(after: resource.state))
  }

  private func volume(_ place: AWSResourceName, _ run: RunID) -> EBSVolume {
    EBSVolume(connection: connection, place: place, run: run, pace: pace)
  }

  private func unknown(_ resource: ScratchResource) -> Fault {
    Fault(.scratchUnusable, "the row \(resource.name) names nothing that a run could have made of a volume, so nothing is touched")
  }

  package func remains(_ resource: ScratchResource) -> String? {
    switch resource.kind {
    case EBSAttachment.kind: AWSResourceName(resource.name).map(EBSAttachment.remains)
    case VolumeMount.kind: "Unmount it by hand: umount '\(resource.name)'"
    default: EBSVolume.place(resource).map(EBSVolume.remains)
    }
  }
}
