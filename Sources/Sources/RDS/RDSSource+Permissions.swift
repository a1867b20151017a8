package import DrillModel

extension RDSSource {
  package var permissions: [CloudPermission] {
    let original = "arn:aws:rds:*:*:\(place.isCluster ? "cluster" : "db"):\(place.name)"
    let kind = place.isCluster ? "DBCluster" : "DB"
    var all =
      usesLogs
      ? [CloudPermission("rds:Describe\(place.isCluster ? "DBClusters" : "DBInstances")", on: "*", "to see how far the logs reach")]
      : [CloudPermission("rds:Describe\(kind)Snapshots", on: "*", "to list the snapshots")]
    if usesLogs, !place.isCluster {
      let needed = [original, "arn:aws:rds:*:*:db:drillmark-*", "arn:aws:rds:*:*:subgrp:*", "arn:aws:rds:*:*:pg:*", "arn:aws:rds:*:*:og:*"]
      all += needed.map { CloudPermission("rds:RestoreDBInstanceToPointInTime", on: $0, "to restore the newest moment") }
    }
    return place.isCluster ? all + clusterPermissions(original) : all
  }

  private func clusterPermissions(_ original: String) -> [CloudPermission] {
    let made = "arn:aws:rds:*:*:cluster:drillmark-*"
    let action = usesLogs ? "rds:RestoreDBClusterToPointInTime" : "rds:RestoreDBClusterFromSnapshot"
    let origin = usesLogs ? original : "arn:aws:rds:*:*:cluster-snapshot:*"
    let needed = [made, origin, "arn:aws:rds:*:*:subgrp:*", "arn:aws:rds:*:*:cluster-pg:*", "arn:aws:rds:*:*:og:*"]
    return needed.map { CloudPermission(action, on: $0, "to restore the cluster") } + [
      CloudPermission("rds:CreateDBInstance", on: "arn:aws:rds:*:*:db:drillmark-*", "to make the instance in it"),
      CloudPermission("rds:CreateDBInstance", on: made, "to make the instance in it"),
      CloudPermission("rds:AddTagsToResource", on: made, "to mark what is made"),
      CloudPermission("rds:DescribeDBClusters", on: "*", "to wait for it, and to prove before deleting whose it is"),
      CloudPermission("rds:ModifyDBCluster", on: made, "to set a new password, and to lift a deletion protection"),
      CloudPermission("rds:DeleteDBCluster", on: made, "to delete it"),
    ]
  }
}
