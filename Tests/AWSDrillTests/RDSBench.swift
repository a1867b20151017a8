import AWSClient
import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import Selecting
import Synchronization

@testable import EngineRDS
@testable import SourceRDS

/// A run's view of a scripted RDS; waiting takes no time.
struct RDSBench: Sendable {
  let rds: ScriptedRDS
  let run: RunID
  let journal = RecordingJournal()

  init(_ change: (inout ScriptedRDS.State) -> Void) {
    var state = ScriptedRDS.State()
    change(&state)
    rds = ScriptedRDS(state)
    run = RDSBench.usual
  }

  init(_ intervene: @escaping @Sendable (_ action: String, _ form: [String: String], _ count: Int) -> ScriptedRDS.Intervention?) {
    rds = ScriptedRDS(intervene: intervene)
    run = RDSBench.usual
  }

  init() { self.init { (_: inout ScriptedRDS.State) in } }

  static let usual = RunID("01KA0000000000000000000000").unsafelyUnwrapped
  static let other = RunID("01KA1111111111111111111111").unsafelyUnwrapped

  var connection: AWSConnection {
    var host = AWSHost(environment: rds.environment, clocks: HostClocks())
    host.sleep = { _, _ in }
    return AWSConnection(AWSSettings(), host: host)
  }

  var pace: Pace { Pace(sleep: { _ in try Task.checkCancellation() }) }

  func resource(isCluster: Bool = false, account: String = ScriptedRDS.account) -> RDSResource {
    RDSResource(run: run, region: ScriptedRDS.region, account: account, isCluster: isCluster)
  }

  func workshop(isCluster: Bool = false, account: String = ScriptedRDS.account) -> RDSWorkshop {
    RDSWorkshop(connection: connection, resource: resource(isCluster: isCluster, account: account), run: run, pace: pace)
  }

  /// Puts there what the run made, with its tag unless another is given.
  func put(
    _ statuses: [String] = ["available"], tag: String? = nil, isCluster: Bool = false,
    change: (inout ScriptedRDS.Database) -> Void = { _ in }
  ) {
    var made = ScriptedRDS.Database(ScratchName.of(run), statuses: statuses)
    made.isCluster = isCluster
    made.tags = ["drillmark:run": tag ?? run.text]
    change(&made)
    rds.change { $0.databases.append(made) }
  }

  func source(_ text: String = "orders", usesLogs: Bool = false, moment: Timestamp? = nil, takesShared: Bool = false) throws -> RDSSource {
    RDSSource(
      try RDSPlace(text), text: "rds:\(text)", connection: connection, usesLogs: usesLogs, moment: moment, takesShared: takesShared)
  }

  func restore() -> RDSRestore {
    var restore = RDSRestore(
      name: ScratchName.of(run), origin: .snapshot("arn:aws:rds:eu-west-1:123456789012:snapshot:s", engine: "postgres"))
    restore.tags = RunTags.of(run, labels: ["drill": "orders"])
    return restore
  }

  /// The fault that `body` ends with; nil when it ends with none.
  func fault(_ body: () async throws -> Void) async -> Fault? {
    do { try await body() } catch let fault as Fault { return fault } catch let refusal as RDSWorkshop.NotMade {
      return refusal.fault
    } catch {
      return Fault(.internalError, "\(error)")
    }
    return nil
  }
}

/// What was written down, in order: `intend rds-instance`.
final class RecordingJournal: ScratchJournal {
  private let written = Mutex<[String]>([])
  var lines: [String] { written.withLock { $0 } }
  func intend(_ resource: ScratchResource) async throws { written.withLock { $0.append("intend \(resource.kind)") } }
  func made(_ resource: ScratchResource) async throws { written.withLock { $0.append("made \(resource.kind)") } }
  func gone(_ resource: ScratchResource) async throws { written.withLock { $0.append("gone \(resource.kind)") } }
}
