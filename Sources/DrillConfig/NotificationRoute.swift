/// A channel of `notify`: what is told, over what, to whom.
package struct NotificationRoute: Sendable, Hashable {
  /// What the operator calls it; owed messages stay with a name when the rest is edited.
  package var name: String?
  package var channel: NotificationChannel
  package var on: [NotificationEvent]
  /// How long after each telling it is told again while things stay bad; zero for never.
  package var remind: Duration

  package init(
    _ channel: NotificationChannel, name: String? = nil, on: [NotificationEvent] = NotificationEvent.usual,
    remind: Duration = NotificationRoute.usualReminder
  ) {
    self.channel = channel
    self.name = name
    self.on = on
    self.remind = remind
  }

  /// A reminder a day.
  package static let usualReminder = Duration.seconds(86_400)

  /// Whether two entries of a file mean the same receiver, so that one of them needs a name.
  func isSameReceiver(as other: NotificationRoute) -> Bool {
    if name != nil || other.name != nil { return name == other.name }
    return channel.receiver == other.channel.receiver
  }
}

/// Who else is told when things stay bad.
package struct EscalationStage: Sendable, Hashable {
  /// How long after the first telling.
  package var after: Duration
  package var route: NotificationRoute

  package init(after: Duration, route: NotificationRoute) {
    self.after = after
    self.route = route
  }
}

/// The ways to reach people and machines.
package enum NotificationChannel: Sendable, Hashable {
  case sns(SNSTarget)
  case mail(MailTarget)
  case webhook(WebhookTarget)
  case cloudwatch(CloudWatchTarget)

  /// `sns`, `mail`, `webhook` or `cloudwatch`.
  package var kind: String {
    switch self {
    case .sns: "sns"
    case .mail: "mail"
    case .webhook: "webhook"
    case .cloudwatch: "cloudwatch"
    }
  }

  /// Whether it carries figures for graphs and alarms, and no words.
  package var isMetrics: Bool { if case .cloudwatch = self { true } else { false } }

  /// What tells one receiver of a kind from another. May hold a secret: never stored or shown.
  fileprivate var receiver: [String] {
    switch self {
    case .sns(let target): ["sns", target.topic]
    case .mail(let target): ["mail"] + target.to.sorted()
    case .webhook(let target): ["webhook", "\(target.url)"]
    case .cloudwatch(let target): ["cloudwatch", target.namespace, target.region ?? "", target.profile ?? "", target.endpoint ?? ""]
    }
  }
}

/// A topic of Amazon SNS, or of something that speaks its protocol.
package struct SNSTarget: Sendable, Hashable {
  /// The topic's ARN.
  package var topic: String
  /// Nil means the topic's.
  package var region: String?
  package var endpoint: String?
  package var profile: String?
  package var format: Format

  package enum Format: String, Sendable, CaseIterable {
    /// Text for people, and JSON for subscribers that are programs (`MessageStructure`).
    case both
    case text
    case json
  }

  package init(topic: String, region: String? = nil, endpoint: String? = nil, profile: String? = nil, format: Format = .both) {
    self.topic = topic
    self.region = region
    self.endpoint = endpoint
    self.profile = profile
    self.format = format
  }

  /// The region that is asked: the declared one, or the one in the ARN.
  package var effectiveRegion: String {
    let parts = topic.split(separator: ":", omittingEmptySubsequences: false)
    return region ?? (parts.count > 3 ? String(parts[3]) : "")
  }

  /// Whether the topic keeps order and drops duplicates (its name ends with `.fifo`).
  package var isFIFO: Bool { topic.hasSuffix(".fifo") }
}

/// A mail server and who gets mail over it.
package struct MailTarget: Sendable, Hashable {
  /// `smtps://host[:port]`, or `smtp://host[:port]`, which turns TLS on before anything else unless the host is this machine.
  package var server: String
  package var from: String
  package var to: [String]
  package var username: String?
  package var password: SecretReference?

  package init(server: String, from: String, to: [String], username: String? = nil, password: SecretReference? = nil) {
    self.server = server
    self.from = from
    self.to = to
    self.username = username
    self.password = password
  }
}

/// A URL that is posted to.
package struct WebhookTarget: Sendable, Hashable {
  package var url: Location
  package var format: Format
  /// Secret values by header name.
  package var headers: [String: SecretReference]

  package enum Format: String, Sendable, CaseIterable { case drillmark, slack }

  package enum Location: Sendable, Hashable {
    case literal(String)
    /// The URL is a secret, as those of Slack are.
    case secret(SecretReference)
  }

  package init(url: Location, format: Format = .drillmark, headers: [String: SecretReference] = [:]) {
    self.url = url
    self.format = format
    self.headers = headers
  }
}

/// A namespace of Amazon CloudWatch that metrics are put into.
package struct CloudWatchTarget: Sendable, Hashable {
  package var namespace: String
  /// Nil means the site's, else what AWS's own settings say.
  package var region: String?
  package var endpoint: String?
  package var profile: String?

  package init(
    namespace: String = CloudWatchTarget.usualNamespace, region: String? = nil, endpoint: String? = nil, profile: String? = nil
  ) {
    self.namespace = namespace
    self.region = region
    self.endpoint = endpoint
    self.profile = profile
  }

  package static let usualNamespace = "Drillmark"
}
