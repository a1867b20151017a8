package import AWSClient
package import DrillModel

/// A recovery point of RDS: what is restored, by its name alone.
package struct RDSRecoveryPoint: SnapshotHandle, Hashable {
  package static let engine = "rds"
  package static let origin = "rds:INSTANCE"

  package var region: String
  /// Of the snapshot; of the instance or cluster itself for its newest moment.
  package var arn: String
  /// The instance or cluster that it was taken of.
  package var source: String
  package var isCluster: Bool
  /// Whether the newest moment of the logs is meant and not a snapshot.
  package var isLatestMoment: Bool
  package var engine: String
  package var engineVersion: String
  package var gibibytes: Int?
  package var isEncrypted: Bool
  package var takenAt: Timestamp?

  package init(_ snapshot: RDSSnapshot, region: String) {
    self.region = region
    arn = snapshot.arn
    source = snapshot.source
    isCluster = snapshot.isOfCluster
    isLatestMoment = false
    engine = snapshot.engine
    engineVersion = snapshot.engineVersion
    gibibytes = snapshot.gibibytes
    isEncrypted = snapshot.isEncrypted
    takenAt = snapshot.takenAt
  }

  package init(latestMomentOf database: RDSDatabase, region: String) {
    self.region = region
    arn = database.arn
    source = database.name
    isCluster = database.isCluster
    isLatestMoment = true
    engine = database.engine
    engineVersion = database.engineVersion
    gibibytes = database.gibibytes
    isEncrypted = database.isEncrypted
    takenAt = database.latestRestorableTime
  }

  /// For people: `snapshot of postgres 15.4, 20 GiB, encrypted`.
  package var description: String {
    let what = isLatestMoment ? "newest moment" : "snapshot"
    let size = gibibytes.map { ", \($0) GiB" } ?? ""
    return "RDS \(isCluster ? "cluster " : "")\(what) of \(engine) \(engineVersion)\(size)\(isEncrypted ? ", encrypted" : "")"
  }
}
