package import DrillModel
package import EngineKit
import Glibc
package import Selecting
import Synchronization
import ToolRunner

/// What a scripted step does instead of its work.
package enum ScriptedAct: Sendable {
  case fail(Fault)
  /// Waits until it is cancelled.
  case hang
  /// Waits this long and does not heed cancellation, as a call that hangs in the kernel.
  case stubborn(Duration)
  /// Does something and then goes on.
  case after(@Sendable () async throws -> Void)
}

/// Carries out acts by the names of steps, and remembers which steps were asked for, in order.
package final class Script: Sendable {
  private let acts: [String: ScriptedAct]
  private let calls = Mutex<[String]>([])

  package init(_ acts: [String: ScriptedAct] = [:]) { self.acts = acts }

  /// The steps that were asked for.
  package var steps: [String] { calls.withLock { $0 } }

  func step(_ name: String) async throws {
    calls.withLock { $0.append(name) }
    switch acts[name] {
    case nil: return
    case .fail(let fault): throw fault
    case .hang:
      while true { try await Task.sleep(for: .seconds(3600)) }
    case .stubborn(let duration): _ = try await onThread("stubborn") { usleep(UInt32(duration.inMilliseconds) * 1000) }
    case .after(let body): try await body()
    }
  }

  func note(_ name: String) throws {
    calls.withLock { $0.append(name) }
    if case .fail(let fault) = acts[name] { throw fault }
  }
}

/// An engine that follows a script. It is strict: steps out of their order are our own error.
package struct ScriptedEngine: RestoreEngine {
  package let name = "scripted"
  package let provides: ProbeKinds = [.sql]
  package let restoresHandles = true
  package let script: Script
  let intake: BackupIdentity.Intake
  /// Puts chains together; nil leaves the survey as it is.
  package var assembling: (@Sendable (Survey) -> Survey)?
  /// What rolling forward comes to; nil for a target that does not.
  package var rolling: RestoreReport?
  /// Whether it reads what the chain and the logs hold, as a correct engine does.
  package var readsChain = true
  package var recoveryInstant: Timestamp?
  package let takesLogs = true

  package init(_ script: Script = Script(), intake: BackupIdentity.Intake = .handle) {
    self.script = script
    self.intake = intake
  }

  package func assemble(_ survey: Survey) async throws -> Survey { assembling?(survey) ?? survey }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    try await script.step("preflight")
    return EngineIdentity(version: "scripted 1.0", isolation: nil)
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    try script.note("inspect")
    return BackupIdentity(format: "scripted", intake: intake)
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    guard access(context.directory, F_OK) == 0 else { throw Fault(.internalError, "provision was called without a directory") }
    try await script.step("provision")
    return ScriptedTarget(script: script, rolling: rolling, context: readsChain ? context : nil)
  }
}

struct ScriptedTarget: ScratchTarget {
  let script: Script
  let rolling: RestoreReport?
  /// Whose chain and logs are read; nil reads none.
  let context: EngineContext?
  let access: [String] = ["scripted-client"]
  var rollsForward: Bool { rolling != nil }

  private func expect(_ earlier: String) throws {
    guard script.steps.contains(earlier) else { throw Fault(.internalError, "a step came before \(earlier)") }
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    try expect("provision")
    try await drain(content)
    for link in context?.chain ?? [] { try await read(try await link.open()) }
    try await script.step("restore")
    return RestoreReport(engineTime: .milliseconds(5))
  }

  func recover() async throws -> RestoreReport {
    try expect("restore")
    if let logs = context?.logs {
      for artefact in try await logs.list() { try await read(try await logs.open(artefact)) }
    }
    try await script.step("recover")
    return rolling ?? RestoreReport(engineTime: .zero)
  }

  private func read(_ link: OpenedLink) async throws {
    try await drain(link.content)
    try await link.finish()
  }

  private func drain(_ content: BackupContent) async throws {
    guard case .stream(let pipe) = content else { return }
    _ = try await onThread("drain") {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      while Glibc.read(pipe.raw, &buffer, buffer.count) > 0 {}
      pipe.close()
    }
  }

  func awaitReady() async throws {
    try expect("restore")
    try await script.step("ready")
  }

  func probes() async throws -> Probes {
    try expect("ready")
    try await script.step("probes")
    return Probes()
  }

  func destroy() async throws { try await script.step("destroy") }
}

/// A check with a finding that is known before.
package struct ScriptedCheck: IntegrityCheck {
  package let kind = "rows"
  package let needs: ProbeKinds = []
  package let looksAtData = true
  package let title = "scripted"
  let script: Script
  let finding: CheckFinding

  package init(_ finding: CheckFinding = CheckFinding(.passed, expected: "1", found: "1"), _ script: Script = Script()) {
    self.finding = finding
    self.script = script
  }

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    do {
      try await script.step("check")
      return finding
    } catch { return CheckFinding(.couldNotVerify, found: "stopped") }
  }
}
