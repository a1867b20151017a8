import DrillModel
import EngineKit
import Glibc
import PostgreSQLKit
import ToolRunner

/// A server on a restored data directory, from its start until its recovery is over.
struct RecoveringServer: Sendable {
  let context: EngineContext
  let options: PhysicalOptions
  let installation: Installation
  let confinement: Confinement
  let restored: RestoredData
  let socket: String
  let target: RecoveryTarget

  /// Runs the recovery to its end.
  ///
  /// - Parameter started: Told the process as soon as there is one, so that it can be ended from elsewhere.
  /// - Throws: `Fault` that says what stood in the way.
  func run(_ plan: LogPlan, started: (ServerProcess) -> Void) async throws -> (cluster: RestoredCluster, notes: [String]) {
    let staging = "\(context.directory)/wal"
    let settings = "\(context.directory)/settings"
    try Accounts.makeDirectory(staging, owner: confinement.user, mode: 0o700)
    try writeSettings(to: settings)
    let segments = try segmentServer(plan, staging)
    // With `wal_level=minimal` a server refuses to recover from an archive.
    let recovers = !plan.isMinimal
    if recovers { try DataPreparation(data: restored.data, owner: confinement.user, links: [:]).signalRecovery() }
    let log = RecoveryLog { position in report(position, plan) }
    let process = try ServerProcess(
      ServerProcess.Start(
        installation, confinement, data: restored.data,
        arguments: arguments(plan, settings, recovers ? segments.restoreCommand : nil), writing: [socket, staging, restored.tablespaces],
        reading: [settings], running: ["/bin/sh", "/usr/bin/dash"], onLine: { log.add($0) }), tools: context.tools)
    started(process)
    let serving = Task { await segments.run() }
    do {
      let cluster = try await wait(for: process, log, segments, plan)
      serving.cancel()
      await serving.value
      let judge = RecoveryJudge(target: target, plan: plan, facts: log.facts, account: segments.account)
      return (cluster, plan.notes + (recovers ? try judge.judgeReady() : []))
    } catch {
      serving.cancel()
      await serving.value
      throw error
    }
  }

  private func wait(for process: ServerProcess, _ log: RecoveryLog, _ segments: SegmentServer, _ plan: LogPlan) async throws
    -> RestoredCluster
  {
    while true {
      try Task.checkCancellation()
      let ended = process.exit
      if ended != nil || log.facts.isReady, let fault = segments.account.fault { throw fault }
      if let ended {
        // Its last lines may be on their way still.
        try await Task.sleep(for: .milliseconds(50))
        let judge = RecoveryJudge(target: target, plan: plan, facts: log.facts, account: segments.account)
        throw judge.fault(lastWords: "\(process.lastWords) (\(ended.status))")
      }
      if log.facts.isReady {
        let (socket, data, wanted) = (socket, restored.data, options.database)
        do {
          return try await onThread("pg connect") { try RestoredCluster.open(socket: socket, data: data, wanted: wanted) }
        } catch let fault as Fault where fault.isTransient {}
      }
      try await Task.sleep(for: .milliseconds(15))
    }
  }

  private func segmentServer(_ plan: LogPlan, _ staging: String) throws -> SegmentServer {
    var source: (file: SegmentFile, stage: SegmentStage)?
    if let catalogue = plan.catalogue, let archive = restored.archive(context) {
      let directory = try open(staging)
      let file = SegmentFile(
        staging: directory, owner: confinement.user, archive: archive, catalogue: catalogue, system: restored.control.system)
      source = (file, SegmentStage(file, chain: plan.chain))
    }
    let size = plan.size
    return try SegmentServer(
      staging, owner: confinement.user, source: source, chain: plan.chain, size: size, wal: try open("\(restored.data)/pg_wal"),
      onServed: { report(LogPosition(bytes: $0 * size), plan) })
  }

  private func open(_ path: String) throws -> Descriptor {
    let raw = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard raw >= 0 else { throw Fault(.scratchUnusable, "\(path) cannot be opened: \(systemMessage(errno))") }
    return Descriptor(owning: raw)
  }

  private func report(_ position: LogPosition, _ plan: LogPlan) {
    guard position > plan.start else { return }
    var end = plan.highest.map { ($0 + 1) * plan.size }
    if case .position(let text) = target, let wanted = LogPosition(text) { end = wanted.bytes }
    let total = end.flatMap { $0 > plan.start.bytes ? Int64(clamping: $0 - plan.start.bytes) : nil }
    context.progress(.recover, Int64(clamping: position.bytes - plan.start.bytes), total)
  }

  /// Nothing of the copied configuration is read: the server gets files of ours, which say what a command line does not.
  private func writeSettings(to directory: String) throws {
    try Accounts.makeDirectory(directory, owner: confinement.user, mode: 0o700)
    try Accounts.writeFile("\(directory)/postgresql.conf", "# Everything is on the command line.\n", owner: confinement.user)
    // Only the server's own user and root reach the socket's directory.
    try Accounts.writeFile("\(directory)/pg_hba.conf", "local all all trust\n", owner: confinement.user)
    try Accounts.writeFile("\(directory)/pg_ident.conf", "", owner: confinement.user)
  }

  private func arguments(_ plan: LogPlan, _ settings: String, _ restoreCommand: String?) -> [String] {
    let control = restored.control
    let segment = control.segmentBytes >> 20
    var own: [(String, String)] = [
      ("config_file", "\(settings)/postgresql.conf"), ("hba_file", "\(settings)/pg_hba.conf"), ("ident_file", "\(settings)/pg_ident.conf"),
      // Without hot standby nobody can take a server that pauses or still replays for one that is done.
      ("hot_standby", "off"), ("archive_mode", "off"), ("archive_command", ""), ("archive_cleanup_command", ""),
      ("recovery_end_command", ""), ("primary_conninfo", ""), ("primary_slot_name", ""), ("wal_level", "replica"),
      ("restart_after_crash", "off"), ("log_line_prefix", ""), ("shared_preload_libraries", options.preload.joined(separator: ",")),
      ("session_preload_libraries", ""), ("local_preload_libraries", ""), ("logging_collector", "off"),
      // The log between two checkpoints of production must fit anyway; beyond it the server gives segments back as it replays. It refuses
      // less than two segments, which may have a gigabyte.
      ("max_wal_size", "\(max(1024, 2 * segment))MB"), ("min_wal_size", "\(max(80, 2 * segment))MB"),
      ("max_connections", String(max(60, control.setting("max_connections", 100)))),
      ("max_prepared_transactions", String(control.setting("max_prepared_xacts", 0))),
      ("max_locks_per_transaction", String(max(256, control.setting("max_locks_per_xact", 64)))),
      ("max_worker_processes", String(max(8, control.setting("max_worker_processes", 8)))),
      ("track_commit_timestamp", control.tracksCommitTimestamps ? "on" : "off"),
    ]
    if installation.major >= 14 { own += [("recovery_init_sync_method", "syncfs")] }
    if installation.major >= 15 {
      own += [("archive_library", ""), ("log_startup_progress_interval", "1s")]
      // Reading ahead would ask for log that lies behind the target.
      if target.stops { own += [("recovery_prefetch", "off")] }
    }
    if installation.major >= 17 { own += [("event_triggers", "off"), ("summarize_wal", "off")] }
    if let restoreCommand {
      own +=
        [("restore_command", restoreCommand), ("recovery_target_timeline", timeline(plan))] + target.settings(inclusive: options.inclusive)
    }
    // A server that recovers must not be told to write less log than it reads.
    if context.durability == .relaxed {
      own += [("fsync", "off"), ("full_page_writes", "off"), ("synchronous_commit", "off"), ("autovacuum", "off")]
    }
    return ServerSettings.arguments(relaxed: false, socket: socket, own: own)
  }

  private func timeline(_ plan: LogPlan) -> String {
    if plan.catalogue == nil, case .number(let number) = options.timeline { return String(number) }
    return plan.chain.steps.count > 1 ? String(plan.chain.newest) : "current"
  }
}
