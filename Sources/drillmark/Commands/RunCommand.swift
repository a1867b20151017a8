import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Ledger
import Registry

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Drill now: restore, measure, check, seal, clean up.",
    discussion: """
      Examples:
        drillmark run orders
        drillmark run --all --json
        drillmark run orders --keep 2h
        drillmark run --due

      Exit status: 0 every run passed, or nothing was due; 1 at least one failed; 2 none failed but one could not be verified or drilled, was
      interrupted, or is running already; 64 wrong usage or an invalid file.
      """)

  @Argument(help: "Names of drills.") var drills: [String] = []
  @Flag(help: "Every drill of the site.") var all = false
  @Flag(help: "Every drill whose schedule says so now, as the daemon would: for cron or a timer, every few minutes.") var due = false
  @Option(help: "Every drill of a tier.") var tier: String?
  @Option(help: ArgumentHelp("Leave the scratch target for a look, for this long (2h).", valueName: "duration")) var keep: String?
  @Flag(help: "Wait for a drill that is running already instead of refusing.") var wait = false
  @Flag(help: "The sealed record of each run on standard output, one JSON document a line.") var json = false
  @OptionGroup var options: SiteOptions

  func validate() throws {
    let ways = [!drills.isEmpty, all, due, tier != nil].count { $0 }
    guard ways == 1 else { throw ValidationError("Name drills, or give --all, --due or --tier.") }
    if due, wait || keep != nil { throw ValidationError("--due takes neither --wait nor --keep.") }
    if let keep, Duration(text: keep) == nil { throw ValidationError("--keep takes a duration such as 90s, 5m or 2h, not \"\(keep)\".") }
  }

  func run() async throws {
    try await withFaults {
      let loaded = try options.loadTelling()
      let chosen = due ? [] : try choose(from: loaded)
      let tools = SiteTools(loaded)
      let ledger = try tools.ledger()
      let runner = tools.runner(ledger)
      let progress = ProgressLine(terminal: .current(), clocks: tools.clocks)
      for note in await Reaper(runner: runner).reap() { progress.print(note) }
      let telling = PromptDelivery(Messenger(tools, ledger: ledger))
      await telling.begin()
      let dueRuns = due ? try await DueRuns.look(ScheduleSite(config: options.config, loaded, ledger), progress, json: json) : nil
      let status = await StoppableRuns().carryOut {
        if let dueRuns { return await dueRuns.carryOut(telling) }
        return await carryOut(
          chosen, runner: runner, telling: telling, progress: progress, parallel: keep == nil ? loaded.site.parallel : 1)
      }
      await telling.finish(progress)
      if loaded.diagnostics.hasErrors, all || due || tier != nil { throw ExitStatus.usage }
      throw status
    }
  }

  private func choose(from loaded: LoadedSite) throws -> [DrillPlan] {
    if all || tier != nil {
      let chosen = loaded.drills.filter { tier == nil || $0.drill.tier == tier }
      guard !chosen.isEmpty || loaded.diagnostics.hasErrors else {
        let what = tier.map { "no drill of tier \"\(Terminal.inert($0))\"" } ?? "no drill"
        throw Fault(.configuration, "there is \(what) here", advice: "`drillmark init` writes a first one")
      }
      return chosen
    }
    return try drills.map { try loaded.drill($0) }
  }

  /// Runs the drills, at most `parallel` at once, in the order given.
  private func carryOut(
    _ plans: [DrillPlan], runner: DrillRunner, telling: PromptDelivery, progress: ProgressLine, parallel: Int
  ) async -> ExitCode {
    await withTaskGroup(of: Verdict.self) { group in
      var verdicts: [Verdict] = []
      for (index, plan) in plans.enumerated() {
        if index >= max(1, parallel), let verdict = await group.next() { verdicts.append(verdict) }
        group.addTask {
          let verdict = await one(plan, runner: runner, progress: progress)
          await telling.begin()
          return verdict
        }
      }
      for await verdict in group { verdicts.append(verdict) }
      return ExitStatus.of(verdicts)
    }
  }

  private func one(_ plan: DrillPlan, runner: DrillRunner, progress: ProgressLine) async -> Verdict {
    let name = plan.drill.name
    defer { progress.finished(name) }
    let hold: (@Sendable ([String], Timestamp) async -> Void) = { access, until in await KeptTarget.hold(access, until: until, progress) }
    let request = DrillRunner.Request(keep: keep.flatMap { Duration(text: $0) }, hold: hold)
    while !Task.isCancelled {
      do {
        switch try await runner.run(plan, request, observe: { progress.observe(name, $0) }) {
        case .sealed(let sealed):
          progress.finished(name)
          RunCommand.print(sealed, json: json)
          return sealed.record.verdict
        case .alreadyRunning(let run, let since):
          guard wait else {
            progress.print("\(Terminal.inert(name)): already running as \(run) since \(since.readable); --wait waits for it")
            return .interrupted
          }
          try await Task.sleep(for: .seconds(1))
        case .alreadyDecided: return .passed
        case .unsealed(let record, let fault):
          progress.print("\(Terminal.inert(name)): \(record.unsealedText): \(fault)")
          return record.unsealedVerdict
        }
      } catch {
        let fault = error as? Fault ?? Fault(.interrupted, "stopped while waiting")
        progress.print("\(Terminal.inert(name)): \(Terminal.inert(fault.description))")
        return fault.code.verdict == .failed ? .cannotDrill : fault.code.verdict
      }
    }
    return .interrupted
  }

  /// The record on standard output, whole or as a summary.
  static func print(_ sealed: SealedRecord, json: Bool) {
    if json {
      write(sealed.jsonLine + "\n", to: 1)
    } else {
      for line in RecordText(sealed.record, terminal: .current()).summary { say(line) }
    }
  }
}

extension RunRecord {
  /// What to say of a run that the ledger could not take.
  var unsealedText: String {
    guard verdict == .failed, unsealedVerdict != .failed else { return "the run came to \"\(verdict.rawValue)\" but could not be sealed" }
    return "the run found nothing wrong with the backup, but neither its cleanup nor its record could be written"
  }

  /// What a run comes to that the ledger could not take.
  var unsealedVerdict: Verdict {
    // What cannot be recorded as destroyed counts as leaked, which says nothing of the backup.
    reasons.contains { $0.severity == .failed && $0.code != "cleanup_leaked" } ? .failed : .couldNotVerify
  }
}
