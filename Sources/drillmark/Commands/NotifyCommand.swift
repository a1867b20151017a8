import Alerting
import ArgumentParser
import DrillModel
import Drilling
import Ledger
import Notifications

struct NotifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "notify", abstract: "Try the channels, and what was not delivered.", subcommands: [Test.self, Retry.self])

  struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "test", abstract: "Send a marked test through each channel now.",
      discussion: """
        Example:
          drillmark notify test
          drillmark notify test --channel on-call

        Exit status: 0 each was taken; 1 one was not, and is named; 64 no channel, or none of that name.
        """)

    @Option(help: ArgumentHelp("Only this channel, by its name or as `status` shows it.", valueName: "name")) var channel: String?
    @OptionGroup var options: SiteOptions

    func run() async throws {
      try await withFaults {
        let tools = SiteTools(try options.loadTelling())
        let keys = try chosen(tools.alerts.owing.receivers.map(\.key))
        let messenger = Messenger(tools, ledger: try tools.ledger())
        var isEveryTaken = true
        for key in keys {
          let (text, isTaken) = NotifyCommand.text(await messenger.test(key))
          say("\(isTaken ? "sent  " : "failed")  \(Terminal.inert(key)): \(Terminal.inert(text))")
          isEveryTaken = isEveryTaken && isTaken
        }
        if !isEveryTaken { throw ExitStatus.failed }
      }
    }

    private func chosen(_ keys: [String]) throws -> [String] {
      guard !keys.isEmpty else {
        throw Fault(
          .configuration, "nobody would be told: the site file has no notify section",
          advice: "docs/notifications.md shows how to write one")
      }
      guard let channel else { return keys }
      guard keys.contains(channel) else {
        throw Fault(
          .configuration, "there is no channel \"\(Terminal.inert(String(channel.prefix(120))))\"",
          advice: "Channels here: \(keys.joined(separator: ", "))")
      }
      return [channel]
    }
  }

  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "retry", abstract: "Try everything that is not delivered again now, parked messages too.",
      discussion: """
        Example:
          drillmark notify retry

        Exit status: 0 nothing is left; 1 something still is, and is shown.
        """)

    @Option(help: ArgumentHelp("Only this channel, as `status` shows it.", valueName: "name")) var channel: String?
    @OptionGroup var options: SiteOptions

    func run() async throws {
      try await withFaults {
        let tools = SiteTools(try options.loadTelling())
        let ledger = try tools.ledger()
        _ = try ledger.retryAll(route: channel)
        let report = await Messenger(tools, ledger: ledger).deliver(within: .seconds(120))
        if let problem = report.problem { throw Fault(.ledgerUnusable, problem) }
        for route in Set(report.delivered.map(\.route)).sorted() {
          say("sent \(report.delivered.count { $0.route == route }) to \(Terminal.inert(route))")
        }
        for line in UndeliveredText(report.waiting, now: tools.clocks.now()).lines { say(line) }
        if !report.waiting.isEmpty { throw ExitStatus.failed }
        say("nothing is left")
      }
    }
  }

  private static func text(_ outcome: SendOutcome?) -> (String, isTaken: Bool) {
    switch outcome {
    case .delivered(let reply): (reply, true)
    case .later(let why, let maybeSent, _): (maybeSent ? "\(why) (it may have arrived)" : why, false)
    case .refused(let why, _): (why, false)
    case nil: ("it was stopped", false)
    }
  }
}
