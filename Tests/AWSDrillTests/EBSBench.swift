import AWSClient
import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import Glibc
import Synchronization
import ToolRunner

@testable import EngineEBS

/// A run's view of a scripted EC2 from an instance of it, with a disk that EC2 plugs in. Waiting takes no time.
final class EBSBench: Sendable {
  let ec2: ScriptedEC2
  let disk: LoopDisk?
  let run: RunID
  private let folder = TemporaryFolder("ebs")

  init(
    disk: LoopDisk? = nil,
    intervene: @escaping @Sendable (_ action: String, _ count: Int) -> ScriptedRDS.Intervention? = { _, _ in nil },
    change: (inout ScriptedEC2.State) -> Void = { _ in }
  ) {
    var state = ScriptedEC2.State()
    state.snapshots = [ScriptedEC2.Snapshot("snap-00000002", started: BackupStamp.rfc3339(.seconds(7200)))]
    state.disk = disk
    change(&state)
    self.disk = disk
    ec2 = ScriptedEC2(state, intervene: intervene)
    var random = SystemRandomNumberGenerator()
    run = RunID(at: HostClocks().now(), using: &random)
    try? ScratchDirectory(path: scratch, run: run).create()
  }

  var scratch: String { ScratchDirectory.path(in: folder.path, run: run) }
  var pace: Pace { Pace(sleep: { _ in try Task.checkCancellation() }) }

  var connection: AWSConnection {
    var host = AWSHost(environment: ec2.environmentOfInstance, clocks: HostClocks())
    host.sleep = { _, _ in }
    return AWSConnection(AWSSettings(), host: host)
  }

  var attaching: EBSOptions {
    var options = EBSOptions()
    options.attach = EBSOptions.Attach()
    return options
  }

  func context(_ journal: any ScratchJournal = ForgetfulJournal()) -> EngineContext {
    EngineContext(
      run: run, directory: scratch, cache: "\(folder.path)/cache", tools: SupervisedTools(run: run.text), journal: journal,
      clocks: HostClocks(), durability: .production, limits: UnpackLimits(), protected: ProtectedSystems(), progress: { _, _, _ in })
  }

  func engine(_ options: EBSOptions? = nil) -> EBSEngine {
    EBSEngine(options ?? attaching, connection: connection, pace: pace, devices: BlockDevices(root: disk?.root ?? "/nonexistent"))
  }

  /// That of the one snapshot.
  private var handle: String {
    get throws {
      let words = #"{"region":"eu-west-1","snapshot":"snap-00000002","volume":"vol-0123456789abcdef0","gibibytes":20,"isEncrypted":false}"#
      return try EBSRecoveryPoint(handle: words).handle
    }
  }

  /// As a run does it, up to the target being ready.
  func restore(_ options: EBSOptions? = nil, journal: any ScratchJournal = ForgetfulJournal()) async throws -> (
    any ScratchTarget, RestoreReport
  ) {
    let engine = engine(options)
    let context = context(journal)
    // Of an earlier restore of this bench; a run has one.
    for name in ["volume/root", "volume"] { rmdir("\(scratch)/\(name)") }
    _ = try await engine.preflight(context)
    let handle = try handle
    let identity = try engine.inspect(try engine.head(ofHandle: handle, from: "ebs:vol-1"))
    let target = try await engine.provision(context, for: identity)
    do {
      let report = try await target.restore(.handle(handle))
      try await target.awaitReady()
      return (target, report)
    } catch {
      if journal is ForgetfulJournal { try await target.destroy() }
      throw error
    }
  }

  /// The fault that a restore ends with; nil when it ends with none.
  func fault(_ options: EBSOptions? = nil) async -> Fault? {
    do {
      let (target, _) = try await restore(options)
      try await target.destroy()
      return nil
    } catch let fault as Fault { return fault } catch { return Fault(.internalError, "\(error)") }
  }

  var reaper: EBSReaper { EBSReaper(connection: connection, pace: pace) }

  /// Volumes that are there and not deleted.
  var left: [ScriptedEC2.Volume] { ec2.now.volumes.filter { $0.states != ["deleted"] } }
}

/// Keeps the rows of a run as the ledger does, and ends the run at a step as a crash would.
final class BreakingJournal: ScratchJournal {
  struct Crash: Error {}

  private let breaksAt: Int
  private let state = Mutex<(steps: [String], rows: [ScratchResource])>(([], []))

  init(breakingAt step: Int = .max) { breaksAt = step }

  var steps: [String] { state.withLock { $0.steps } }
  /// What a reaper would find, the youngest first.
  var rows: [ScratchResource] { state.withLock { $0.rows.filter { $0.state != .gone }.reversed() } }

  func intend(_ resource: ScratchResource) async throws { try step("intend", resource, .intended) }
  func made(_ resource: ScratchResource) async throws { try step("made", resource, .made) }
  func gone(_ resource: ScratchResource) async throws { try step("gone", resource, .gone) }

  /// Even steps end before the row is written, odd ones after it.
  private func step(_ word: String, _ resource: ScratchResource, _ new: ScratchResource.State) throws {
    try state.withLock { state in
      if breaksAt == state.steps.count * 2 { throw Crash() }
      state.steps.append("\(word) \(resource.kind)")
      state.rows.removeAll { $0.name == resource.name }
      state.rows.append(ScratchResource(kind: resource.kind, name: resource.name, state: new))
      if breaksAt == state.steps.count * 2 - 1 { throw Crash() }
    }
  }
}
