import AWSKit
package import DrillModel

extension RDSSource {
  package var permissions: [CloudPermission] {
    let original = "arn:aws:rds:*:*:\(place.isCluster ? "cluster" : "db"):\(place.name)"
    var all =
      usesLogs
      ? [CloudPermission("rds:Describe\(place.isCluster ? "DBClusters" : "DBInstances")", on: "*", "to see how far the logs reach")]
      : RDSPermissions.listing(ofClusters: place.isCluster)
    if usesLogs, !place.isCluster {
      let needed = [original, "arn:aws:rds:*:*:db:drillmark-*", "arn:aws:rds:*:*:subgrp:*", "arn:aws:rds:*:*:pg:*", "arn:aws:rds:*:*:og:*"]
      all += needed.map { CloudPermission("rds:RestoreDBInstanceToPointInTime", on: $0, "to restore the newest moment") }
    }
    guard place.isCluster else { return all }
    let (action, origin) = usesLogs ? ("rds:RestoreDBClusterToPointInTime", original) : RDSPermissions.clusterRestore
    return all + RDSPermissions.restoringCluster(action, of: origin)
  }
}
