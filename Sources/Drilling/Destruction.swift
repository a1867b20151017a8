import DrillModel
import EngineKit
import Ledger
import ToolRunner

/// Destroys the resources of one run, known only by their ledger rows.
struct Destruction: Sendable {
  let runner: DrillRunner

  /// What became of the resources, and for each that stays a reason that says why, and what a person can do.
  struct Outcome: Sendable {
    var record: CleanupRecord
    var reasons: [Reason] = []
  }

  /// Ends every process of the run, then destroys its resources, the youngest first. What cannot be destroyed is recorded as leaked.
  func destroyAll(of run: RunID, claim: RunClaim, within limit: Duration) async -> Outcome {
    let ledger = runner.ledger
    do {
      try await sweep(run: run.text)
      let resources = try await onThread("resources") { try ledger.resources(of: run) }
      var left: [ScratchResource] = []
      var reasons: [Reason] = []
      for resource in resources.reversed() where resource.state != .gone {
        let (result, why) = await destroyed(resource, claim: claim, within: limit)
        left.append(result)
        if let why { reasons.append(why) }
      }
      let gone = resources.filter { $0.state == .gone } + left
      let verdict: CleanupRecord.Outcome = left.contains { $0.state == .leaked } ? .leaked : .clean
      return Outcome(record: CleanupRecord(verdict: verdict, resources: gone.reversed()), reasons: reasons)
    } catch {
      let row = ScratchResource(kind: "run", name: run.text, state: .leaked)
      return Outcome(record: CleanupRecord(verdict: .leaked, resources: [row]))
    }
  }

  private func destroyed(_ resource: ScratchResource, claim: RunClaim, within limit: Duration) async -> (ScratchResource, Reason?) {
    let ledger = runner.ledger
    var result = resource
    var why: Reason?
    // Its row says already that this run made it. A ledger that cannot take another step is no reason to leave it.
    _ = try? await onThread("destroying") { try ledger.destroying(resource, for: claim) }
    runner.settings.crashPoint("destroying \(resource.kind)")
    do {
      try await withDeadline(limit, otherwise: Destruction.late(resource, after: limit)) { try await destroy(resource, of: claim.run) }
      runner.settings.crashPoint("destroyed \(resource.kind), not recorded")
      result.state = .gone
      // The seal records it as well; without either, the next start finds nothing there to destroy, which is a success.
      _ = try? await onThread("gone") { try ledger.gone(resource, for: claim) }
    } catch {
      result.state = .leaked
      why = Reason(code: "cleanup_leaked", severity: .failed, text: explanation(of: error, leaving: resource))
      // The seal records the leak as well; this row is what the next cleanup reads.
      _ = try? await onThread("leaked") { try ledger.leaked(resource, for: claim) }
    }
    return (result, why)
  }

  static func late(_ resource: ScratchResource, after limit: Duration) -> Fault {
    Fault(.scratchUnusable, "\(resource.kind) \(resource.name) could not be destroyed within \(limit.readable)")
  }

  /// Why a resource stays, and what a person can do about it.
  func explanation(of error: any Error, leaving resource: ScratchResource) -> String {
    let text = (error as? Fault)?.description ?? "\(resource.kind) \(resource.name) could not be destroyed"
    let remains = runner.reapers.first { $0.kinds.contains(resource.kind) }?.remains(resource)
    guard let remains, !text.contains(remains) else { return text }
    return "\(text). \(remains)"
  }

  /// Destroys one resource after proving by its marker that `run` made it; one that is gone is a success.
  func destroy(_ resource: ScratchResource, of run: RunID) async throws {
    if resource.kind == "directory" {
      return try await onThread("remove") { try ScratchDirectory(path: resource.name, run: run).destroy() }
    }
    guard let reaper = runner.reapers.first(where: { $0.kinds.contains(resource.kind) }) else {
      throw Fault(
        .scratchUnusable, "this version cannot destroy a \(resource.kind), so \(resource.name) stays", advice: "Remove it by hand")
    }
    let log = try RunLogs(directory: runner.settings.logs).open(run, secrets: runner.settings.secrets, clocks: runner.clocks)
    let tools = SupervisedTools(run: run.text, log: log)
    try await reaper.destroy(resource, of: run, tools: tools)
  }
}
