package import DrillModel

extension RDSEngine {
  /// Those for instances; the source of a cluster adds what clusters need ("Actions, resources, and condition keys for Amazon RDS", Service
  /// Authorization Reference).
  package var permissions: [CloudPermission] {
    let made = "arn:aws:rds:*:*:db:drillmark-*"
    let restoring = [made, "arn:aws:rds:*:*:subgrp:*", "arn:aws:rds:*:*:pg:*", "arn:aws:rds:*:*:og:*"]
    return restoring.map { CloudPermission("rds:RestoreDBInstanceFromDBSnapshot", on: $0, "to restore a snapshot") } + [
      CloudPermission("rds:RestoreDBInstanceFromDBSnapshot", on: "arn:aws:rds:*:*:snapshot:*", "to restore a snapshot"),
      CloudPermission("rds:AddTagsToResource", on: made, "to mark what is made"),
      CloudPermission("rds:DescribeDBInstances", on: "*", "to wait for it, and to prove before deleting whose it is"),
      CloudPermission("rds:ModifyDBInstance", on: made, "to set a new password, and to lift a deletion protection"),
      CloudPermission("rds:DeleteDBInstance", on: made, "to delete it"),
    ]
  }
}
