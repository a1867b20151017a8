import ArgumentParser
import Checks
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Registry
import Synchronization

struct SchemaCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Restore a drill's backup and write its schema, for the `schema` check to compare with.",
    discussion: """
      The run is an ordinary one and is sealed. Commit the written file beside the drill.

      Example:
        drillmark schema orders --output drills/orders.schema
      """)

  @Argument(help: "The drill's name.") var drill: String
  @Option(
    help: ArgumentHelp(
      "Write here instead of standard output; an existing file is replaced only when the new one is complete.", valueName: "path"))
  var output: String?
  @OptionGroup var options: SiteOptions

  func run() async throws {
    try await withFaults {
      let loaded = try options.loadTelling()
      let plan = try loaded.drill(drill)
      guard plan.engine.provides.contains(.schema) else {
        throw Fault(.configuration, "the engine \(plan.engine.name) has no schema to write")
      }
      let tools = SiteTools(loaded)
      let runner = tools.runner(try tools.ledger())
      let progress = ProgressLine(terminal: .current(), clocks: tools.clocks)
      for note in await Reaper(runner: runner).reap() { progress.print(note) }
      let found = Mutex<SchemaSnapshot?>(nil)
      let request = DrillRunner.Request(examine: { probes in
        let snapshot = try? await probes.schema?.schema(timeout: .seconds(600))
        found.withLock { $0 = snapshot }
      })
      let name = drill
      let outcome = try await runner.run(plan, request) { progress.observe(name, $0) }
      progress.finished(drill)
      if case .alreadyRunning(let run, _) = outcome { throw Fault(.interrupted, "\(drill) is already running as \(run)") }
      guard let snapshot = found.withLock({ $0 }) else {
        throw Fault(.restoreFailed, "the backup did not restore, so there is no schema to write", advice: "See `drillmark show \(drill)`")
      }
      try FileOutput.write(SchemaReference(snapshot).text, to: output)
    }
  }
}
