package import AWSClient
import AWSKit
package import DrillConfig
package import DrillModel
package import EngineKit
package import Selecting

/// The recovery points that a vault of AWS Backup holds of one RDS instance or cluster. No bytes pass through us.
package struct VaultSource: BackupSource {
  private let vault: String
  private let resource: RDSName
  private let connection: AWSConnection

  init(vault: String, resource: RDSName, connection: AWSConnection) {
    self.vault = vault
    self.resource = resource
    self.connection = connection
  }

  /// How drill files name this source.
  ///
  /// - Parameter aws: Shared with whatever else of the process asks AWS.
  package static func kind(aws: AWSConnections) -> SourceKind<any BackupSource> {
    SourceKind(
      name: "aws-backup", schemes: ["aws-backup"],
      summary: "Recovery points of an RDS instance or cluster in a vault of AWS Backup (`aws-backup:VAULT`).",
      section: Keys.section, initial: Keys()
    ) { keys, location, context in
      guard VaultSource.isVault(location.rest) else {
        context.report(
          "what follows aws-backup: is no name of a vault", at: "from", suggestion: "2 to 50 letters, digits, dashes and underscores")
        return nil
      }
      guard let resource = RDSName(arn: keys.resource) else {
        context.report(
          "the resource is no RDS instance or cluster, which is all that this source can read so far", at: "resource",
          suggestion: "write its ARN, such as arn:aws:rds:eu-west-1:123456789012:db:orders")
        return nil
      }
      var settings = context.aws
      settings.region = keys.region ?? resource.region
      return VaultSource(vault: location.rest, resource: resource, connection: aws.connection(settings))
    }
  }

  private struct Keys: Sendable {
    var resource = ""
    var region: String?

    static let section = Section<Keys>([
      Key("resource", \.resource, .nonEmptyString, required: true, "The ARN of the instance or cluster that the points are of."),
      Key("region", \.region, .nonEmptyString, default: "that of the resource", "The region of the vault."),
    ])
  }

  /// The names that CreateBackupVault takes (AWS Backup API Reference).
  private static func isVault(_ name: String) -> Bool {
    (2...50).contains(name.utf8.count)
      && name.utf8.allSatisfy {
        (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
      }
  }

  package var location: String { "vault \(vault), of \(resource.arn)" }
  package var localDirectories: [String] { [] }
  package var clockError: Duration { connection.clockSkew }

  package var permissions: [CloudPermission] {
    let (action, origin) = RDSPermissions.clusterRestore
    return [
      CloudPermission(
        "backup:ListRecoveryPointsByBackupVault", on: "arn:aws:backup:*:*:backup-vault:\(vault)", "to list the recovery points")
    ] + RDSPermissions.listing(ofClusters: resource.isCluster)
      + (resource.isCluster ? RDSPermissions.restoringCluster(action, of: origin) : [])
  }

  package func artefacts() async throws -> [Artefact] {
    let (connection, vault, resource) = (connection, vault, resource)
    do {
      let points = try await askAWS { http, options in
        let region = try connection.region() ?? resource.region
        return try BackupClient(connection, region: region, http: http, options: options).recoveryPoints(
          vault: vault, resource: resource.arn)
      }
      // A continuous one is of no moment, and those that are going are nobody's to restore.
      return points.filter { !$0.isContinuous && $0.status != "EXPIRED" && $0.status != "DELETING" && $0.resource == resource.arn }.map(
        VaultSource.artefact)
    } catch let failure as AWSFailure {
      throw failure.fault(
        during: "listing the vault \(vault)", action: "backup:ListRecoveryPointsByBackupVault", else: .sourceUnreachable)
    }
  }

  static func artefact(_ point: BackupPoint) -> Artefact {
    var artefact = Artefact(
      location: point.arn, name: RDSName.snapshot(ofPoint: point.arn) ?? point.arn, bytes: nil, modified: nil)
    artefact.takenAt = point.status == "CREATING" ? nil : point.createdAt
    artefact.isFinal = point.status != "CREATING"
    switch point.status {
    case "COMPLETED", "AVAILABLE":
      if point.createdAt == nil { artefact.obstacle = "AWS Backup does not say when it was taken" }
    case "CREATING":
      artefact.isBeingWritten = true
      artefact.obstacle = "still being made: it cannot be restored yet"
    case "PARTIAL": artefact.obstacle = "only a part of it was backed up"
    default: artefact.obstacle = "its status is \(InertText.line(point.status, limit: 40))"
    }
    return artefact
  }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    let (connection, resource) = (connection, resource)
    guard let name = RDSName.snapshot(ofPoint: artefact.location), let point = AWSResourceName(artefact.location) else {
      throw Fault(
        .configuration, "\(artefact.location) is no snapshot of RDS, so that only AWS Backup can restore it",
        advice: "Have AWS Backup restore it, and run `drillmark validate-restore`")
    }
    do {
      let found = try await askAWS { http, options in
        try RDSClient(connection, region: point.region, http: http, options: options).snapshots(
          of: resource.name, isCluster: resource.isCluster, type: "awsbackup", name: name)
      }
      guard let snapshot = found.first(where: { $0.arn == artefact.location }) else {
        throw Fault(.backupUnreadable, "the snapshot \(name) is gone since it was listed", advice: "See the lifecycle of the backup plan")
      }
      // A copy lies in the region of its vault, and keeps the time that AWS Backup gave to its original.
      return .handle(try RDSRecoveryPoint(snapshot, region: point.region, takenAt: artefact.takenAt).handle)
    } catch let failure as AWSFailure {
      let action = "rds:DescribeDB\(resource.isCluster ? "Cluster" : "")Snapshots"
      throw failure.fault(during: "looking for the snapshot \(name)", action: action, else: .sourceUnreachable)
    }
  }
}
