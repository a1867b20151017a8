import DrillModel
import EngineKit
import Ledger
import ToolRunner

/// Destroys the resources of one run, known only by their ledger rows.
struct Destruction: Sendable {
  let runner: DrillRunner

  /// Ends every process of the run, then destroys its resources, the youngest first. What cannot be destroyed is recorded as leaked.
  func destroyAll(of run: RunID, claim: RunClaim, within limit: Duration) async -> CleanupRecord {
    let ledger = runner.ledger
    do {
      try await sweep(run: run.text)
      let resources = try await onThread("resources") { try ledger.resources(of: run) }
      var left: [ScratchResource] = []
      for resource in resources.reversed() where resource.state != .gone {
        left.append(await destroyed(resource, claim: claim, within: limit))
      }
      let gone = resources.filter { $0.state == .gone } + left
      return CleanupRecord(verdict: left.contains { $0.state == .leaked } ? .leaked : .clean, resources: gone.reversed())
    } catch {
      let row = ScratchResource(kind: "run", name: run.text, state: .leaked)
      return CleanupRecord(verdict: .leaked, resources: [row])
    }
  }

  private func destroyed(_ resource: ScratchResource, claim: RunClaim, within limit: Duration) async -> ScratchResource {
    let ledger = runner.ledger
    var result = resource
    // Its row says already that this run made it. A ledger that cannot take another step is no reason to leave it.
    _ = try? await onThread("destroying") { try ledger.destroying(resource, for: claim) }
    runner.settings.crashPoint("destroying \(resource.kind)")
    do {
      let late = Fault(.scratchUnusable, "\(resource.kind) \(resource.name) could not be destroyed within \(limit.readable)")
      try await withDeadline(limit, otherwise: late) { try await destroy(resource, of: claim.run) }
      runner.settings.crashPoint("destroyed \(resource.kind), not recorded")
      result.state = .gone
      // The seal records it as well; without either, the next start finds nothing there to destroy, which is a success.
      _ = try? await onThread("gone") { try ledger.gone(resource, for: claim) }
    } catch {
      result.state = .leaked
      // The seal records the leak as well; this row is what the next cleanup reads.
      _ = try? await onThread("leaked") { try ledger.leaked(resource, for: claim) }
    }
    return result
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
