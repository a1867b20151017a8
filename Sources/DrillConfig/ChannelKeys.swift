import DrillModel

/// What every channel declares beside its own keys.
struct RouteRules: Sendable {
  var name: String?
  var on = NotificationEvent.usual
  var remind = NotificationRoute.usualReminder
}

struct RouteDraft<Target: Sendable>: Sendable {
  var rules = RouteRules()
  var target: Target
}

/// Where a channel stands: `notify` says what is told, a stage of `escalate` is told when its time has come.
enum ChannelPlace: Sendable { case notify, escalate }

/// The channels there are; another is one more line.
func channelKinds(_ place: ChannelPlace) -> [Kind<NotificationRoute>] {
  let people: [Kind<NotificationRoute>] = [
    kind("sns", "Publishes to a topic of Amazon SNS.", snsKeys, SNSTarget(topic: ""), place) { target, _ in .sns(target) },
    kind("mail", "Sends mail over SMTP.", mailKeys, MailTarget(server: "", from: "", to: []), place) { target, context in
      if (target.username == nil) != (target.password == nil) {
        context.report("username and password go together", at: target.username == nil ? "password" : "username")
        return nil
      }
      return .mail(target)
    },
    kind("webhook", "Posts JSON to a URL.", webhookKeys, WebhookTarget(url: .literal("")), place) { target, _ in .webhook(target) },
  ]
  // Metrics wake nobody by themselves, so that there is nothing to escalate to or to remind.
  return place == .escalate ? people : people + [cloudWatchKind]
}

private let cloudWatchKind = Kind<NotificationRoute>(
  name: "cloudwatch", summary: "Puts each run's figures into Amazon CloudWatch as metrics.",
  section: Section<RouteDraft<CloudWatchTarget>>(
    cloudWatchKeys.map { Key(lifting: $0, to: \RouteDraft<CloudWatchTarget>.target, $0.row.documentation) }
      + metricsKeys.map { Key(lifting: $0, to: \RouteDraft<CloudWatchTarget>.rules, $0.row.documentation) }),
  initial: RouteDraft(rules: RouteRules(on: NotificationEvent.measured, remind: .zero), target: CloudWatchTarget())
) { draft, _ in
  NotificationRoute(.cloudwatch(draft.target), name: draft.rules.name, on: draft.rules.on, remind: draft.rules.remind)
}

private func kind<Target: Sendable>(
  _ name: String, _ summary: String, _ keys: [Key<Target>], _ initial: Target, _ place: ChannelPlace,
  _ make: @escaping @Sendable (Target, inout ReadContext) -> NotificationChannel?
) -> Kind<NotificationRoute> {
  let own = keys.map { Key(lifting: $0, to: \RouteDraft<Target>.target, $0.row.documentation) }
  let common = (place == .notify ? notifyKeys : stageKeys).map { Key(lifting: $0, to: \RouteDraft<Target>.rules, $0.row.documentation) }
  return Kind<NotificationRoute>(
    name: name, summary: summary, section: Section<RouteDraft<Target>>(own + common), initial: RouteDraft(target: initial)
  ) { draft, context in
    make(draft.target, &context).map {
      NotificationRoute($0, name: draft.rules.name, on: draft.rules.on, remind: draft.rules.remind)
    }
  }
}

private let stageKeys: [Key<RouteRules>] = [
  Key("name", \.name, .routeName, default: "from its kind and receiver", "What the channel is called in `status` and by `notify test`.")
]

private let notifyKeys: [Key<RouteRules>] =
  stageKeys + [
    Key("on", \.on, .list(of: .event, atLeast: 1), default: usualText, "What is told."),
    Key(
      "remind", \.remind, .duration, default: "24h",
      "How long after each telling it is told again while things stay bad; 0 for never."),
  ]

private let metricsKeys: [Key<RouteRules>] =
  stageKeys + [Key("on", \.on, .list(of: .event, atLeast: 1), default: "every verdict, and overdue", "What is measured.")]

private let usualText = "[\(NotificationEvent.usual.map(\.rawValue).joined(separator: ", "))]"

private let snsKeys: [Key<SNSTarget>] = [
  Key("topic", \.topic, .topicARN, required: true, "The topic's ARN."),
  Key("region", \.region, .nonEmptyString, default: "the topic's", "The region that is asked."),
  Key("endpoint", \.endpoint, .receiverURL, "A URL to ask instead of Amazon's."),
  Key("profile", \.profile, .nonEmptyString, default: "`aws.profile`", "The profile of the shared AWS configuration files."),
  Key(
    "format", \.format, .choice(), default: "both",
    "`both` sends text to people and JSON to subscribers that are programs; `text` or `json` sends one of them to all."),
]

private let cloudWatchKeys: [Key<CloudWatchTarget>] = [
  Key("namespace", \.namespace, .metricNamespace, default: CloudWatchTarget.usualNamespace, "The namespace of the metrics."),
  Key("region", \.region, .nonEmptyString, default: "`aws.region`", "The region that is asked."),
  Key("endpoint", \.endpoint, .receiverURL, "A URL to ask instead of Amazon's."),
  Key("profile", \.profile, .nonEmptyString, default: "`aws.profile`", "The profile of the shared AWS configuration files."),
]

private let mailKeys: [Key<MailTarget>] = [
  Key(
    "server", \.server, .mailServer, required: true,
    "smtps://HOST[:PORT], or smtp://HOST[:PORT], which demands STARTTLS unless the host is this machine."),
  Key("from", \.from, .mailAddress, required: true, "The sender's address."),
  Key("to", \.to, .list(of: .mailAddress, atLeast: 1), required: true, "The receivers' addresses."),
  Key("username", \.username, .nonEmptyString, "The name to log in with."),
  Key("password", \.password, .secret, "The password that goes with it."),
]

private let webhookKeys: [Key<WebhookTarget>] = [
  Key("url", \.url, .webhookURL, required: true, "The URL, or a reference to it where it is a secret itself, as Slack's are."),
  Key("format", \.format, .choice(), default: "drillmark", "`drillmark` posts the whole notice as JSON, `slack` a message for people."),
  Key("headers", \.headers, .headers, "More headers by name, each a reference to its value."),
]
