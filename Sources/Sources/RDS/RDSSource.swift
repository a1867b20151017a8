import AWSClient
import AWSKit
import DrillModel
package import EngineKit
package import Selecting

/// Snapshots of an RDS instance or cluster, or the newest moment that its logs reach. No bytes pass through us.
package struct RDSSource: BackupSource {
  let place: RDSPlace
  private let text: String
  private let connection: AWSConnection
  let usesLogs: Bool
  /// Of the logs; nil for the newest.
  private let moment: Timestamp?
  private let takesShared: Bool

  init(_ place: RDSPlace, text: String, connection: AWSConnection, usesLogs: Bool, moment: Timestamp? = nil, takesShared: Bool) {
    self.place = place
    self.text = text
    self.connection = connection
    self.usesLogs = usesLogs
    self.moment = moment
    self.takesShared = takesShared
  }

  package var location: String { usesLogs ? "\(text), a moment of its logs" : "snapshots of \(text)" }
  package var localDirectories: [String] { [] }
  package var clockError: Duration { connection.clockSkew }

  package func artefacts() async throws -> [Artefact] {
    let region = try self.region
    if usesLogs { return [momentOfLogs(of: try await database(in: region))] }
    let found = try await snapshots(in: region)
    let times = Dictionary(found.map { ($0.arn, $0.takenAt) }) { first, _ in first }
    return found.map { artefact($0, takenAt: $0.takenAt ?? $0.copiedFrom.flatMap { times[$0] ?? nil }) }
  }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    let region = try self.region
    if usesLogs { return .handle(try RDSRecoveryPoint(ofLogsOf: try await database(in: region), at: moment, region: region).handle) }
    guard let found = try await snapshots(in: region, name: artefact.name).first(where: { $0.arn == artefact.location }) else {
      throw Fault(.backupUnreadable, "the snapshot \(artefact.name) is gone since it was listed", advice: "See who deletes snapshots")
    }
    return .handle(try RDSRecoveryPoint(found, region: region, takenAt: artefact.takenAt).handle)
  }

  /// - Throws: `Fault` with code `configuration` when nothing says it.
  private var region: String {
    get throws {
      if let region = try connection.region() { return region }
      throw Fault(
        .configuration, "nothing says in which region \(text) is", advice: "Write `region` in the drill's `backup`, or `aws.region`")
    }
  }

  private func snapshots(in region: String, name: String? = nil) async throws -> [RDSSnapshot] {
    let (connection, place) = (connection, place)
    let types: [String?] = [nil, "awsbackup"] + (takesShared ? ["shared"] : [])
    let action = place.isCluster ? "DescribeDBClusterSnapshots" : "DescribeDBSnapshots"
    do {
      return try await askAWS { http, options in
        let client = RDSClient(connection, region: region, http: http, options: options)
        var found: [String: RDSSnapshot] = [:]
        for type in types {
          for snapshot in try client.snapshots(of: place.name, isCluster: place.isCluster, type: type, name: name) {
            found[snapshot.arn] = snapshot
          }
        }
        return found.values.sorted { $0.arn < $1.arn }
      }
    } catch let failure as AWSFailure {
      throw failure.fault(during: "listing the snapshots of \(text)", action: "rds:\(action)", else: .sourceUnreachable)
    }
  }

  private func database(in region: String) async throws -> RDSDatabase {
    let (connection, place) = (connection, place)
    do {
      let found = try await askAWS { http, options in
        try RDSClient(connection, region: region, http: http, options: options).database(place.name, isCluster: place.isCluster)
      }
      if let found { return found }
    } catch let failure as AWSFailure {
      let action = place.isCluster ? "rds:DescribeDBClusters" : "rds:DescribeDBInstances"
      throw failure.fault(during: "looking at \(text)", action: action, else: .sourceUnreachable)
    }
    throw Fault(
      .nothingToRestore,
      "there is no \(place.isCluster ? "cluster" : "instance") \(place.name) in \(region), so nothing says how far its logs reach",
      advice: "Correct `from` or `region`; of one that is gone only snapshots can be restored")
  }

  private func momentOfLogs(of database: RDSDatabase) -> Artefact {
    var artefact = Artefact(location: database.arn, name: database.name, bytes: nil, modified: nil)
    artefact.takenAt = moment ?? database.latestRestorableTime
    guard let latest = database.latestRestorableTime else {
      artefact.obstacle = "its logs are not kept: point-in-time recovery needs a backup retention of a day or more"
      return artefact
    }
    if let moment, moment > latest { artefact.obstacle = "its logs reach to \(latest.readable) only" }
    if let moment, let earliest = database.earliestRestorableTime, moment < earliest {
      artefact.obstacle = "its logs go back to \(earliest.readable) only"
    }
    return artefact
  }

  private func artefact(_ snapshot: RDSSnapshot, takenAt: Timestamp?) -> Artefact {
    var artefact = Artefact(location: snapshot.arn, name: snapshot.name, bytes: nil, modified: nil)
    // While it is being made its time may come and go, and says nothing of when it can be restored.
    let isUnborn = snapshot.status == "creating" || snapshot.status == "copying"
    artefact.takenAt = isUnborn ? nil : takenAt
    // The time of a copying puts copies in order, and dates them only where the drill trusts it.
    if takenAt == nil, snapshot.copiedFrom != nil, !isUnborn { artefact.modified = snapshot.createdAt }
    artefact.isFinal = !isUnborn
    switch snapshot.status {
    case "available":
      if takenAt == nil, artefact.modified == nil { artefact.obstacle = "RDS does not say when it was taken" }
    case "creating", "copying":
      artefact.isBeingWritten = true
      let percent = snapshot.percent.map { ", \($0) % done" } ?? ""
      artefact.obstacle = "still \(snapshot.status)\(percent): it cannot be restored yet"
    case "failed": artefact.obstacle = "its creation failed"
    default: artefact.obstacle = "its status is \(snapshot.status)"
    }
    return artefact
  }
}
