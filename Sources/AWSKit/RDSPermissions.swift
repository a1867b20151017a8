package import DrillModel

/// What a policy must allow for what every source of RDS has to do ("Actions, resources, and condition keys for Amazon RDS", Service
/// Authorization Reference).
package enum RDSPermissions {
  /// To list snapshots, and to look at one.
  package static func listing(ofClusters isCluster: Bool) -> [CloudPermission] {
    [CloudPermission("rds:DescribeDB\(isCluster ? "Cluster" : "")Snapshots", on: "*", "to list the snapshots")]
  }

  /// To make, wait for and delete a cluster, beside what instances need.
  ///
  /// - Parameters:
  ///   - action: What restores it: `rds:RestoreDBClusterFromSnapshot`.
  ///   - origin: The ARN of what is restored.
  package static func restoringCluster(_ action: String, of origin: String) -> [CloudPermission] {
    let made = "arn:aws:rds:*:*:cluster:drillmark-*"
    let needed = [made, origin, "arn:aws:rds:*:*:subgrp:*", "arn:aws:rds:*:*:cluster-pg:*", "arn:aws:rds:*:*:og:*"]
    // RDS asks for the groups that an instance is made with as well, its default ones among them.
    let ofInstance = [made, "arn:aws:rds:*:*:db:drillmark-*", "arn:aws:rds:*:*:subgrp:*", "arn:aws:rds:*:*:pg:*", "arn:aws:rds:*:*:og:*"]
    let making = ofInstance.map { CloudPermission("rds:CreateDBInstance", on: $0, "to make the instance in it") }
    return needed.map { CloudPermission(action, on: $0, "to restore the cluster") } + making + [
      CloudPermission("rds:AddTagsToResource", on: made, "to mark what is made"),
      CloudPermission("rds:DescribeDBClusters", on: "*", "to wait for it, and to prove before deleting whose it is"),
      CloudPermission("rds:ModifyDBCluster", on: made, "to set a new password, and to lift a deletion protection"),
      CloudPermission("rds:DeleteDBCluster", on: made, "to delete it"),
    ]
  }

  /// What restores a snapshot of a cluster.
  package static let clusterRestore = ("rds:RestoreDBClusterFromSnapshot", "arn:aws:rds:*:*:cluster-snapshot:*")
}
