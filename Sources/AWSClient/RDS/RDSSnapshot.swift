package import DrillModel

/// A snapshot as RDS lists it, of an instance or of a cluster ("DBSnapshot", "DBClusterSnapshot", Amazon RDS API Reference).
package struct RDSSnapshot: Sendable, Hashable {
  /// `rds:orders-2026-11-21-04-05` for an automated one.
  package var name: String
  package var arn: String
  /// The instance or cluster that it was taken of.
  package var source: String
  package var isOfCluster: Bool
  /// `available`, `creating`, `failed`, `deleting`, `copying`.
  package var status: String
  /// `automated`, `manual`, `awsbackup`, `shared`.
  package var type: String
  /// `postgres`, `aurora-postgresql`, `mysql`, …
  package var engine: String
  package var engineVersion: String
  package var gibibytes: Int?
  package var isEncrypted: Bool
  package var percent: Int?
  /// When it was taken; a copy has the time of the copying. Missing while it is being created.
  package var createdAt: Timestamp?
  /// The same of the snapshot that a copy was made of.
  package var originallyCreatedAt: Timestamp?
  /// The newest transaction in it, which for a replica lags behind.
  package var databaseTime: Timestamp?
  /// The ARN of the snapshot that it was copied from; nil for one that is no copy.
  package var copiedFrom: String?

  /// The moment that the data in it is of, the earliest of what RDS says; nil when it says nothing, which of a copy of a cluster's is so
  /// unless the name of the original tells.
  package var takenAt: Timestamp? {
    let own = copiedFrom == nil ? createdAt : copiedFrom.flatMap { RDSSnapshot.moment(inName: $0) }
    guard let created = originallyCreatedAt ?? own else { return databaseTime }
    return min(created, databaseTime ?? created)
  }

  /// The moment in the name that RDS gives to an automated snapshot, in UTC: `…:rds:orders-2026-11-21-04-05`; nil for another's.
  private static func moment(inName arn: String) -> Timestamp? {
    guard let match = arn.wholeMatch(of: /.*snapshot:rds:.*-(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)/) else { return nil }
    return Timestamp(rfc3339: "\(match.1)T\(match.2):\(match.3):00Z")
  }

  /// Nil for an element without a name or status.
  init?(_ element: XMLElement, ofCluster: Bool) {
    let prefix = ofCluster ? "DBCluster" : "DB"
    func text(_ name: String) -> String? { element.text(name).flatMap { $0.isEmpty ? nil : $0 } }
    func time(_ name: String) -> Timestamp? { text(name).flatMap { Timestamp(rfc3339: $0) } }
    guard let name = text("\(prefix)SnapshotIdentifier"), let status = text("Status") else { return nil }
    self.name = name
    arn = text("\(prefix)SnapshotArn") ?? ""
    source = text(ofCluster ? "DBClusterIdentifier" : "DBInstanceIdentifier") ?? ""
    isOfCluster = ofCluster
    self.status = status.lowercased()
    type = text("SnapshotType")?.lowercased() ?? ""
    engine = text("Engine")?.lowercased() ?? ""
    engineVersion = text("EngineVersion") ?? ""
    gibibytes = text("AllocatedStorage").flatMap { Int($0) }
    isEncrypted = (text("Encrypted") ?? text("StorageEncrypted")) == "true"
    percent = text("PercentProgress").flatMap { Int($0) }
    createdAt = time("SnapshotCreateTime")
    originallyCreatedAt = time("OriginalSnapshotCreateTime")
    databaseTime = time("SnapshotDatabaseTime")
    copiedFrom = text(ofCluster ? "SourceDBClusterSnapshotArn" : "SourceDBSnapshotIdentifier")
  }
}
