import DrillConfig
import DrillModel
import EngineKit
import Ledger
import Objectives
import Selecting
import ToolRunner

extension RunDrive {
  /// Stores what verification found, cleans up, and seals. Shielded from cancellation: a second signal must not make a leak.
  mutating func finish(
    _ request: DrillRunner.Request, target: (any ScratchTarget)?, tools: SupervisedTools?
  ) async -> DrillRunner.Outcome {
    let copy = self
    let keeps = request.keep != nil && state.readyAt != nil
    let (outcome, until) = await Task.detached { await copy.closed(target, tools, keepFor: keeps ? request.keep : nil) }.value
    if let until, let target, let hold = request.hold {
      await hold(target.access, until)
      await Task.detached { await copy.releaseKept(target) }.value
    }
    return outcome
  }

  private func closed(
    _ target: (any ScratchTarget)?, _ tools: SupervisedTools?, keepFor keep: Duration?
  ) async -> (DrillRunner.Outcome, Timestamp?) {
    var copy = self
    let core = copy.record(CleanupRecord(verdict: .clean, resources: []), finishedAt: clocks.now())
    // A ledger that cannot take the core may still take the seal; losing only the core loses nothing.
    try? runner.ledger.storeCore(core, for: claim)
    runner.settings.crashPoint("core stored")
    let until = keep.map { clocks.now() + $0 }
    copy.begin(.cleanup)
    let cleanup = if let until { copy.keepResources(until: until) } else { await copy.cleanUp(target) }
    copy.end(.cleanup)
    let record = copy.record(cleanup, finishedAt: clocks.now())
    do {
      let sealed = try Sealing(runner: runner).seal(record, of: plan.drill, points: copy.seenPoints, claim: claim)
      runner.settings.crashPoint("sealed")
      return (.sealed(sealed), until)
    } catch {
      return (.unsealed(record, asFault(error)), until)
    }
  }

  /// Ends what the run started, removes what it made, and says what is left.
  private mutating func cleanUp(_ target: (any ScratchTarget)?) async -> CleanupRecord {
    let limit = plan.drill.deadlines[.cleanup]
    let late = Fault(.scratchUnusable, "the cleanup did not end within \(limit.readable)")
    if let target {
      do {
        try await withDeadline(limit, otherwise: late) { try await target.destroy() }
      } catch {
        state.note("cleanup", "the scratch target did not end cleanly: \(asFault(error).description)", .warn)
      }
    }
    let outcome = await Destruction(runner: runner).destroyAll(of: state.run, claim: claim, within: limit)
    state.notes += outcome.reasons
    return outcome.record
  }

  /// What this run made, or its directory at the least where the ledger cannot tell: a kept target must never look as if nothing stayed.
  private func madeResources() -> [ScratchResource] {
    (try? runner.ledger.resources(of: state.run))
      ?? [ScratchResource(kind: "directory", name: ScratchDirectory.path(in: runner.settings.scratch, run: state.run))]
  }

  private func keepResources(until: Timestamp) -> CleanupRecord {
    let resources = madeResources()
    let kept = resources.filter { $0.state != .gone }
    for resource in kept { try? runner.ledger.kept(resource, until: until, for: claim) }
    let shown = kept.map { ScratchResource(kind: $0.kind, name: $0.name, state: .kept) }
    return CleanupRecord(verdict: .kept, resources: shown + resources.filter { $0.state == .gone })
  }

  private func releaseKept(_ target: any ScratchTarget) async {
    let limit = plan.drill.deadlines[.cleanup]
    let late = Fault(.scratchUnusable, "the cleanup did not end within \(limit.readable)")
    try? await withDeadline(limit, otherwise: late) { try await target.destroy() }
    await Reaper(runner: runner).reapKept(of: state.run, within: limit)
  }

  /// The run as its record, judged against what the ledger remembers of the drill.
  func record(_ cleanup: CleanupRecord, finishedAt: Timestamp) -> RunRecord {
    let (ledger, drill) = (runner.ledger, plan.drill)
    var state = state
    var remembered: [SeenPoint] = []
    do {
      remembered = try ledger.seenPoints(drill.name, since: state.failureInstant - drill.rules.window - drill.rules.window)
    } catch {
      // Without the points that were pruned a gap could look shorter than it was, and the run greener.
      state.faults.append(asFault(error))
    }
    return RunJudge(
      state: state, plan: plan, checks: allChecks, cleanup: cleanup, finishedAt: finishedAt, settings: runner.settings,
      previousSealed: lastMeasured, remembered: remembered
    ).record
  }

  /// The failure instant of the drill's last run that came to measure: a run that did not judged no gap, so the gaps of its time are
  /// this run's to judge.
  private var lastMeasured: Timestamp? {
    // The last run nearly always did; only behind a row of broken ones is it worth reading more.
    for limit in [1, 50] {
      let earlier = (try? runner.ledger.history(plan.drill.name, limit: limit)) ?? []
      if let found = earlier.first(where: { $0.record.rpo.artefactAge != nil || $0.record.rpo.windowWorstGap != nil }) {
        return found.record.failureInstant
      }
    }
    return nil
  }

  var seenPoints: [SeenPoint] {
    (state.survey?.candidates ?? []).compactMap { candidate in
      candidate.time.map { SeenPoint(location: candidate.newest.location, takenAt: $0, origin: candidate.origin ?? .name) }
    }
  }
}
