import DrillModel
import EngineKit
import Foundation
import Glibc
import Synchronization
import ToolRunner

/// One etcd server that a snapshot, and what follows it, is restored into.
final class EtcdTarget: ScratchTarget {
  private let context: EngineContext
  private let installation: EtcdInstallation
  private let options: EtcdOptions
  /// The revision that the snapshot's name says it holds.
  private let promised: Int64?
  private let state = Mutex(State())

  private struct State {
    var server: EtcdServer?
    var facts: SnapshotFacts?
    /// The revision that the restored server must stand at.
    var revision: Int64 = 0
    var isDestroyed = false
  }

  init(_ context: EngineContext, _ installation: EtcdInstallation, _ options: EtcdOptions, promised: Int64? = nil) {
    self.context = context
    self.installation = installation
    self.options = options
    self.promised = promised
  }

  /// All that the server and its tools may touch.
  private var directory: String { "\(context.directory)/etcd" }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    guard case .stream(let input) = content else { throw Fault(.internalError, "the engine etcd was given no stream") }
    try makeDirectory()
    let snapshot = try await takeSnapshot(input)
    try checkName(snapshot.facts)
    try await restore(snapshot.path, snapshot.facts)
    unlink(snapshot.path)
    state.withLock { state in
      state.facts = snapshot.facts
      state.revision = snapshot.facts.revision
    }
    return RestoreReport(engineTime: context.clocks.elapsed() - begin, notes: snapshot.notes)
  }

  var rollsForward: Bool { !context.chain.isEmpty }

  func recover() async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    let server = try await running()
    let recovery = DeltaRecovery(context: context, server: server, directory: directory)
    let (revision, summary) = try await recovery.applyAll(from: state.withLock { $0.revision })
    state.withLock { $0.revision = revision }
    return RestoreReport(engineTime: context.clocks.elapsed() - begin, dataTime: summary.newest, notes: summary.notes)
  }

  func awaitReady() async throws { _ = try await running() }

  func probes() async throws -> Probes {
    let server = try await running()
    let (facts, revision) = state.withLock { ($0.facts, $0.revision) }
    let deep = EtcdDeepCheck(
      server: server, installation: installation, context: context, revision: revision, leavesOrphans: facts?.leavesOrphans ?? false)
    return Probes(deep: deep, keys: EtcdProbe(server: server))
  }

  var access: [String] {
    [
      "cd \(directory) && ETCDCTL_API=3 \(installation.saver ?? "etcdctl") --endpoints=\(EtcdServer.clientURL) get '' --prefix --keys-only --limit=10"
    ]
  }

  func destroy() async throws {
    let server = state.withLock { state in
      state.isDestroyed = true
      return state.server
    }
    await server?.stop()
  }

  // MARK: Steps

  private func makeDirectory() throws {
    guard mkdir(directory, 0o700) == 0 else {
      throw Fault(.scratchUnusable, "cannot make the directory \(directory): \(systemMessage(errno))", advice: "Check scratch.directory")
    }
    if let user = context.user, chown(directory, user.uid, user.gid) != 0 {
      throw Fault(.scratchUnusable, "cannot give \(directory) to user \(user.uid)", advice: Isolation.neededCapabilities)
    }
  }

  /// A database that can be restored, its hash verified and cut off.
  private struct Snapshot: Sendable {
    var path: String
    var facts: SnapshotFacts
    var notes: [String]
  }

  private func takeSnapshot(_ input: Descriptor) async throws -> Snapshot {
    let (context, options, version, path) = (context, options, installation.version, "\(directory)/snapshot.db")
    return try await StopFlag.run("etcd snapshot") { stop in
      defer { input.close() }
      let source = try HeadedInput(input, stop)
      let packing = try SnapshotHead(ContentHead(name: "the snapshot", bytes: source.head)).packing
      let copy = try HashedCopy.make(
        of: source, packing: packing, named: "the snapshot", at: path, limit: context.limits.bytes ?? .max, owner: context.user
      ) { context.progress(.restore, $0, nil) }
      let hasHash = copy.size % 512 == 32
      try SnapshotHash.check(copy, hasHash: hasHash, skipsMissing: options.skipsHashCheck)
      if hasHash { try copy.dropTrailer() }
      let facts = try SnapshotFacts.prepare(
        copy, size: hasHash ? copy.size - 32 : copy.size, checksAll: !hasHash, named: "the snapshot")
      return Snapshot(path: path, facts: facts, notes: facts.notes(restoredWith: version) + (hasHash ? [] : [SnapshotHash.missing]))
    }
  }

  /// etcd-backup-restore reads the revision for the name just before it takes the snapshot, which may so be ahead of it and never behind.
  private func checkName(_ facts: SnapshotFacts) throws {
    guard let promised, facts.revision < promised else { return }
    throw Fault(
      .restoreFailed,
      "the full snapshot ends at revision \(facts.revision), and its name says \(promised): an older one lies under its name",
      advice: "Look at what wrote or renamed it; everything between is lost")
  }

  private func restore(_ path: String, _ facts: SnapshotFacts) async throws {
    if let newer = facts.neededVersion, newer.release > installation.version.release {
      throw Fault(
        .toolTooOld, "the snapshot is of etcd \(newer.releaseText), and the server on this machine is \(installation.version)",
        advice: "Install etcd \(newer.releaseText) or newer for this drill")
    }
    let arguments = [
      "snapshot", "restore", path, "--data-dir=\(directory)/data", "--name=\(EtcdServer.member)",
      "--initial-cluster=\(EtcdServer.member)=\(EtcdServer.peerURL)", "--initial-advertise-peer-urls=\(EtcdServer.peerURL)",
      "--initial-cluster-token=drillmark-\(context.run.text.lowercased())",
      // The hash was verified while the file was written, and is no longer part of it.
      "--skip-hash-check=true",
    ]
    let program = installation.restorer
    let exit = try await context.tools.run(
      ToolCommand(
        program, arguments, environment: EtcdInstallation.environment, directory: directory,
        box: EtcdServer.box(for: program, context.user, writing: directory)))
    try Task.checkCancellation()
    guard exit.isSuccess else { throw RestoreFailure.fault(program, exit) }
  }

  /// The server, started at the first call, proven to hold what the snapshot holds.
  private func running() async throws -> EtcdServer {
    let (known, revision) = state.withLock { ($0.server, $0.revision) }
    guard revision > 0 else { throw Fault(.notReady, "nothing was restored") }
    let server = try known ?? EtcdServer(installation, context, directory: directory, data: "\(directory)/data")
    let isDestroyed = state.withLock { state in
      state.server = server
      return state.isDestroyed
    }
    if isDestroyed {
      await server.stop()
      throw CancellationError()
    }
    let found = try await server.awaitAnswer()
    guard found == revision else {
      throw Fault(
        .restoreFailed, "the restored etcd stands at revision \(found), and what was restored ends at \(revision)",
        advice: "Restore it by hand to compare; run `drillmark log` for what the tools said")
    }
    return server
  }
}
