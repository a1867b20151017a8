package import DrillModel

/// What RDS is asked to make of a recovery point. Whatever is made is private, unprotected, in one zone and keeps no backups.
package struct RDSRestore: Sendable, Hashable {
  /// Of the instance or the cluster that is made.
  package var name: String
  package var origin: Origin
  /// Nil leaves the class of the original. Of a cluster it is that of the instances that RDS makes with it, if it makes them.
  package var instanceClass: String?
  /// Whether the cluster is a Multi-AZ DB cluster, whose instances RDS makes and deletes with it.
  package var makesMembers = false
  package var subnetGroup: String?
  package var securityGroups: [String] = []
  /// Of instances, or of clusters where a cluster is made.
  package var parameterGroup: String?
  package var optionGroup: String?
  package var storageType: String?
  /// Of the storage, a second; Aurora takes none.
  package var iops: Int?
  /// For clusters alone: an instance is encrypted with the key of its snapshot.
  package var kmsKey: String?
  package var port: Int?
  /// For clusters of Aurora Serverless v2 alone: the fewest and the most capacity units.
  package var capacity: ClosedRange<Double>?
  package var tags: [String: String] = [:]

  package enum Origin: Sendable, Hashable {
    /// A snapshot by its ARN, which also names a shared one, or by its name; `engine` is what a cluster's is.
    case snapshot(String, engine: String)
    /// A moment that the logs of this instance or cluster reach; nil for the newest.
    case moment(of: String, Timestamp?)
  }

  package init(name: String, origin: Origin) {
    self.name = name
    self.origin = origin
  }

  var instanceAction: String {
    if case .snapshot = origin { "RestoreDBInstanceFromDBSnapshot" } else { "RestoreDBInstanceToPointInTime" }
  }

  var clusterAction: String {
    if case .snapshot = origin { "RestoreDBClusterFromSnapshot" } else { "RestoreDBClusterToPointInTime" }
  }

  var instanceParameters: [(String, String)] {
    var all: [(String, String)] =
      switch origin {
      case .snapshot(let arn, _): [("DBInstanceIdentifier", name), ("DBSnapshotIdentifier", arn)]
      case .moment(let source, let time):
        [("TargetDBInstanceIdentifier", name), ("SourceDBInstanceIdentifier", source), RDSRestore.parameter(of: time, "RestoreTime")]
      }
    if let instanceClass { all.append(("DBInstanceClass", instanceClass)) }
    if let parameterGroup { all.append(("DBParameterGroupName", parameterGroup)) }
    all += [("MultiAZ", "false"), ("PubliclyAccessible", "false"), ("AutoMinorVersionUpgrade", "false"), ("BackupRetentionPeriod", "0")]
    return all + common
  }

  var clusterParameters: [(String, String)] {
    var all: [(String, String)] =
      switch origin {
      case .snapshot(let arn, let engine): [("DBClusterIdentifier", name), ("SnapshotIdentifier", arn), ("Engine", engine)]
      case .moment(let source, let time):
        [("DBClusterIdentifier", name), ("SourceDBClusterIdentifier", source), RDSRestore.parameter(of: time, "RestoreToTime")]
      }
    if let parameterGroup { all.append(("DBClusterParameterGroupName", parameterGroup)) }
    if let kmsKey { all.append(("KmsKeyId", kmsKey)) }
    if let capacity {
      all += [
        ("ServerlessV2ScalingConfiguration.MinCapacity", "\(capacity.lowerBound)"),
        ("ServerlessV2ScalingConfiguration.MaxCapacity", "\(capacity.upperBound)"),
      ]
    }
    if makesMembers {
      if let instanceClass { all.append(("DBClusterInstanceClass", instanceClass)) }
      all.append(("PubliclyAccessible", "false"))
    }
    // A cluster keeps backups for one day at the least.
    all.append(("BackupRetentionPeriod", "1"))
    return all + common
  }

  private static func parameter(of time: Timestamp?, _ name: String) -> (String, String) {
    time.map { (name, "\($0)") } ?? ("UseLatestRestorableTime", "true")
  }

  private var common: [(String, String)] {
    var all = [("DeletionProtection", "false"), ("CopyTagsToSnapshot", "false")]
    if let subnetGroup { all.append(("DBSubnetGroupName", subnetGroup)) }
    if let optionGroup { all.append(("OptionGroupName", optionGroup)) }
    if let storageType { all.append(("StorageType", storageType)) }
    if let iops { all.append(("Iops", "\(iops)")) }
    if let port { all.append(("Port", "\(port)")) }
    for (index, group) in securityGroups.enumerated() { all.append(("VpcSecurityGroupIds.VpcSecurityGroupId.\(index + 1)", group)) }
    return all + RDSRestore.parameters(of: tags)
  }

  static func parameters(of tags: [String: String]) -> [(String, String)] {
    tags.sorted { $0.key < $1.key }.enumerated().flatMap { index, tag in
      [("Tags.Tag.\(index + 1).Key", tag.key), ("Tags.Tag.\(index + 1).Value", tag.value)]
    }
  }
}

/// The one instance of a cluster that was restored.
package struct RDSClusterMember: Sendable, Hashable {
  package var name: String
  package var cluster: String
  package var engine: String
  package var instanceClass: String
  package var tags: [String: String]

  package init(name: String, cluster: String, engine: String, instanceClass: String, tags: [String: String]) {
    self.name = name
    self.cluster = cluster
    self.engine = engine
    self.instanceClass = instanceClass
    self.tags = tags
  }

  var parameters: [(String, String)] {
    [
      ("DBInstanceIdentifier", name), ("DBClusterIdentifier", cluster), ("DBInstanceClass", instanceClass), ("Engine", engine),
      ("PubliclyAccessible", "false"), ("AutoMinorVersionUpgrade", "false"), ("CopyTagsToSnapshot", "false"),
    ] + RDSRestore.parameters(of: tags)
  }
}
