import Foundation
import Synchronization

/// An Amazon RDS of a test's own on loopback, with STS: it remembers what it made, takes as many looks to get there as a test says, and
/// refuses, cuts or delays where a test says. It checks no signatures. It lives in the test's process, so it outlives killed runs.
package final class ScriptedRDS: Sendable {
  package static let account = "123456789012"
  package static let region = "eu-west-1"

  package struct Snapshot: Sendable {
    package var name: String
    package var source = "orders"
    package var status = "available"
    package var type = "automated"
    package var engine = "postgres"
    package var isCluster = false
    /// RFC 3339; nil while it is being made.
    package var created: String?
    package var originallyCreated: String?
    package var databaseTime: String?
    /// An ARN.
    package var copiedFrom: String?

    package init(_ name: String, created: String?) {
      self.name = name
      self.created = created
    }
  }

  package struct Database: Sendable {
    package var name: String
    package var isCluster = false
    /// That RDS made it with; nil for an instance that was asked for.
    package var cluster: String?
    /// What each look sees; the last one stays.
    package var statuses: [String]
    package var tags: [String: String] = [:]
    package var isProtected = false
    package var account = ScriptedRDS.account
    package var engine = "postgres"
    package var latestRestorable: String?
    /// Of a cluster: how many instances it says are in it; nil says nothing.
    package var instances: Int?
    package var parameters: [String: String] = [:]
    /// Looks for which a new password is pending.
    package var pendingPassword = 0

    package init(_ name: String, statuses: [String] = ["available"]) {
      self.name = name
      self.statuses = statuses
    }
  }

  /// What a test does to one call.
  package enum Intervention: Sendable {
    /// This in place of the call, which is not carried out.
    case instead(ScriptedReply)
    /// The call is carried out, and this is its reply.
    case after(ScriptedReply)
  }

  package struct State: Sendable {
    package var snapshots: [Snapshot] = []
    package var databases: [Database] = []
    /// The statuses that a restored instance goes through.
    package var whileRestoring = ["creating", "backing-up", "available"]
    /// Looks for which a deleted one is still there.
    package var looksWhileDeleting = 1
    /// Whether a restored copy is protected although it was asked not to be.
    package var protectsRestored = false
    package var pageSize = 100
    package var host = "127.0.0.1"
    package var port = 5432
    package var user = "drills"
    package var database: String? = "shop"
    /// Every action in order.
    package var calls: [String] = []
    package var deletions: [String] = []

    package init() {}
  }

  private let state: Mutex<State>
  private let intervene: @Sendable (String, [String: String], Int) -> Intervention?
  private let onPassword: @Sendable (String) -> Void
  private let server: Mutex<ScriptedHTTPServer?>

  /// - Parameters:
  ///   - intervene: Given an action, its parameters, and how often it was asked before.
  ///   - onPassword: Given a new password of the master user.
  package init(
    _ state: State = State(), onPassword: @escaping @Sendable (String) -> Void = { _ in },
    intervene: @escaping @Sendable (String, [String: String], Int) -> Intervention? = { _, _, _ in nil }
  ) {
    self.state = Mutex(state)
    self.intervene = intervene
    self.onPassword = onPassword
    server = Mutex(nil)
    let server = ScriptedHTTPServer { [weak self] request, _ in self?.reply(to: request) ?? .cut }
    self.server.withLock { $0 = server }
  }

  package var url: String { server.withLock { $0?.url ?? "" } }
  package var now: State { state.withLock { $0 } }
  package func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
  /// Instances and clusters that are there, other than those that a test put there itself.
  package var scratch: [String] { now.databases.map(\.name).filter { $0.hasPrefix("drillmark-") } }
  /// What drillmark needs to reach it.
  package var environment: [String: String] {
    [
      "AWS_ENDPOINT_URL": url, "AWS_REGION": ScriptedRDS.region, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
      "AWS_SECRET_ACCESS_KEY": "not-a-secret-key",
    ]
  }

  /// An error as RDS writes it.
  package static func error(_ code: String, _ message: String = "no", status: Int = 400) -> ScriptedReply {
    .answer(
      status, body: "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>\(message)</Message></Error></ErrorResponse>")
  }

  // MARK: Answering

  private func reply(to request: RecordedRequest) -> ScriptedReply {
    let form = request.form
    let action = form["Action"] ?? ""
    let before = state.withLock { state in
      state.calls.append(action)
      return state.calls.count { $0 == action } - 1
    }
    switch intervene(action, form, before) {
    case .instead(let reply): return reply
    case .after(let reply):
      _ = carryOut(action, form)
      return reply
    case nil: return carryOut(action, form)
    }
  }

  private func carryOut(_ action: String, _ form: [String: String]) -> ScriptedReply {
    if let password = form["MasterUserPassword"] { onPassword(password) }
    return state.withLock { state in
      switch action {
      case "GetCallerIdentity":
        return .result(action, "<Arn>arn:aws:iam::\(ScriptedRDS.account):user/drill</Arn><Account>\(ScriptedRDS.account)</Account>")
      case "DescribeDBSnapshots": return state.snapshots(form, isCluster: false)
      case "DescribeDBClusterSnapshots": return state.snapshots(form, isCluster: true)
      case "DescribeDBInstances" where form["Filters.Filter.1.Name"] == "db-cluster-id":
        return state.members(of: form["Filters.Filter.1.Values.Value.1"] ?? "")
      case "DescribeDBInstances": return state.look(form["DBInstanceIdentifier"] ?? "", isCluster: false)
      case "DescribeDBClusters": return state.look(form["DBClusterIdentifier"] ?? "", isCluster: true)
      case "RestoreDBInstanceFromDBSnapshot", "RestoreDBInstanceToPointInTime", "CreateDBInstance":
        return state.make(action, form, form["DBInstanceIdentifier"] ?? form["TargetDBInstanceIdentifier"] ?? "", isCluster: false)
      case "RestoreDBClusterFromSnapshot", "RestoreDBClusterToPointInTime":
        return state.make(action, form, form["DBClusterIdentifier"] ?? "", isCluster: true)
      case "ModifyDBInstance": return state.modify(action, form, form["DBInstanceIdentifier"] ?? "", isCluster: false)
      case "ModifyDBCluster": return state.modify(action, form, form["DBClusterIdentifier"] ?? "", isCluster: true)
      case "DeleteDBInstance": return state.delete(action, form["DBInstanceIdentifier"] ?? "", isCluster: false)
      case "DeleteDBCluster": return state.delete(action, form["DBClusterIdentifier"] ?? "", isCluster: true)
      default: return ScriptedRDS.error("InvalidAction", action)
      }
    }
  }
}

extension ScriptedReply {
  fileprivate static func result(_ action: String, _ inner: String) -> ScriptedReply {
    let space = "https://rds.amazonaws.com/doc/2014-10-31/"
    return .answer(
      200, body: "<\(action)Response xmlns=\"\(space)\"><\(action)Result>\(inner)</\(action)Result></\(action)Response>")
  }
}

extension ScriptedRDS.State {
  fileprivate mutating func snapshots(_ form: [String: String], isCluster: Bool) -> ScriptedReply {
    let kind = isCluster ? "DBCluster" : "DB"
    let types = form["SnapshotType"].map { [$0] } ?? ["automated", "manual"]
    let wanted = snapshots.filter { snapshot in
      snapshot.isCluster == isCluster && types.contains(snapshot.type)
        && snapshot.source == form[isCluster ? "DBClusterIdentifier" : "DBInstanceIdentifier"]
        && (form["\(kind)SnapshotIdentifier"].map { $0 == snapshot.name } ?? true)
    }
    if wanted.isEmpty, form["\(kind)SnapshotIdentifier"] != nil {
      return ScriptedRDS.error("\(kind)SnapshotNotFound\(isCluster ? "Fault" : "")", status: 404)
    }
    let start = form["Marker"].flatMap { Int($0) } ?? 0
    let page = wanted.dropFirst(start).prefix(pageSize)
    let marker = start + page.count < wanted.count ? "<Marker>\(start + page.count)</Marker>" : ""
    let items = page.map { "<\(kind)Snapshot>\($0.xml)</\(kind)Snapshot>" }.joined()
    return .result("Describe\(kind)Snapshots", "<\(kind)Snapshots>\(items)</\(kind)Snapshots>\(marker)")
  }

  fileprivate func index(_ name: String, _ isCluster: Bool) -> Int? {
    databases.firstIndex { $0.name == name && $0.isCluster == isCluster }
  }

  private func missing(_ isCluster: Bool) -> ScriptedReply {
    ScriptedRDS.error(isCluster ? "DBClusterNotFoundFault" : "DBInstanceNotFound", "not found", status: 404)
  }

  fileprivate mutating func look(_ name: String, isCluster: Bool) -> ScriptedReply {
    guard let index = index(name, isCluster) else { return missing(isCluster) }
    let kind = isCluster ? "DBCluster" : "DBInstance"
    let xml = xml(databases[index])
    if databases[index].pendingPassword > 0 { databases[index].pendingPassword -= 1 }
    if databases[index].statuses.count > 1 {
      databases[index].statuses.removeFirst()
    } else if databases[index].statuses == ["deleted"] {
      databases.remove(at: index)
      return missing(isCluster)
    }
    return .result("Describe\(kind)s", "<\(kind)s><\(kind)>\(xml)</\(kind)></\(kind)s>")
  }

  fileprivate mutating func make(_ action: String, _ form: [String: String], _ name: String, isCluster: Bool) -> ScriptedReply {
    let kind = isCluster ? "DBCluster" : "DBInstance"
    guard index(name, isCluster) == nil else { return ScriptedRDS.error("\(kind)AlreadyExists\(isCluster ? "Fault" : "")") }
    var made = ScriptedRDS.Database(name, statuses: whileRestoring)
    made.isCluster = isCluster
    made.parameters = form
    made.isProtected = protectsRestored
    made.engine = engine(of: form)
    for number in 1...50 {
      guard let key = form["Tags.Tag.\(number).Key"] else { break }
      made.tags[key] = form["Tags.Tag.\(number).Value"]
    }
    databases.append(made)
    // A Multi-AZ DB cluster comes with its instances, one writer and two readers.
    if isCluster, form["DBClusterInstanceClass"] != nil {
      for number in 1...3 {
        var member = ScriptedRDS.Database("\(name)-instance-\(number)", statuses: ["available"])
        (member.cluster, member.engine) = (name, made.engine)
        databases.append(member)
      }
    }
    return .result(action, "<\(kind)>\(xml(made))</\(kind)>")
  }

  /// As the caller says, or as what is restored has it.
  private func engine(of form: [String: String]) -> String {
    if let engine = form["Engine"] { return engine }
    let snapshot = snapshots.first { form["DBSnapshotIdentifier"]?.hasSuffix(":\($0.name)") == true }
    let source = form["SourceDBInstanceIdentifier"] ?? form["SourceDBClusterIdentifier"]
    return snapshot?.engine ?? databases.first { $0.name == source }?.engine ?? "postgres"
  }

  /// The instances that came with a cluster; once it is gone they are seen once more.
  fileprivate mutating func members(of cluster: String) -> ScriptedReply {
    let found = databases.filter { $0.cluster == cluster }
    if index(cluster, true) == nil { databases.removeAll { $0.cluster == cluster } }
    let items = found.map { "<DBInstance>\(xml($0))</DBInstance>" }.joined()
    return .result("DescribeDBInstances", "<DBInstances>\(items)</DBInstances>")
  }

  fileprivate mutating func modify(_ action: String, _ form: [String: String], _ name: String, isCluster: Bool) -> ScriptedReply {
    guard let index = index(name, isCluster) else { return missing(isCluster) }
    if form["DeletionProtection"] == "false" { databases[index].isProtected = false }
    if form["MasterUserPassword"] != nil { databases[index].pendingPassword = 2 }
    let kind = isCluster ? "DBCluster" : "DBInstance"
    return .result(action, "<\(kind)>\(xml(databases[index]))</\(kind)>")
  }

  fileprivate mutating func delete(_ action: String, _ name: String, isCluster: Bool) -> ScriptedReply {
    guard let index = index(name, isCluster) else { return missing(isCluster) }
    deletions.append(name)
    if databases[index].cluster != nil {
      return ScriptedRDS.error("InvalidDBInstanceState", "it belongs to a Multi-AZ DB cluster and goes with it")
    }
    if databases[index].isProtected {
      return ScriptedRDS.error(
        "InvalidParameterCombination", "Cannot delete protected DB Instance, please disable deletion protection and try again.")
    }
    guard databases[index].statuses.first != "creating" else {
      return ScriptedRDS.error(isCluster ? "InvalidDBClusterStateFault" : "InvalidDBInstanceState", "it is being created")
    }
    databases[index].statuses = Array(repeating: "deleting", count: looksWhileDeleting) + ["deleted"]
    let kind = isCluster ? "DBCluster" : "DBInstance"
    return .result(action, "<\(kind)>\(xml(databases[index]))</\(kind)>")
  }

  private func xml(_ found: ScriptedRDS.Database) -> String {
    let status = found.statuses.first ?? "available"
    let tags = found.tags.sorted { $0.key < $1.key }.map { "<Tag><Key>\($0.key)</Key><Value>\($0.value)</Value></Tag>" }.joined()
    let isThere = !["creating", "deleting", "deleted"].contains(status)
    let latest = found.latestRestorable.map { "<LatestRestorableTime>\($0)</LatestRestorableTime>" } ?? ""
    let common =
      "<Engine>\(found.engine)</Engine><EngineVersion>15.4</EngineVersion><MasterUsername>\(user)</MasterUsername>"
      + "<AllocatedStorage>20</AllocatedStorage><TagList>\(tags)</TagList><DeletionProtection>\(found.isProtected)</DeletionProtection>\(latest)"
    let pending =
      found.pendingPassword > 0 ? "<PendingModifiedValues><MasterUserPassword>****</MasterUserPassword></PendingModifiedValues>" : ""
    let arn = "arn:aws:rds:\(ScriptedRDS.region):\(found.account):\(found.isCluster ? "cluster" : "db"):\(found.name)"
    if found.isCluster {
      let endpoint = isThere ? "<Endpoint>\(host)</Endpoint><Port>\(port)</Port>" : ""
      var name = database.map { "<DatabaseName>\($0)</DatabaseName>" } ?? ""
      if let count = found.instances {
        name += "<DBClusterMembers>\(String(repeating: "<DBClusterMember/>", count: count))</DBClusterMembers>"
      }
      return
        "<DBClusterIdentifier>\(found.name)</DBClusterIdentifier><DBClusterArn>\(arn)</DBClusterArn><Status>\(status)</Status>\(common)\(endpoint)\(name)\(pending)"
    }
    let endpoint = isThere ? "<Endpoint><Address>\(host)</Address><Port>\(port)</Port></Endpoint>" : ""
    let name = database.map { "<DBName>\($0)</DBName>" } ?? ""
    let size = found.parameters["DBInstanceClass"] ?? "db.t4g.micro"
    return
      "<DBInstanceIdentifier>\(found.name)</DBInstanceIdentifier><DBInstanceArn>\(arn)</DBInstanceArn><DBInstanceStatus>\(status)</DBInstanceStatus>"
      + "<DBInstanceClass>\(size)</DBInstanceClass>\(common)\(endpoint)\(name)\(pending)"
  }
}

extension ScriptedRDS.Snapshot {
  fileprivate var xml: String {
    let kind = isCluster ? "DBCluster" : "DB"
    func element(_ name: String, _ value: String?) -> String { value.map { "<\(name)>\($0)</\(name)>" } ?? "" }
    let arn = "arn:aws:rds:\(ScriptedRDS.region):\(ScriptedRDS.account):\(isCluster ? "cluster-snapshot" : "snapshot"):\(name)"
    return element("\(kind)SnapshotIdentifier", name) + element("\(kind)SnapshotArn", arn)
      + element(isCluster ? "DBClusterIdentifier" : "DBInstanceIdentifier", source) + element("Status", status)
      + element("SnapshotType", type) + element("Engine", engine) + element("EngineVersion", "15.4") + element("AllocatedStorage", "20")
      + element("PercentProgress", status == "creating" ? "12" : "100") + element("SnapshotCreateTime", created)
      + element("OriginalSnapshotCreateTime", originallyCreated) + element("SnapshotDatabaseTime", databaseTime)
      + element(isCluster ? "SourceDBClusterSnapshotArn" : "SourceDBSnapshotIdentifier", copiedFrom)
  }
}
