import AWSClient
import AWSKit
import DrillModel
import EngineKit
import Synchronization
import ToolRunner

/// What one run has RDS make of a recovery point: an instance, a cluster of Aurora with one instance in it, or a Multi-AZ DB cluster.
final class RDSTarget: ScratchTarget {
  private let options: RDSOptions
  private let connection: AWSConnection
  private let pace: Pace
  private let context: EngineContext
  /// What was asked for, in that order, and where the database is once it can be reached.
  private let state = Mutex<(made: [RDSWorkshop], server: (any RDSServer)?, mayBeNewPassword: Bool)>(([], nil, false))

  init(_ options: RDSOptions, connection: AWSConnection, pace: Pace, context: EngineContext) {
    self.options = options
    self.connection = connection
    self.pace = pace
    self.context = context
  }

  // MARK: Restoring

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    guard case .handle(let handle) = content else { throw Fault(.internalError, "the engine rds was given bytes") }
    let point = try RDSRecoveryPoint(handle: handle)
    let account = try await callerIdentity(connection, region: point.region).account
    let begin = context.clocks.elapsed()
    var whole = try await make(RDSMaking(point: point, options: options), of: point, in: account)
    if options.password == nil { whole = try await renewPassword(whole) }
    let elapsed = context.clocks.elapsed() - begin
    let made = "restored as \(whole.name): \(whole.engine) \(whole.engineVersion)\(whole.instanceClass.map { ", \($0)" } ?? "")"
    return RestoreReport(
      engineTime: elapsed, notes: [made, RDSTarget.lazyLoading] + (options.password == nil ? [RDSTarget.newPassword] : []))
  }

  private static let lazyLoading =
    "RDS calls an instance available before its blocks are loaded: what is read for the first time is fetched from the snapshot, so that "
    + "full speed comes later than this recovery time"
  private static let newPassword =
    "the master user got a new password, which is part of the recovery time; give `password` to measure without it"

  private func make(_ making: RDSMaking, of point: RDSRecoveryPoint, in account: String) async throws -> RDSDatabase {
    let tags = RunTags.of(context.run, labels: context.labels)
    guard point.isCluster else {
      let instance = workshop(region: point.region, account: account, isCluster: false)
      let restore = making.restore(named: instance.resource.name, in: account, tags: tags)
      return try await carryOut(instance, making.instanceAction) { try $0.restoreInstance(restore) }
    }
    let cluster = workshop(region: point.region, account: account, isCluster: true)
    let restore = making.restore(named: cluster.resource.name, in: account, tags: tags)
    let made = try await carryOut(cluster, making.clusterAction) { try $0.restoreCluster(restore) }
    // RDS makes the instances of such a cluster with it, and deletes them with it.
    if making.makesMembers { return try await cluster.waitUntilReady { $0.host != nil } }
    let member = workshop(region: point.region, account: account, isCluster: false)
    let wanted = try making.member(named: member.resource.name, of: made.name, tags: tags)
    let instance = try await carryOut(member, "CreateDBInstance") { try $0.addMember(wanted) }
    // The cluster knows its user and its database; its writer's address is there once the writer is.
    var whole = try await cluster.waitUntilReady { $0.host != nil }
    whole.instanceClass = instance.instanceClass
    return whole
  }

  /// Commits to making it, makes it, and waits until it can be used.
  private func carryOut(
    _ workshop: RDSWorkshop, _ action: String, _ request: @escaping @Sendable (RDSClient) throws -> RDSDatabase
  ) async throws -> RDSDatabase {
    try await context.journal.intend(workshop.resource.row)
    state.withLock { $0.made.append(workshop) }
    do { _ = try await workshop.make(action, request) } catch let refusal as RDSWorkshop.NotMade {
      state.withLock { _ = $0.made.popLast() }
      try await context.journal.gone(workshop.resource.row)
      throw refusal.fault
    }
    try await context.journal.made(workshop.resource.row)
    return try await workshop.waitUntilReady { workshop.resource.isCluster || $0.host != nil }
  }

  private func workshop(region: String, account: String, isCluster: Bool) -> RDSWorkshop {
    RDSWorkshop(
      connection: connection, resource: RDSResource(run: context.run, region: region, account: account, isCluster: isCluster),
      run: context.run, pace: pace)
  }

  /// The password that the snapshot was taken with is nobody's to tell, so a new one is set; it stays in memory.
  private func renewPassword(_ database: RDSDatabase) async throws -> RDSDatabase {
    guard let workshop = state.withLock({ $0.made.first }) else { return database }
    let (name, isCluster, password) = (database.name, database.isCluster, RandomText.hex(20))
    try await workshop.changePatiently("setting a new password of the restored \(name)") {
      _ = try $0.setPassword(password, of: name, isCluster: isCluster)
    }
    let ready = try await workshop.waitUntilReady { !$0.awaitsPassword }
    try remember(ready, password: password, isNew: true)
    return ready
  }

  // MARK: Reaching

  private func remember(_ database: RDSDatabase, password: String, isNew: Bool) throws {
    let server = try options.server(database, password: password)
    state.withLock { ($0.server, $0.mayBeNewPassword) = (server, isNew) }
  }

  func awaitReady() async throws {
    if let reference = options.password {
      guard let workshop = state.withLock({ $0.made.first }) else { throw Fault(.internalError, "nothing was restored") }
      let database = try await workshop.waitUntilReady { $0.host != nil }
      try remember(database, password: try context.secrets.value(of: reference), isNew: false)
    }
    let (server, isNew) = state.withLock { ($0.server, $0.mayBeNewPassword) }
    guard let server else { throw Fault(.internalError, "nothing was restored") }
    let reached = try await server.reached(protected: context.protected, pace: pace, mayRefuseLogin: isNew)
    state.withLock { $0.server = reached }
  }

  func probes() async throws -> Probes {
    guard let server = state.withLock({ $0.server }) else { throw Fault(.internalError, "nothing was restored") }
    return server.probes()
  }

  var access: [String] {
    state.withLock { $0.server }?.access(directory: context.directory) ?? []
  }

  // MARK: Removing

  /// The instance before its cluster.
  func destroy() async throws {
    while let workshop = state.withLock({ $0.made.last }) {
      try await workshop.remove(patience: pace.patience)
      try await context.journal.gone(workshop.resource.row)
      state.withLock { _ = $0.made.popLast() }
    }
  }
}
