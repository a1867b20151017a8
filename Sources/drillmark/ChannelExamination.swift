import AWSClient
import Alerting
import DrillConfig
import DrillModel
import Drilling
import EngineKit
import Foundation
import Notifications
import ToolRunner

/// Looks at who would be told, without telling anybody.
struct ChannelExamination {
  let site: Site
  let alerts: AlertSettings
  let clocks: any Clocks

  func findings() async -> [Examination.Finding] {
    guard !alerts.owing.isEmpty else {
      return [.init(state: .doubtful, subject: "notify", text: "nobody would be told: the site file has no notify section")]
    }
    let environment = ProcessInfo.processInfo.environment
    var findings: [Examination.Finding] = []
    for (key, route) in alerts.owing.receivers {
      let problem = await problem(route.channel, environment)
      let text = problem.map { "\(key): \($0)" } ?? "\(key): \(told(key)); `drillmark notify test` shows that it arrives"
      findings.append(.init(state: problem == nil ? .good : .bad, subject: "notify", text: text))
    }
    if !alerts.owing.routes.contains(where: { $0.on.contains(.failed) && !$0.channel.isMetrics }) {
      findings.append(
        .init(
          state: .doubtful, subject: "notify",
          text: "nobody would be told of a failed drill: no channel that people read has `failed` in `on`"))
    }
    return findings
  }

  private func told(_ key: String) -> String {
    let events = alerts.owing.routes.filter { RouteKey.of($0) == key }.flatMap(\.on).map(\.rawValue)
    let stages = alerts.owing.escalation.filter { RouteKey.of($0.route) == key }.map { "what lasts \($0.after.readable)" }
    return "told of " + (events + stages).joined(separator: ", ")
  }

  /// Why a message could not be sent as things are; nil when nothing speaks against it.
  private func problem(_ channel: NotificationChannel, _ environment: [String: String]) async -> String? {
    let tools = SupervisedTools(run: "doctor")
    do {
      for reference in channel.secretReferences { _ = try await SecretReader(environment: environment).fetch(reference, tools: tools) }
      let settings = SenderSettings(aws: site.aws, connections: Program.aws) { reference in
        throw Fault(.internalError, "the secret of \(reference.place) was not fetched")
      }
      let connection: AWSConnection
      switch channel {
      case .sns(let target): connection = settings.connection(for: target)
      case .cloudwatch(let target):
        connection = settings.connection(for: target)
        if try connection.region() == nil { return CloudWatchSender.noRegion }
      case .mail, .webhook: return nil
      }
      _ = try await onThread("credentials") { try connection.credentials() }
      return nil
    } catch {
      return (error as? Fault)?.description ?? "its credentials could not be had"
    }
  }
}
