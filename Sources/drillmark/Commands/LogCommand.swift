import ArgumentParser
import DrillModel
import Drilling
import Foundation
import Ledger
import ToolRunner

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "What every tool said during a run, whole.",
    discussion: """
      Secrets are not in it. Logs are kept for 90 days.

      Example:
        drillmark log 01K9
      """)

  @Argument(help: "A run's id, its beginning, or a drill's name for its newest run.") var subject: String
  @OptionGroup var options: SiteOptions

  func run() async throws {
    try await withFaults {
      let loaded = try options.load()
      let tools = SiteTools(loaded)
      let run = try RunID(subject.uppercased()) ?? SealedRuns.find(subject, in: loaded.site).record.run
      let path = RunLogs(directory: tools.logs).path(of: run)
      guard let handle = FileHandle(forReadingAtPath: path) else {
        throw Fault(.configuration, "there is no log of run \(run) at \(path)", advice: "Logs are removed after 90 days")
      }
      while let part = try handle.read(upToCount: 1 << 16), !part.isEmpty { write(String(decoding: part, as: UTF8.self), to: 1) }
    }
  }
}
