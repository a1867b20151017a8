import DrillModel
import EngineKit
import Foundation
import PostgreSQLKit
import Selecting
import Synchronization
import ToolRunner

/// A server on a restored data directory, rolled forward to the moment that the drill asks for.
final class PhysicalTarget: ScratchTarget {
  private let context: EngineContext
  private let options: PhysicalOptions
  private let confinement: Confinement
  private let socket: SocketDirectory
  private let state = Mutex(State())

  private struct State {
    var restored: RestoredData?
    var process: ServerProcess?
    var server: ScratchServer?
    var cluster: RestoredCluster?
    var checker: ConnectionTarget?
  }

  private init(_ context: EngineContext, _ options: PhysicalOptions, _ confinement: Confinement, _ socket: SocketDirectory) {
    self.context = context
    self.options = options
    self.confinement = confinement
    self.socket = socket
  }

  static func make(_ context: EngineContext, _ confinement: Confinement, _ options: PhysicalOptions) async throws -> PhysicalTarget {
    PhysicalTarget(context, options, confinement, try await SocketDirectory.settle(context, longest: ".s.PGSQL.5432.lock"))
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    let restored = try await DataRestore(context: context, options: options, confinement: confinement).run(content)
    state.withLock { $0.restored = restored }
    return RestoreReport(engineTime: context.clocks.elapsed() - begin, notes: restored.notes, artefacts: restored.artefacts)
  }

  var rollsForward: Bool { true }

  func recover() async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    guard let restored = state.withLock({ $0.restored }) else { throw Fault(.internalError, "nothing was restored to roll forward") }
    let target = options.target ?? context.recoverTo.map { .time($0) } ?? .latest
    let plan = try await plan(restored, target)
    try Accounts.makeDirectory(socket.path, owner: confinement.user, mode: 0o700)
    let server = RecoveringServer(
      context: context, options: options, installation: restored.installation, confinement: confinement, restored: restored,
      socket: socket.path, target: target)
    let (cluster, notes) = try await server.run(plan) { process in state.withLock { $0.process = process } }
    guard let process = state.withLock({ $0.process }) else { throw Fault(.internalError, "the server was not kept") }
    let scratch = ScratchServer(
      process, restored.installation, confinement, socket: socket.path, administrator: cluster.administrator)
    state.withLock {
      $0.server = scratch
      $0.cluster = cluster
    }
    return RestoreReport(
      engineTime: context.clocks.elapsed() - begin, dataTime: dataTime(cluster, restored.backup), notes: notes,
      artefacts: [restored.log?.record].compactMap(\.self))
  }

  /// The last transaction that was replayed; what a backup holds is at least as new as its own beginning.
  private func dataTime(_ cluster: RestoredCluster, _ backup: LogPlan.Backup) -> Timestamp? {
    // A catalogue's end is when the backup became consistent, which the recovery went past.
    guard let last = cluster.lastTransaction else { return backup.ended }
    return [last, backup.label?.startTime, backup.ended].compactMap(\.self).max()
  }

  private func plan(_ restored: RestoredData, _ target: RecoveryTarget) async throws -> LogPlan {
    var plan = try LogPlan(restored.backup)
    if let archive = restored.archive(context) {
      let listed = try await archive.list()
      let catalogue = LogCatalogue(listed, location: archive.location, from: plan.first, size: plan.size)
      let small = SmallFiles(archive: archive, context: context)
      try await plan.look(into: catalogue, options.timeline) { try await small.text($0) }
    }
    try plan.check(target)
    try plan.checkLevel(target)
    if target == .latest { try plan.checkWhole() }
    return plan
  }

  func awaitReady() async throws {
    guard let (cluster, restored) = state.withLock({ state in state.cluster.flatMap { cluster in state.restored.map { (cluster, $0) } } })
    else { throw Fault(.notReady, "nothing was restored") }
    let (wanted, major) = (options.database, restored.installation.major)
    let checker = try await onThread("pg admin") {
      let database = try cluster.database(wanted)
      return try cluster.checker(major: major).entering(database)
    }
    do { _ = try await DatabaseProbe(checker).query("SELECT 1", timeout: .seconds(60), limit: 1) } catch let error as ProbeError {
      throw RestoredCluster.fault(ServerError(sqlState: nil, message: error.message))
    }
    state.withLock { $0.checker = checker }
  }

  func probes() async throws -> Probes {
    guard let (server, checker) = state.withLock({ state in state.server.flatMap { server in state.checker.map { (server, $0) } } })
    else { throw Fault(.notReady, "nothing was restored") }
    let sql = DatabaseProbe(checker)
    let jobs = options.jobs ?? min(8, ProcessInfo.processInfo.activeProcessorCount)
    return Probes(
      sql: sql, schema: SchemaDescription(sql), deep: DeepCheck(server, checker: checker, tools: context.tools, jobs: jobs),
      digests: TableDigests(checker))
  }

  var access: [String] {
    guard let (server, checker) = state.withLock({ state in state.server.flatMap { server in state.checker.map { (server, $0) } } })
    else { return [] }
    let database = Quoting.connectionValue(checker.database)
    return ["\(server.installation.program("psql")) -h \(server.socket) -U \(checker.user) \"dbname=\(database)\""]
  }

  func destroy() async throws {
    let process = state.withLock { $0.process }
    await process?.stop()
    try await socket.remove(context)
  }
}

/// Reads small files of a log archive: timeline histories and the ends of backups.
private struct SmallFiles: Sendable {
  let archive: LogArchive
  let context: EngineContext

  func text(_ artefact: Artefact) async throws -> String {
    let opened = try await archive.open(artefact)
    defer { opened.stop() }
    // They are a few hundred bytes; the opened link keeps the first 64 KiB.
    if case .stream(let source) = opened.content { source.close() }
    try await opened.finish()
    return String(decoding: opened.head, as: UTF8.self)
  }
}
