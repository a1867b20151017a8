import DrillModel
import Testing

@testable import DrillConfig

@Suite("Channels of a site file") struct ChannelTests {
  static let full = """
    notify:
      - sns: {topic: "arn:aws:sns:eu-west-1:123456789012:dr.fifo", name: on-call, profile: ops, format: json, remind: 12h}
      - mail: {server: "smtps://mail.example.com", from: drills@example.com, to: [dba@example.com], username: u, password: {env: PW}}
      - webhook: {url: {env: SLACK_URL}, format: slack, remind: 0, on: [failed, recovered]}
      - webhook: {url: "https://alerts.example.com/v1?x=1", headers: {Authorization: {file: token}}}
    escalate:
      - {after: 4h, sns: {topic: "arn:aws:sns:eu-west-1:123456789012:team", name: database-team}}
      - {mail: {server: "smtp://localhost:2525", from: a@localhost, to: [boss@example.com]}, after: 3d}

    """

  @Test("of every kind are read") func kinds() throws {
    let (site, messages) = readSite(ChannelTests.full)
    #expect(messages == [])
    let routes = try #require(site?.notify)
    var topic = SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:dr.fifo", profile: "ops", format: .json)
    #expect(routes[0] == NotificationRoute(.sns(topic), name: "on-call", remind: .seconds(43_200)))
    topic.region = "x"
    #expect(topic.effectiveRegion == "x" && topic.isFIFO)
    var mail = MailTarget(server: "smtps://mail.example.com", from: "drills@example.com", to: ["dba@example.com"])
    mail.username = "u"
    mail.password = .env("PW")
    #expect(routes[1] == NotificationRoute(.mail(mail)))
    #expect(routes[2].remind == .zero && routes[2].on == [.failed, .recovered])
    #expect(
      routes[3].channel
        == .webhook(
          WebhookTarget(url: .literal("https://alerts.example.com/v1?x=1"), headers: ["Authorization": .file("/srv/site/token")])))
    #expect(site?.escalate.map(\.after) == [.seconds(14_400), .seconds(259_200)])
    #expect(site?.escalate[0].route.name == "database-team")
  }

  @Test("of metrics tell every run, remind nobody, and are nothing to escalate to") func metrics() throws {
    let (site, messages) = readSite("notify: [cloudwatch: {}, cloudwatch: {namespace: Backups/Drills, region: us-east-1, on: [failed]}]\n")
    #expect(messages == [])
    let routes = try #require(site?.notify)
    #expect(routes[0] == NotificationRoute(.cloudwatch(CloudWatchTarget()), on: NotificationEvent.measured, remind: .zero))
    #expect(routes[1].channel == .cloudwatch(CloudWatchTarget(namespace: "Backups/Drills", region: "us-east-1")))
    #expect(routes[1].on == [.failed] && routes[1].remind == .zero)
    #expect(readSite("escalate: [{after: 4h, cloudwatch: {}}]\n").site == nil)
  }

  @Test(
    "reach no metadata service and no link-local address, however it is spelled",
    arguments: [
      "http://169.254.169.254/latest", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/",
      "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[fe80::1%25eth0]/", "http://[fd00:ec2::254]/",
      "http://metadata.google.internal/", "http://METADATA.google.internal./x", "http://user@169.254.169.254/", "http://0.0.0.0/",
      "http://[::]/",
      "http://100.100.100.200/", "http://[64:ff9b::a9fe:a9fe]/", "http://[2002:a9fe:a9fe::1]/", "http://%31%36%39.254.169.254/",
      "http://224.0.0.1/",
      "https://x@metadata", "http://0/",
    ])
  func forbidden(_ url: String) {
    let (site, messages) = readSite("notify: [webhook: {url: '\(url)'}]\n")
    #expect(site == nil && messages.count == 1, "\(messages)")
  }

  @Test(
    "reach this machine and any other address",
    arguments: [
      "http://127.0.0.1:8080/x", "http://localhost/", "https://example.com/169.254.169.254", "http://[::1]:9/", "http://10.0.0.1/",
      "https://[2001:db8::1]/",
    ])
  func allowed(_ url: String) { #expect(readSite("notify: [webhook: {url: '\(url)'}]\n").messages == []) }
}

let channelFaults: [FaultCase] = [
  FaultCase("notify: [mail: {server: 'smtp://h', from: a@b.c}]", "1:16: the key to is missing: The receivers' addresses."),
  FaultCase(
    "notify: [mail: {server: 'mail.example.com', from: a@b.c, to: [d@e.f]}]",
    "1:25: expected a mail server such as smtps://mail.example.com, found \"mail.example.com\""),
  FaultCase(
    "notify: [mail: {server: 'smtp://h', from: 'a b@c', to: [d@e.f]}]",
    "1:43: expected a mail address such as on-call@example.com, found \"a b@c\""),
  FaultCase(
    "notify: [mail: {server: 'smtp://h', from: \"a@b.c\\r\\nBcc: x@y\", to: [d@e.f]}]",
    "1:43: expected a mail address such as on-call@example.com, found \"a@b.c\\u{d}\\u{a}Bcc: x@y\""),
  FaultCase(
    "notify: [mail: {server: 'smtp://h', from: a@b.c, to: [d@e.f], username: u, password: hunter2}]",
    "1:86: expected a reference to a secret, {env: NAME}, {file: PATH} or {command: [PROGRAM, …]}; the secret itself must not stand in the file"
  ),
  FaultCase(
    "notify: [mail: {server: 'smtp://h', from: a@b.c, to: [d@e.f], username: u}]", "1:73: username and password go together"),
  FaultCase(
    "notify: [webhook: {url: 'https://hooks.slack.com/services/T/B/X'}]",
    "1:25: a webhook URL of Slack is a secret; write url: {env: NAME} or {file: PATH}"),
  FaultCase(
    "notify: [webhook: {url: 'https://u:p@example.com/'}]", "1:25: this URL holds a password; write url: {env: NAME} or {file: PATH}"),
  FaultCase(
    "notify: [webhook: {url: 'ftp://example.com/'}]",
    "1:25: expected a URL such as https://sns.eu-west-1.amazonaws.com, found \"ftp://example.com/\""),
  FaultCase(
    "notify: [webhook: {url: 'https://e.com', headers: {Authorization: abc}}]",
    "1:67: expected a reference to a secret, {env: NAME}, {file: PATH} or {command: [PROGRAM, …]}; the secret itself must not stand in the file"
  ),
  FaultCase(
    "notify: [webhook: {url: 'https://e.com', headers: {Host: {env: H}}}]", "1:52: \"Host\" is not a header that can be set here"),
  FaultCase(
    "notify: [webhook: {url: 'https://e.com', on: [reminder]}]",
    "1:47: expected failed, could_not_verify, cannot_drill, interrupted, overdue, recovered, skipped or passed, found \"reminder\""),
  FaultCase(
    "notify: [webhook: {url: 'https://e.com', name: 'a b'}]",
    "1:48: expected a name of up to 64 letters, digits, dots, dashes and underscores, found \"a b\""),
  FaultCase(
    "notify: [webhook: {url: 'https://e.com'}, webhook: {url: 'https://e.com'}]",
    "1:43: this receiver or name is listed before; give each a name of its own, or keep one"),
  FaultCase(
    "escalate: [sns: {topic: 'arn:aws:sns:eu-west-1:123456789012:t'}]",
    "1:12: the key after is missing: How long things may stay bad before this channel is told."),
  FaultCase(
    "notify: [cloudwatch: {namespace: AWS/Backup}]",
    "1:34: expected a namespace such as Drillmark or Backups/Drills, and not one of AWS/, found \"AWS/Backup\""),
  FaultCase(
    "notify: [cloudwatch: {remind: 1d}]", "1:23: unknown key \"remind\"; known keys: namespace, region, endpoint, profile, name, on"),
  FaultCase("escalate: [{after: 4h}]", "1:12: expected after and one key that names the channel: sns, mail or webhook, found a mapping"),
  FaultCase(
    "escalate: [{after: 4h, webhook: {url: 'https://e.com', on: [failed]}}]",
    "1:56: unknown key \"on\"; known keys: url, format, headers, name"),
]

/// What of these only the parser sees.
let channelLimits = ["go together", "is a secret;", "holds a password", "is not a header", "is listed before"]
