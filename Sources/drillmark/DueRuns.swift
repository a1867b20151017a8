import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Glibc
import Ledger
import Scheduler
import Scheduling
import ToolRunner

/// `run --due`: one look at the schedules, and the runs that it asks for.
struct DueRuns: Sendable {
  private let reading: SiteReading
  private let findings: ScheduleFindings
  private let lookedAt: Timestamp
  private let keeper: ScheduleKeeper
  private let runner: DrillRunner
  private let progress: ProgressLine
  private let json: Bool
  private static let clocks = SystemClocks()

  /// Looks, records what was missed, and tells it.
  ///
  /// - Throws: `Fault` when the ledger cannot be read or written.
  static func look(_ site: ScheduleSite, _ progress: ProgressLine, json: Bool) async throws -> DueRuns {
    let reading = try await onThread("read") { site.read() }
    guard let runner = reading.runner else { throw Fault(.configuration, "the site file changed while it was read", advice: "Try again") }
    let keeper = ScheduleKeeper(site.ledger)
    let now = clocks.now()
    let findings = try await onThread("look") {
      let sighting = SchedulerSighting(host: ProgramPath.host, pid: getpid(), startedAt: now, lastLook: now, isDaemon: false)
      // Only word of the look: a disk that does not take it must not keep a drill from running.
      try? site.ledger.noteLook(sighting)
      return try keeper.look(DueLook(now: now), at: reading.declared, isWhole: reading.faults.isEmpty)
    }
    for note in findings.notes { progress.print("\(Terminal.inert(String(note.drill.prefix(60)))): \(Terminal.inert(note.text))") }
    return DueRuns(
      reading: reading, findings: findings, lookedAt: now, keeper: keeper, runner: runner, progress: progress, json: json)
  }

  /// Runs what is due, at most `parallel` at once.
  func carryOut(_ telling: PromptDelivery) async -> ExitCode {
    let verdicts = await withTaskGroup(of: Verdict?.self) { group in
      var verdicts: [Verdict?] = []
      for (index, run) in findings.due.enumerated() {
        if index >= max(1, reading.parallel), let verdict = await group.next() { verdicts.append(verdict) }
        group.addTask {
          let verdict = await one(run)
          await telling.begin()
          return verdict
        }
      }
      for await verdict in group { verdicts.append(verdict) }
      return verdicts.compactMap(\.self)
    }
    return ExitStatus.of(verdicts)
  }

  /// Nil when there was nothing to do after all.
  private func one(_ found: DueRun) async -> Verdict? {
    guard !Task.isCancelled, let plan = reading.drills.first(where: { $0.drill.name == found.drill }) else { return nil }
    let name = Terminal.inert(String(found.drill.prefix(60)))
    defer { progress.finished(found.drill) }
    do {
      guard let run = try await stillDue(plan) else { return nil }
      let work = DueRunner(runner: runner, keeper: keeper, clocks: DueRuns.clocks, trigger: .due)
      return tell(await work.carryOut(plan, run) { progress.observe(found.drill, $0) }, name)
    } catch {
      progress.print("\(name): \(Terminal.inert((error as? Fault)?.description ?? "its schedule could not be looked at"))")
      return .cannotDrill
    }
  }

  /// The same decision again: a run that waited for others to end may be too late by now.
  private func stillDue(_ plan: DrillPlan) async throws -> DueRun? {
    let (keeper, look) = (keeper, DueLook(now: DueRuns.clocks.now(), previous: lookedAt))
    let drill = DeclaredDrill(plan.drill, declaredAt: reading.changed[plan.file.shown])
    let again = try await onThread("look") { try keeper.look(look, at: [drill], isWhole: false) }
    for note in again.notes { progress.print("\(Terminal.inert(String(note.drill.prefix(60)))): \(Terminal.inert(note.text))") }
    return again.due.first
  }

  private func tell(_ end: DueRunner.End, _ name: String) -> Verdict? {
    switch end {
    case .sealed(let sealed):
      RunCommand.print(sealed, json: json)
      return sealed.record.verdict
    case .unsealed(let record, let fault):
      progress.print("\(name): \(record.unsealedText): \(fault)")
      return record.unsealedVerdict
    case .overlapped(let other):
      progress.print("\(name): missed (overlap): already running as \(other)")
      return .interrupted
    case .answered(let other):
      progress.print("\(name): another scheduler saw to it\(other.map { ": run \($0)" } ?? "")")
      return nil
    case .notClaimed(let fault):
      progress.print("\(name): \(Terminal.inert(fault.description))")
      return fault.code.verdict == .failed ? .cannotDrill : fault.code.verdict
    }
  }
}
