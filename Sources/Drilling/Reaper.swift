package import DrillModel
import EngineKit
import Ledger
import ToolRunner

/// Ends and removes what dead runs left, and seals them. Never touches a run whose process lives.
package struct Reaper: Sendable {
  private let runner: DrillRunner

  package init(runner: DrillRunner) { self.runner = runner }

  /// Reaps every dead run, every kept target whose time has come, and every leak of earlier runs.
  ///
  /// - Parameter limit: How long each leak of earlier runs may take, so that one which AWS holds on to keeps no drill waiting for long.
  /// - Returns: A line for people on each thing done or left.
  package func reap(within limit: Duration = .seconds(300)) async -> [String] {
    var notes: [String] = []
    var finished: Set<RunID> = []
    do {
      for run in try await reading({ try $0.unfinished() }) where !run.isAlive {
        finished.insert(run.run)
        // One that cannot be finished must not keep the others waiting; `leftovers` counts it.
        do {
          if let note = try await finish(run) { notes.append(note) }
        } catch {
          let why = (error as? Fault)?.description ?? "no reason was given"
          notes.append("\(run.drill): run \(run.run) had died and could not be finished: \(why)")
        }
      }
      // What has just been tried is the next start's to try again.
      for leftover in try await reading({ try $0.leftovers() }) where isDue(leftover) && !finished.contains(leftover.run) {
        notes.append(await remove(leftover, within: limit))
      }
      let catalogues = try await onThread("catalogues") { CatalogueDirectory.sweep() }
      if catalogues > 0 {
        notes.append("what \(catalogues == 1 ? "a killed listing" : "killed listings") of a repository had left in /tmp is gone")
      }
      RunLogs(directory: runner.settings.logs).removeOld(now: runner.clocks.now())
    } catch {
      notes.append("what earlier runs left could not be removed: \((error as? Fault)?.description ?? "the ledger did not answer")")
    }
    return notes
  }

  /// Removes what one run keeps on purpose, before its time.
  func reapKept(of run: RunID, within limit: Duration) async {
    guard let leftovers = try? await reading({ try $0.leftovers() }) else { return }
    for leftover in leftovers where leftover.run == run { _ = await remove(leftover, within: limit) }
  }

  /// What is still there of runs that are over, without what is kept until a later time. A dead run that could not be finished counts with
  /// all it made, or itself when it made nothing.
  package func leftovers() throws -> [ScratchResource] {
    let dead = try runner.ledger.unfinished().filter { !$0.isAlive }.flatMap { run in
      let left = run.resources.filter { $0.state != .gone }
      return left.isEmpty ? [ScratchResource(kind: "run", name: run.run.text, state: .leaked)] : left
    }
    return try dead + runner.ledger.leftovers().filter(isDue).map(\.resource)
  }

  private func isDue(_ leftover: Leftover) -> Bool {
    leftover.resource.state != .kept || (leftover.keptUntil ?? runner.clocks.now()) <= runner.clocks.now()
  }

  /// Cleans up after a dead run and seals it: with the verdict it had reached, or as interrupted.
  private func finish(_ dead: UnfinishedRun) async throws -> String? {
    let ledger = runner.ledger
    guard let claim = try await onThread("adopt", { try ledger.adopt(dead) }) else { return nil }
    let cleanup = await Destruction(runner: runner).destroyAll(of: dead.run, claim: claim, within: .seconds(1800))
    var record = DeadRun(dead, cleanup: cleanup.record, finishedAt: runner.clocks.now(), settings: runner.settings).record
    record.reasons.insert(contentsOf: cleanup.reasons, at: 0)
    _ = try Sealing(runner: runner).seal(record, of: nil, points: [], claim: claim)
    let left =
      cleanup.record.verdict == .clean
      ? "what it left is gone" : "some of what it left could not be removed (\(cleanup.reasons.map(\.text).joined(separator: "; ")))"
    return "\(dead.drill): run \(dead.run) had died; \(left), and it is sealed as \(record.verdict.rawValue)"
  }

  private func remove(_ leftover: Leftover, within limit: Duration) async -> String {
    let (ledger, now, destruction) = (runner.ledger, runner.clocks.now(), Destruction(runner: runner))
    let name = "\(leftover.resource.kind) \(leftover.resource.name)"
    do {
      try await sweep(run: leftover.run.text)
      try await withDeadline(limit, otherwise: Destruction.late(leftover.resource, after: limit)) {
        try await destruction.destroy(leftover.resource, of: leftover.run)
      }
      var gone = leftover.resource
      gone.state = .gone
      let text = "\(name) of run \(leftover.run) is gone"
      let amendment = Amendment(run: leftover.run, amendedAt: now, destroyed: [gone], text: text)
      _ = try await onThread("amend") { try ledger.amend(amendment) }
      return text
    } catch {
      _ = try? await onThread("still there") { try ledger.stillThere(leftover) }
      let why = destruction.explanation(of: error, leaving: leftover.resource)
      return "\(name) of run \(leftover.run) could not be removed: \(why)"
    }
  }

  private func reading<Value: Sendable>(_ body: @escaping @Sendable (Ledger) throws -> Value) async throws -> Value {
    let ledger = runner.ledger
    return try await onThread("ledger") { try body(ledger) }
  }
}
