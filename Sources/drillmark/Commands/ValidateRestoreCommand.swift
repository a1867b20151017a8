import AWSClient
import AWSKit
import ArgumentParser
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Glibc
import Ledger
import Registry

struct ValidateRestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate-restore", abstract: "Run a drill's checks against what AWS Backup has restored, and tell AWS Backup.",
    discussion: """
      The restore job is named by --job, or by its EventBridge event on standard input. What AWS Backup made is asked and never removed.

      Examples:
        drillmark validate-restore orders --job 9E2B8B9C-…
        drillmark validate-restore orders <event.json

      Exit status: 0 the restore is valid, or the event is of a job that goes on; 1 it is not; 2 it could not be shown, or AWS Backup could
      not be told; 64 wrong usage or an invalid file.
      """)

  @Argument(help: "The name of a drill with the engine rds.") var drill: String
  @Option(help: ArgumentHelp("The id of the restore job; without it an event is read.", valueName: "id")) var job: String?
  @Option(help: ArgumentHelp("The job's region; otherwise the event's, or that of `aws`.", valueName: "region")) var region: String?
  @Flag(help: "The sealed record on standard output.") var json = false
  @OptionGroup var options: SiteOptions

  func validate() throws {
    if let job, !RestoreJobEvent.isID(job) { throw ValidationError("--job takes the id of a restore job.") }
  }

  func run() async throws {
    try await withFaults {
      let event = if let job { RestoreJobEvent(job: job, region: region) } else { try await RestoreJobEvent.read() }
      let loaded = try options.loadTelling()
      let plan = try loaded.drill(drill)
      let tools = SiteTools(loaded)
      let backup = RestoreJobs(connection: Program.aws.connection(loaded.site.aws), region: region ?? event.region)
      let found = try await backup.find(event.job)
      guard found.status != .underWay else { return say("restore job \(Terminal.inert(found.id)) goes on: nothing to validate yet") }
      let validation = try Program.registry.validation(of: found, by: plan, at: tools.clocks.now())
      let ledger = try tools.ledger()
      let runner = tools.runner(ledger)
      let progress = ProgressLine(terminal: .current(), clocks: tools.clocks)
      let telling = PromptDelivery(Messenger(tools, ledger: ledger))
      for note in await Reaper(runner: runner).reap() { progress.print(note) }
      let status = await StoppableRuns().carryOut {
        await carryOut(validation, of: found, runner: runner, backup: backup, progress: progress)
      }
      await telling.begin()
      await telling.finish(progress)
      throw status
    }
  }

  private func carryOut(
    _ plan: DrillPlan, of found: RestoreJob, runner: DrillRunner, backup: RestoreJobs, progress: ProgressLine
  ) async -> ExitCode {
    let name = plan.drill.name
    do {
      let outcome = try await runner.run(plan, observe: { progress.observe(name, $0) })
      progress.finished(name)
      guard case .sealed(let sealed) = outcome else {
        progress.print("\(Terminal.inert(name)): \(ValidateRestoreCommand.unsealed(outcome)); AWS Backup is told nothing")
        return ExitStatus.unproven
      }
      RunCommand.print(sealed, json: json)
      let status = ExitStatus.of([sealed.record.verdict])
      // A job that made nothing has no validation, and AWS Backup knows how it ended.
      guard found.status == .completed, let report = RestoreReportText(sealed.record) else { return status }
      try await backup.report(report, of: found.id)
      progress.print("AWS Backup was told: \(report.status.rawValue)")
      return status
    } catch {
      let fault = error as? Fault ?? Fault(.interrupted, "stopped while AWS Backup was told")
      progress.finished(name)
      progress.print("\(Terminal.inert(name)): \(Terminal.inert(fault.description))")
      return ExitStatus.unproven
    }
  }

  private static func unsealed(_ outcome: DrillRunner.Outcome) -> String {
    switch outcome {
    case .alreadyRunning(let run, let since): "already running as \(run) since \(since.readable)"
    case .unsealed(let record, let fault):
      "the run came to \"\(record.verdict.rawValue)\" but could not be sealed: \(Terminal.inert(fault.description))"
    case .sealed, .alreadyDecided: "nothing was done"
    }
  }
}
