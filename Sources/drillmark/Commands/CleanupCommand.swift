import ArgumentParser
import DrillModel
import Drilling
import Notifications

struct CleanupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cleanup", abstract: "Remove what dead runs left; never touches a live run.",
    discussion: """
      Example:
        drillmark cleanup

      Exit status: 0 nothing is left; 1 something could not be removed, and is named.
      """)

  @OptionGroup var options: SiteOptions

  func run() async throws {
    try await withFaults {
      let loaded = try options.load()
      let tools = SiteTools(loaded)
      let ledger = try tools.ledger()
      let reaper = Reaper(runner: tools.runner(ledger))
      for note in await reaper.reap(within: .seconds(1800)) { say(Terminal.inert(note)) }
      if let line = await Messenger(tools, ledger: ledger).deliver().line { tell(Terminal.inert("drillmark: \(line)")) }
      let left = try reaper.leftovers()
      for resource in left { say("left: \(resource.kind) \(Terminal.inert(resource.name)) (\(resource.state.rawValue))") }
      if !left.isEmpty { throw ExitStatus.failed }
      say("nothing is left")
    }
  }
}
