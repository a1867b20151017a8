package import AWSClient
import AWSKit
package import DrillConfig
package import DrillModel
package import EngineKit
package import Selecting

/// Snapshots of EBS volumes in this account. No bytes pass through us.
package struct EBSSource: BackupSource {
  private let place: EBSPlace
  private let text: String
  private let connection: AWSConnection

  init(_ place: EBSPlace, text: String, connection: AWSConnection) {
    self.place = place
    self.text = text
    self.connection = connection
  }

  /// How drill files name this source.
  ///
  /// - Parameter aws: Shared with whatever else of the process asks AWS.
  package static func kind(aws: AWSConnections) -> SourceKind<any BackupSource> {
    SourceKind(
      name: "ebs", schemes: ["ebs"],
      summary: "Snapshots of an Amazon EBS volume (`ebs:VOLUME`), or those with a tag (`ebs:tag:NAME=VALUE`).",
      section: Keys.section, initial: Keys()
    ) { keys, location, context in
      var settings = context.aws
      settings.region = keys.region ?? settings.region
      return EBSSource(try EBSPlace(location.rest), text: location.text, connection: aws.connection(settings))
    }
  }

  private struct Keys: Sendable {
    var region: String?

    static let section = Section<Keys>([
      Key("region", \.region, .nonEmptyString, default: "the region of the site's `aws`", "The region that holds the snapshots.")
    ])
  }

  package var location: String { "snapshots of \(text)" }
  package var localDirectories: [String] { [] }
  package var clockError: Duration { connection.clockSkew }
  package var permissions: [CloudPermission] { [CloudPermission("ec2:DescribeSnapshots", on: "*", "to list the snapshots")] }

  package func artefacts() async throws -> [Artefact] { try await snapshots().map(artefact) }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    guard let found = try await snapshots().first(where: { $0.id == artefact.name }) else {
      throw Fault(.backupUnreadable, "the snapshot \(artefact.name) is gone since it was listed", advice: "See who deletes snapshots")
    }
    return .handle(try EBSRecoveryPoint(found, region: try region).handle)
  }

  private var region: String {
    get throws {
      if let region = try connection.region() { return region }
      throw Fault(
        .configuration, "nothing says in which region \(text) is", advice: "Write `region` in the drill's `backup`, or `aws.region`")
    }
  }

  private func snapshots() async throws -> [EC2Snapshot] {
    let (connection, place, region) = (connection, place, try region)
    do {
      return try await askAWS { http, options in
        try EC2Client(connection, region: region, http: http, options: options).snapshots((place.filter, place.value))
      }
    } catch let failure as AWSFailure {
      throw failure.fault(during: "listing the snapshots of \(text)", action: "ec2:DescribeSnapshots", else: .sourceUnreachable)
    }
  }

  private func artefact(_ snapshot: EC2Snapshot) -> Artefact {
    var artefact = Artefact(location: "ebs:\(snapshot.id)", name: snapshot.id, bytes: nil, modified: nil)
    let isUnborn = snapshot.state == "pending"
    artefact.takenAt = isUnborn || snapshot.isCopy ? nil : snapshot.startedAt
    // It puts copies in order, and dates them only where the drill trusts it.
    if snapshot.isCopy, !isUnborn { artefact.modified = snapshot.startedAt }
    artefact.isBeingWritten = isUnborn
    artefact.isFinal = !isUnborn
    switch snapshot.state {
    case "completed":
      if snapshot.isArchived {
        artefact.obstacle =
          "archived: bring it back first (aws ec2 restore-snapshot-tier --snapshot-id \(snapshot.id)), which takes up to 72 hours"
      } else if snapshot.startedAt == nil {
        artefact.obstacle = "EC2 does not say when it was taken"
      }
    case "pending": artefact.obstacle = "still pending\(snapshot.progress.map { ", \($0) done" } ?? ""): it cannot be restored yet"
    case "error": artefact.obstacle = "its creation failed"
    case "recoverable", "recovering": artefact.obstacle = "it lies in the Recycle Bin"
    default: artefact.obstacle = "its state is \(snapshot.state)"
    }
    return artefact
  }
}
