package import DrillModel

/// An instance or a cluster as RDS describes it ("DBInstance", "DBCluster", Amazon RDS API Reference).
package struct RDSDatabase: Sendable, Hashable {
  package var name: String
  package var arn: String
  package var isCluster: Bool
  /// In lower case: `creating`, `available`, `incompatible-restore`, …
  package var status: String
  /// `db.t4g.medium`; of a Multi-AZ DB cluster that of each of its instances, nil for one of Aurora.
  package var instanceClass: String?
  package var engine: String
  package var engineVersion: String
  /// Missing until it can be reached. A cluster's is that of its writer.
  package var host: String?
  package var port: Int?
  package var user: String?
  /// The database made with it; nil when there was none.
  package var database: String?
  package var gibibytes: Int?
  package var isEncrypted: Bool
  /// How far its logs reach; missing where no backups are kept.
  package var latestRestorableTime: Timestamp?
  /// How far back they go; of clusters alone.
  package var earliestRestorableTime: Timestamp?
  package var isProtected: Bool
  package var isPublic: Bool
  /// Of a cluster: how many instances are in it, nil where RDS does not say.
  package var instances: Int?
  /// Whether a new password has been asked for and is not set yet.
  package var awaitsPassword: Bool
  package var tags: [String: String]

  /// Nil for an element without a name.
  init?(_ element: XMLElement, isCluster: Bool) {
    func text(_ name: String) -> String? { element.text(name).flatMap { $0.isEmpty ? nil : $0 } }
    guard let name = text(isCluster ? "DBClusterIdentifier" : "DBInstanceIdentifier") else { return nil }
    self.name = name
    self.isCluster = isCluster
    arn = text(isCluster ? "DBClusterArn" : "DBInstanceArn") ?? ""
    status = (text(isCluster ? "Status" : "DBInstanceStatus") ?? "").lowercased()
    instanceClass = text(isCluster ? "DBClusterInstanceClass" : "DBInstanceClass")
    engine = text("Engine")?.lowercased() ?? ""
    engineVersion = text("EngineVersion") ?? ""
    host = isCluster ? text("Endpoint") : element["Endpoint"]?.text("Address").flatMap { $0.isEmpty ? nil : $0 }
    port = (isCluster ? text("Port") : element["Endpoint"]?.text("Port")).flatMap { Int($0) }
    user = text("MasterUsername")
    database = text(isCluster ? "DatabaseName" : "DBName")
    gibibytes = text("AllocatedStorage").flatMap { Int($0) }
    isEncrypted = text("StorageEncrypted") == "true"
    latestRestorableTime = text("LatestRestorableTime").flatMap { Timestamp(rfc3339: $0) }
    earliestRestorableTime = text("EarliestRestorableTime").flatMap { Timestamp(rfc3339: $0) }
    isProtected = text("DeletionProtection") == "true"
    isPublic = text("PubliclyAccessible") == "true"
    awaitsPassword = element["PendingModifiedValues"]?["MasterUserPassword"] != nil
    instances = isCluster ? element["DBClusterMembers"]?.children.count : nil
    tags = RDSDatabase.tags(element["TagList"])
  }

  private static func tags(_ list: XMLElement?) -> [String: String] {
    let pairs = (list?.children ?? []).compactMap { tag in tag.text("Key").map { ($0, tag.text("Value") ?? "") } }
    return Dictionary(pairs) { first, _ in first }
  }
}
