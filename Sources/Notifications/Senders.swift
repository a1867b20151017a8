package import AWSClient
package import Alerting
package import DrillConfig
import DrillModel
import HTTPTransport
import Synchronization

/// Everything that senders need of the machine and the site.
package struct SenderSettings: Sendable {
  /// Where AWS is asked when a channel does not say.
  package var aws: AWSClient.AWSSettings
  package var host: AWSHost
  /// What each reference gives, fetched beforehand; a failure is told when it is needed.
  package var secret: @Sendable (SecretReference) throws -> String

  private let connections: ConnectionPool

  /// - Parameter connections: Shared by all settings of a process.
  package init(
    aws: AWSClient.AWSSettings, host: AWSHost, connections: ConnectionPool = ConnectionPool(),
    secret: @escaping @Sendable (SecretReference) throws -> String
  ) {
    self.aws = aws
    self.host = host
    self.connections = connections
    self.secret = secret
  }

  /// A sender for every receiver by its key.
  package func senders(for owing: Owing) -> [String: any NotificationSender] {
    Dictionary(owing.receivers.map { ($0.key, sender(for: $0.route.channel)) }) { first, _ in first }
  }

  package func sender(for channel: NotificationChannel) -> any NotificationSender {
    let network = NetworkSettings(environment: host.environment)
    switch channel {
    case .sns(let target): return SNSSender(target, connection: connection(for: target))
    case .mail(let target): return MailSender(target, network: network, secret: secret)
    case .webhook(let target): return WebhookSender(target, network: network, secret: secret)
    }
  }

  package func connection(for target: SNSTarget) -> AWSConnection {
    var settings = aws
    settings.profile = target.profile ?? aws.profile
    settings.endpoint = target.endpoint ?? aws.endpoint
    settings.region = target.region ?? aws.region
    return connections.connection(for: settings, host: host)
  }
}

/// One connection for each way to ask AWS, for as long as the process lives.
package final class ConnectionPool: Sendable {
  private let connections = Mutex<[AWSClient.AWSSettings: AWSConnection]>([:])

  package init() {}

  func connection(for settings: AWSClient.AWSSettings, host: AWSHost) -> AWSConnection {
    connections.withLock { known in
      if let connection = known[settings] { return connection }
      let connection = AWSConnection(settings, host: host)
      known[settings] = connection
      return connection
    }
  }
}

extension NotificationChannel {
  /// The references that sending over this channel needs.
  package var secretReferences: [SecretReference] {
    switch self {
    case .sns: return []
    case .mail(let target): return [target.password].compactMap { $0 }
    case .webhook(let target):
      let headers = target.headers.sorted { $0.key < $1.key }.map(\.value)
      if case .secret(let reference) = target.url { return [reference] + headers }
      return headers
    }
  }
}
