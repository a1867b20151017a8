import AWSClient
import Alerting
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import HTTPTransport
import Ledger
import Notifications
import ToolRunner

/// Tells people: works out what is newly owed, and delivers what is due. One for a process; safe from any task.
actor Messenger {
  /// How long one pass may take at the end of a command.
  static let patience = Duration.seconds(30)

  private let tools: SiteTools
  private let ledger: Ledger

  init(_ tools: SiteTools, ledger: Ledger) {
    self.tools = tools
    self.ledger = ledger
  }

  /// Stores what is owed now apart from runs: overdue drills, reminders, escalations. What cannot be worked out is in the lines.
  func review() async -> [String] {
    let review = AlertReview(ledger: ledger, alerts: tools.alerts, host: ProgramPath.host, clocks: tools.clocks)
    return (try? await onThread("alerts") { review.owe().problems }) ?? []
  }

  /// Delivers what is due, for at most about `limit`. Cancelling the task ends it early; nothing is lost by that.
  func deliver(within limit: Duration = Messenger.patience) async -> DeliveryReport {
    let cancellation = Cancellation()
    let ledger = ledger
    let routes = Set(tools.alerts.owing.receivers.map(\.key))
    // What goes wrong here goes wrong below as well, and is told there.
    let rest = try? await onThread("outbox") { try Delivery.isDue(ledger, routes: routes) ? nil : Delivery.rest(ledger) }
    if let rest { return rest }
    let senders = await senders()
    let step = tools.settings.crashPoint
    let clocks = tools.clocks
    let delivery = Delivery(
      ledger: ledger, senders: senders, clocks: clocks, random: { Double.random(in: 0..<1) }, crashPoint: step)
    let watchdog = Task {
      try await Task.sleep(for: limit)
      cancellation.cancel()
    }
    defer { watchdog.cancel() }
    return await withTaskCancellationHandler {
      (try? await onThread("deliver") { delivery.deliver(within: limit, cancellation) }) ?? DeliveryReport()
    } onCancel: {
      cancellation.cancel()
    }
  }

  /// Sends a marked test through one channel.
  func test(_ key: String) async -> SendOutcome? {
    guard let sender = await senders()[key] else { return nil }
    let head = (try? ledger.head()).flatMap { $0 }.map { ToldLink(hash: $0.hash, sequence: $0.sequence) }
    let notice = Notice.test(
      of: key, at: tools.clocks.now(), token: UUID().uuidString.lowercased(),
      evidence: Notice.Evidence(host: ProgramPath.host, ledger: ledger.path), head: head)
    return try? await onThread("test") { sender.send(notice, within: Messenger.patience, nil) }
  }

  /// Secrets are fetched anew each time, so that one that was changed is used.
  private func senders() async -> [String: any NotificationSender] {
    await SenderSettings.of(tools).senders(for: tools.alerts.owing)
  }
}

extension SenderSettings {
  /// Fetches the secrets that the site's channels refer to.
  static func of(_ tools: SiteTools) async -> SenderSettings {
    let environment = ProcessInfo.processInfo.environment
    let references = Set(tools.alerts.owing.receivers.flatMap { $0.route.channel.secretReferences })
    let reader = SecretReader(environment: environment)
    let runner = SupervisedTools(run: "notify")
    var values: [SecretReference: Result<String, Fault>] = [:]
    for reference in references {
      do { values[reference] = .success(try await reader.fetch(reference, tools: runner)) } catch {
        values[reference] = .failure(error as? Fault ?? Fault(.credentials, "\(reference.place) could not be read"))
      }
    }
    let fetched = values
    return SenderSettings(aws: tools.site.aws, connections: Program.aws) { reference in
      guard let value = fetched[reference] else { throw Fault(.internalError, "the secret of \(reference.place) was not fetched") }
      return try value.get()
    }
  }
}
