extension MotoServer {
  /// Makes a PostgreSQL instance in RDS with one manual snapshot. Before `requireSignatures` only.
  package func makeDatabase(_ name: String, snapshot: String, isProtected: Bool = false, region: String = "eu-west-1") {
    let create =
      "Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=\(name)&Engine=postgres&DBInstanceClass=db.t4g.micro&AllocatedStorage=20"
      + "&MasterUsername=drills&MasterUserPassword=not-a-secret&DeletionProtection=\(isProtected)"
    _ = call("rds", region, create)
    _ = call("rds", region, "Action=CreateDBSnapshot&Version=2014-10-31&DBInstanceIdentifier=\(name)&DBSnapshotIdentifier=\(snapshot)")
  }
}
