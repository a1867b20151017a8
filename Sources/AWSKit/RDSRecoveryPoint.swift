package import AWSClient
package import DrillModel
import Foundation

/// What a source of RDS snapshots hands to the engine that restores them, in place of bytes.
package struct RDSRecoveryPoint: Sendable, Hashable, Codable {
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

  /// Reads a handle.
  ///
  /// - Throws: `Fault` with code `internal_error` for a handle of another source.
  package init(handle: String) throws {
    guard let point = try? JSONDecoder().decode(RDSRecoveryPoint.self, from: Data(handle.utf8)) else {
      throw Fault(
        .configuration, "the engine rds restores what `from: rds:INSTANCE` lists, and was given something else",
        advice: "Write `from: rds:INSTANCE`, or use the engine that fits the backups")
    }
    self = point
  }

  /// For `OpenedArtefact.handle`.
  ///
  /// - Throws: what the encoder throws, which it does not for these values.
  package var handle: String {
    get throws { String(decoding: try JSONEncoder().encode(self), as: UTF8.self) }
  }

  /// For people: `snapshot of postgres 15.4, 20 GiB, encrypted`.
  package var description: String {
    let what = isLatestMoment ? "newest moment" : "snapshot"
    let size = gibibytes.map { ", \($0) GiB" } ?? ""
    return "RDS \(isCluster ? "cluster " : "")\(what) of \(engine) \(engineVersion)\(size)\(isEncrypted ? ", encrypted" : "")"
  }
}
