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
  /// Whether a moment of the logs is meant and not a snapshot: the newest, unless `moment` says another.
  package var isOfLogs: Bool
  package var moment: Timestamp?
  package var engine: String
  package var engineVersion: String
  package var gibibytes: Int?
  package var isEncrypted: Bool
  package var takenAt: Timestamp?
  /// Of a copy whose original nobody dates.
  package var isUndatedCopy: Bool?

  /// - Parameter takenAt: What is known of its time otherwise, where RDS does not say it.
  package init(_ snapshot: RDSSnapshot, region: String, takenAt known: Timestamp? = nil) {
    self.region = region
    arn = snapshot.arn
    source = snapshot.source
    isCluster = snapshot.isOfCluster
    isOfLogs = false
    engine = snapshot.engine
    engineVersion = snapshot.engineVersion
    gibibytes = snapshot.gibibytes
    isEncrypted = snapshot.isEncrypted
    takenAt = snapshot.takenAt ?? known
    isUndatedCopy = snapshot.copiedFrom != nil && takenAt == nil
  }

  /// - Parameter moment: Nil for the newest that the logs reach.
  package init(ofLogsOf database: RDSDatabase, at moment: Timestamp?, region: String) {
    self.region = region
    arn = database.arn
    source = database.name
    isCluster = database.isCluster
    isOfLogs = true
    self.moment = moment
    engine = database.engine
    engineVersion = database.engineVersion
    gibibytes = database.gibibytes
    isEncrypted = database.isEncrypted
    takenAt = moment ?? database.latestRestorableTime
  }

  /// For people: `snapshot of postgres 15.4, 20 GiB, encrypted`.
  package var description: String {
    let what = isOfLogs ? moment.map { "moment \($0.readable)" } ?? "newest moment" : "snapshot"
    let size = gibibytes.map { ", \($0) GiB" } ?? ""
    return "RDS \(isCluster ? "cluster " : "")\(what) of \(engine) \(engineVersion)\(size)\(isEncrypted ? ", encrypted" : "")"
      + (isUndatedCopy == true ? ", a copy: RDS tells when it was copied, and not when its data was taken" : "")
  }
}
