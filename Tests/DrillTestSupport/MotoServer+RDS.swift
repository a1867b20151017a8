import Foundation

extension MotoServer {
  /// Makes a PostgreSQL instance in RDS with one manual snapshot. Before `requireSignatures` only.
  package func makeDatabase(
    _ name: String, snapshot: String, isProtected: Bool = false, port: Int = 5432, region: String = "eu-west-1"
  ) {
    let create =
      "Action=CreateDBInstance&Version=2014-10-31&DBInstanceIdentifier=\(name)&Engine=postgres&DBInstanceClass=db.t4g.micro&AllocatedStorage=20"
      + "&MasterUsername=drills&MasterUserPassword=not-a-secret&DeletionProtection=\(isProtected)"
      + "&Port=\(port)&DBName=shop&BackupRetentionPeriod=1"
    _ = call("rds", region, create)
    _ = call("rds", region, "Action=CreateDBSnapshot&Version=2014-10-31&DBInstanceIdentifier=\(name)&DBSnapshotIdentifier=\(snapshot)")
  }

  /// Makes a cluster of Aurora PostgreSQL with one manual snapshot. Before `requireSignatures` only.
  package func makeCluster(_ name: String, snapshot: String, isProtected: Bool = false, region: String = "eu-west-1") {
    let create =
      "Action=CreateDBCluster&Version=2014-10-31&DBClusterIdentifier=\(name)&Engine=aurora-postgresql&MasterUsername=drills"
      + "&MasterUserPassword=not-a-secret&DatabaseName=shop&DeletionProtection=\(isProtected)"
    _ = call("rds", region, create)
    _ = call(
      "rds", region, "Action=CreateDBClusterSnapshot&Version=2014-10-31&DBClusterIdentifier=\(name)&DBClusterSnapshotIdentifier=\(snapshot)"
    )
  }

  /// The addresses of the instances that runs made. Before `requireSignatures` only.
  package func scratchAddresses(region: String) -> [String] {
    let answer = call("rds", region, "Action=DescribeDBInstances&Version=2014-10-31")
    return answer.components(separatedBy: "<Address>").dropFirst().compactMap { part in
      part.firstRange(of: "</Address>").map { String(part[..<$0.lowerBound]) }
    }.filter { $0.hasPrefix("drillmark-") }
  }
}
