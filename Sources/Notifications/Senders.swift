package import AWSClient
package import Alerting
package import DrillConfig
package import DrillModel
import HTTPTransport

/// Everything that senders need of the machine and the site.
package struct SenderSettings: Sendable {
  /// Where AWS is asked when a channel does not say.
  package var aws: AWSSettings
  /// What each reference gives, fetched beforehand; a failure is told when it is needed.
  package var secret: @Sendable (SecretReference) throws -> String

  private let connections: AWSConnections

  /// - Parameter connections: Shared by all settings of a process.
  package init(
    aws: AWSSettings, connections: AWSConnections, secret: @escaping @Sendable (SecretReference) throws -> String
  ) {
    self.aws = aws
    self.connections = connections
    self.secret = secret
  }

  /// A sender for every receiver by its key.
  package func senders(for owing: Owing) -> [String: any NotificationSender] {
    Dictionary(owing.receivers.map { ($0.key, sender(for: $0.route.channel)) }) { first, _ in first }
  }

  package func sender(for channel: NotificationChannel) -> any NotificationSender {
    let access = SenderAccess(network: NetworkSettings(environment: connections.host.environment), secret: secret)
    switch channel {
    case .sns(let target): return SNSSender(target, connection: connection(for: target))
    case .mail(let target): return MailSender(target, access)
    case .webhook(let target): return WebhookSender(target, access)
    case .cloudwatch(let target): return CloudWatchSender(target, connection: connection(for: target))
    }
  }

  package func connection(for target: SNSTarget) -> AWSConnection { connection(target.profile, target.endpoint, target.region) }

  package func connection(for target: CloudWatchTarget) -> AWSConnection { connection(target.profile, target.endpoint, target.region) }

  private func connection(_ profile: String?, _ endpoint: String?, _ region: String?) -> AWSConnection {
    var settings = aws
    settings.profile = profile ?? aws.profile
    settings.endpoint = endpoint ?? aws.endpoint
    settings.region = region ?? aws.region
    return connections.connection(settings)
  }
}

extension NotificationChannel {
  /// The references that sending over this channel needs.
  package var secretReferences: [SecretReference] {
    switch self {
    case .sns, .cloudwatch: return []
    case .mail(let target): return [target.password].compactMap { $0 }
    case .webhook(let target):
      let headers = target.headers.sorted { $0.key < $1.key }.map(\.value)
      if case .secret(let reference) = target.url { return [reference] + headers }
      return headers
    }
  }
}

extension NotificationChannel {
  /// What the account of a cloud must allow for sending over this channel.
  package var permissions: [CloudPermission] {
    switch self {
    case .sns(let target): [CloudPermission("sns:Publish", on: target.topic, "to notify")]
    case .cloudwatch: [CloudPermission("cloudwatch:PutMetricData", on: "*", "to put metrics")]
    case .mail, .webhook: []
    }
  }
}
