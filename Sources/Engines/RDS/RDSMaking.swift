import AWSClient
import AWSKit
import DrillModel

/// What RDS is asked for, from the recovery point and the drill's options.
struct RDSMaking: Sendable {
  let point: RDSRecoveryPoint
  let options: RDSOptions

  var instanceAction: String { point.isOfLogs ? "RestoreDBInstanceToPointInTime" : "RestoreDBInstanceFromDBSnapshot" }
  var clusterAction: String { point.isOfLogs ? "RestoreDBClusterToPointInTime" : "RestoreDBClusterFromSnapshot" }

  /// Whether this version can restore and check it at all; asked before anything is made.
  ///
  /// - Throws: `Fault` with code `configuration`.
  func confirm() throws {
    guard DatabaseFamily(engine: point.engine) != nil else {
      throw Fault(
        .configuration, "the recovery point is of \(point.engine), and this version asks restored databases of \(DatabaseFamily.titles)",
        advice: "Nothing was created. Drills of the other engines of RDS are not built")
    }
    guard point.isCluster else {
      guard options.capacity == nil, options.instanceClass != "db.serverless" else {
        throw Fault(.configuration, "only a cluster can be serverless", advice: "Give a class with a fixed size, such as db.t4g.medium")
      }
      guard options.kmsKey == nil else {
        throw Fault(
          .configuration, "RDS restores an instance with the key of its snapshot and takes no other",
          advice: "Leave `kms-key` out, or copy the snapshot with the key that you want and restore that")
      }
      return
    }
    guard let name = options.instanceClass else {
      throw Fault(
        .configuration, "a cluster needs a `class` for what is made in it",
        advice: "Write `class: \(makesMembers ? "db.m6gd.large" : "db.t4g.medium")`, say")
    }
    if makesMembers { return try confirmMultiZone() }
    guard options.iops == nil else {
      throw Fault(.configuration, "an Aurora cluster takes no `iops`", advice: "Leave it out, or write `storage-type: aurora-iopt1`")
    }
    guard (name == "db.serverless") == (options.capacity != nil) else {
      throw Fault(
        .configuration, "`class: db.serverless` and `serverless` belong together",
        advice: "Write `serverless: {min: 0.5, max: 4}` beside it, or give a class with a fixed size, such as db.t4g.medium")
    }
  }

  private func snapshot(in account: String) -> String {
    guard let name = AWSResourceName(point.arn), name.account == account, name.resource.hasPrefix("cluster-snapshot:") else {
      return point.arn
    }
    return String(name.resource.dropFirst("cluster-snapshot:".count))
  }

  /// Whether RDS makes the cluster's instances itself: a Multi-AZ DB cluster of three, which is not Aurora's ("Multi-AZ DB cluster deployments",
  /// Amazon RDS User Guide).
  var makesMembers: Bool { point.isCluster && !point.engine.hasPrefix("aurora") }

  private func confirmMultiZone() throws {
    guard options.capacity == nil, options.instanceClass != "db.serverless" else {
      throw Fault(
        .configuration, "a Multi-AZ DB cluster cannot be serverless, only one of Aurora can",
        advice: "Give a class with a fixed size, such as db.m6gd.large")
    }
    guard let type = options.storageType, type.hasPrefix("io"), options.iops == nil else { return }
    throw Fault(.configuration, "the storage \(type) of a Multi-AZ DB cluster needs `iops`", advice: "Write `iops: 1000`, say")
  }

  /// - Parameter account: The caller's, which names its own cluster snapshots without their ARN.
  func restore(named name: String, in account: String, tags: [String: String]) -> RDSRestore {
    var restore = RDSRestore(
      name: name,
      origin: point.isOfLogs ? .moment(of: point.source, point.moment) : .snapshot(snapshot(in: account), engine: point.engine))
    restore.instanceClass = options.instanceClass
    restore.makesMembers = makesMembers
    restore.subnetGroup = options.subnetGroup
    restore.securityGroups = options.securityGroups
    restore.parameterGroup = options.parameterGroup
    restore.optionGroup = options.optionGroup
    restore.storageType = options.storageType
    restore.iops = options.iops
    restore.kmsKey = options.kmsKey
    restore.port = options.port
    restore.capacity = options.capacity
    restore.tags = tags
    return restore
  }

  func member(named name: String, of cluster: String, tags: [String: String]) throws -> RDSClusterMember {
    try confirm()
    return RDSClusterMember(
      name: name, cluster: cluster, engine: point.engine, instanceClass: options.instanceClass ?? "", tags: tags)
  }

  /// What will exist at AWS while the run lasts, a line each.
  var declared: [String] {
    let network = [
      options.subnetGroup.map { "subnet group \($0)" } ?? "default subnet group",
      options.securityGroups.isEmpty ? "default security group" : "security groups \(options.securityGroups.joined(separator: ", "))",
    ].joined(separator: ", ")
    let groups = [options.parameterGroup.map { "parameter group \($0)" }, options.optionGroup.map { "option group \($0)" }]
    let rest =
      ([network] + groups.compactMap(\.self) + ["not public, no deletion protection, \(makesMembers ? "three zones" : "one zone")"]).joined(
        separator: ", ")
    let sized =
      options.instanceClass.map { InstanceClass(name: $0).description }
      ?? "the class of the original, bills by the hour while it exists"
    let provisioned = options.iops.map { " with \($0) IOPS" } ?? ""
    let storage = point.gibibytes.map { "\($0) GiB of storage" } ?? "storage"
    let place = "in \(point.region), tagged drillmark:run"
    if point.isCluster {
      let key = options.kmsKey.map { ", key \($0)" } ?? ""
      if makesMembers {
        return [
          "RDS Multi-AZ DB cluster drillmark-<run> \(place): three times \(storage)\(provisioned)\(key), \(rest)",
          "three RDS instances in it, made and deleted with it, a writer and two readers, each \(sized)",
        ]
      }
      let instance =
        options.capacity.map { "serverless, \($0.lowerBound) to \($0.upperBound) capacity units, bills by those it uses" } ?? sized
      return ["RDS cluster drillmark-<run> \(place): \(storage)\(key), \(rest)", "RDS instance drillmark-<run> in it: \(instance)"]
    }
    return ["RDS instance drillmark-<run> \(place): \(sized); \(storage)\(provisioned), \(rest)"]
  }
}
