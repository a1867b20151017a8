import DrillModel
package import HTTPTransport

/// The calls of Amazon RDS that drills need (query API 2014-10-31). Blocks its caller, and belongs to one thread at a time.
///
/// Calls that look may be repeated and are retried; calls that make or change something are not sent again once they may have arrived, and
/// then fail as `maybeDone`: look before asking again.
package final class RDSClient {
  private let caller: AWSCaller
  private let region: String
  private static let pageSize = 100
  private static let pageLimit = 500

  package init(_ connection: AWSConnection, region: String, http: any HTTPExchanging, options: HTTPOptions = HTTPOptions()) {
    var options = options
    options.bodyLimit = XMLReader.byteLimit
    caller = AWSCaller(connection, http: http, options: options)
    self.region = region
  }

  // MARK: Looking

  /// Snapshots of an instance or cluster, in no order; none for a name that RDS does not know.
  ///
  /// - Parameters:
  ///   - type: `awsbackup`, `shared`, …; nil gives the automated and the manual ones.
  ///   - name: Of the only one wanted.
  package func snapshots(of source: String, isCluster: Bool, type: String? = nil, name: String? = nil) throws(AWSFailure) -> [RDSSnapshot] {
    let kind = isCluster ? "DBCluster" : "DB"
    var parameters = [(isCluster ? "DBClusterIdentifier" : "DBInstanceIdentifier", source)]
    if let type { parameters.append(("SnapshotType", type)) }
    if let name { parameters.append(("\(kind)SnapshotIdentifier", name)) }
    do throws(AWSFailure) {
      return try pages("Describe\(kind)Snapshots", parameters, list: "\(kind)Snapshots").compactMap {
        RDSSnapshot($0, ofCluster: isCluster)
      }
    } catch {
      // Asked for one by name, RDS says so when it is not there.
      if error.code.hasPrefix("\(kind)SnapshotNotFound") { return [] }
      throw error
    }
  }

  /// The instance or cluster of that name; nil when there is none.
  package func database(_ name: String, isCluster: Bool) throws(AWSFailure) -> RDSDatabase? {
    let kind = isCluster ? "DBCluster" : "DBInstance"
    do throws(AWSFailure) {
      let found = try pages("Describe\(kind)s", [("\(kind)Identifier", name)], list: "\(kind)s")
      return found.lazy.compactMap { RDSDatabase($0, isCluster: isCluster) }.first { $0.name.lowercased() == name.lowercased() }
    } catch {
      if RDSClient.notFound.contains(error.code) { return nil }
      throw error
    }
  }

  /// The instances of a cluster; none for one that RDS does not know (any more).
  package func members(of cluster: String) throws(AWSFailure) -> [RDSDatabase] {
    let parameters = [("Filters.Filter.1.Name", "db-cluster-id"), ("Filters.Filter.1.Values.Value.1", cluster)]
    do throws(AWSFailure) {
      return try pages("DescribeDBInstances", parameters, list: "DBInstances").compactMap { RDSDatabase($0, isCluster: false) }
    } catch {
      if RDSClient.notFound.contains(error.code) { return [] }
      throw error
    }
  }

  // MARK: Making and changing

  /// Asks for a new instance, which is not there yet when this returns.
  package func restoreInstance(_ restore: RDSRestore) throws(AWSFailure) -> RDSDatabase {
    try changed(restore.instanceAction, restore.instanceParameters, isCluster: false)
  }

  package func restoreCluster(_ restore: RDSRestore) throws(AWSFailure) -> RDSDatabase {
    try changed(restore.clusterAction, restore.clusterParameters, isCluster: true)
  }

  package func addMember(_ member: RDSClusterMember) throws(AWSFailure) -> RDSDatabase {
    try changed("CreateDBInstance", member.parameters, isCluster: false)
  }

  /// Asks for a new password of the master user. Setting the same again does no harm.
  package func setPassword(_ password: String, of name: String, isCluster: Bool) throws(AWSFailure) -> RDSDatabase {
    let kind = isCluster ? "DBCluster" : "DBInstance"
    return try changed(
      "Modify\(kind)", [("\(kind)Identifier", name), ("MasterUserPassword", password), ("ApplyImmediately", "true")], isCluster: isCluster,
      mayRepeat: true)
  }

  /// Lets it be deleted. Repeating it does no harm.
  package func liftProtection(of name: String, isCluster: Bool) throws(AWSFailure) -> RDSDatabase {
    let kind = isCluster ? "DBCluster" : "DBInstance"
    return try changed(
      "Modify\(kind)", [("\(kind)Identifier", name), ("DeletionProtection", "false"), ("ApplyImmediately", "true")], isCluster: isCluster,
      mayRepeat: true)
  }

  /// Asks for its end, with its automated backups and without a last snapshot. One that is not there is a success. Repeating it does no
  /// harm: a name is not given anew while it is in use.
  package func delete(_ name: String, isCluster: Bool) throws(AWSFailure) {
    let kind = isCluster ? "DBCluster" : "DBInstance"
    let parameters = [("\(kind)Identifier", name), ("SkipFinalSnapshot", "true"), ("DeleteAutomatedBackups", "true")]
    do throws(AWSFailure) { _ = try answer("Delete\(kind)", parameters, mayRepeat: true) } catch {
      if !RDSClient.notFound.contains(error.code) { throw error }
    }
  }

  // MARK: Calls

  private static let notFound: Set<String> = [
    "DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFoundFault", "DBClusterNotFound",
  ]

  private func changed(_ action: String, _ parameters: [(String, String)], isCluster: Bool, mayRepeat: Bool = false) throws(AWSFailure)
    -> RDSDatabase
  {
    let result = try answer(action, parameters, mayRepeat: mayRepeat)
    guard let made = result[isCluster ? "DBCluster" : "DBInstance"].flatMap({ RDSDatabase($0, isCluster: isCluster) }) else {
      throw .unreadable(action, mayBeDone: !mayRepeat)
    }
    return made
  }

  private func pages(_ action: String, _ parameters: [(String, String)], list: String) throws(AWSFailure) -> [XMLElement] {
    var found: [XMLElement] = []
    var marker: String?
    for _ in 0..<RDSClient.pageLimit {
      let next = marker.map { [("Marker", $0)] } ?? []
      let result = try answer(action, parameters + [("MaxRecords", "\(RDSClient.pageSize)")] + next, mayRepeat: true)
      found += result[list]?.children ?? []
      guard let following = result.text("Marker"), !following.isEmpty else { return found }
      guard following != marker else { throw .unreadable(action, mayBeDone: false) }
      marker = following
    }
    throw .unreadable(action, mayBeDone: false)
  }

  private func answer(_ action: String, _ parameters: [(String, String)], mayRepeat: Bool) throws(AWSFailure) -> XMLElement {
    let response = try caller.call(
      .query(service: "rds", region: region, action: action, version: "2014-10-31", parameters), mayRepeat: mayRepeat)
    guard let result = XMLReader.read(response.body)?["\(action)Result"] else { throw .unreadable(action, mayBeDone: !mayRepeat) }
    return result
  }
}

extension AWSFailure {
  /// An answer of 200 that does not hold what the call gives.
  static func unreadable(_ action: String, mayBeDone: Bool) -> AWSFailure {
    AWSFailure(
      kind: mayBeDone ? .maybeDone : .transient, code: "unreadable", message: "\(action) was answered with something else than its result",
      status: 200, requestID: nil, retryAfter: nil, attempts: 1)
  }
}
