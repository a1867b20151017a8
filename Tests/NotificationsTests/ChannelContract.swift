import AWSClient
import Alerting
import DrillConfig
import DrillModel
import DrillTestSupport
import Ledger
import Testing

@testable import Notifications

/// One kind of channel with a receiver that a test can make behave.
struct ChannelCase: Sendable, CustomTestStringConvertible {
  enum Behaviour: Sendable { case takes, busy, refuses, cuts }

  let kind: String
  let make: @Sendable (Behaviour) -> (ScriptedServer, any NotificationSender)

  var testDescription: String { kind }

  static let all = [
    ChannelCase(kind: "sns") { behaviour in
      let server = ScriptedServer.http([
        reply(behaviour, taken: ScriptedServer.published, busy: 503, refused: (404, ScriptedServer.refusal("NotFound")))
      ])
      let target = SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", endpoint: "http://127.0.0.1:\(server.port)")
      return (server, SNSSender(target, connection: settings().connection(for: target)))
    },
    ChannelCase(kind: "webhook") { behaviour in
      let server = ScriptedServer.http([reply(behaviour, taken: "", busy: 500, refused: (404, ""))])
      let target = WebhookTarget(url: .literal("http://127.0.0.1:\(server.port)/in"), headers: ["Authorization": .env("TOKEN")])
      return (server, settings().sender(for: .webhook(target)))
    },
    ChannelCase(kind: "slack") { behaviour in
      let server = ScriptedServer.http([reply(behaviour, taken: "ok", busy: 429, refused: (403, "invalid_token"))])
      let target = WebhookTarget(url: .literal("http://127.0.0.1:\(server.port)/in"), format: .slack)
      return (server, settings().sender(for: .webhook(target)))
    },
    ChannelCase(kind: "mail") { behaviour in
      let server =
        switch behaviour {
        case .takes: ScriptedServer.smtp()
        case .busy: ScriptedServer.smtp(recipient: "451 later")
        case .refuses: ScriptedServer.smtp(recipient: "550 nobody here")
        case .cuts: ScriptedServer.smtp(data: nil)
        }
      let target = MailTarget(server: "smtp://127.0.0.1:\(server.port)", from: "drills@example.com", to: ["dba@example.com"])
      return (server, settings().sender(for: .mail(target)))
    },
  ]

  private static func reply(_ behaviour: Behaviour, taken: String, busy: Int, refused: (Int, String)) -> ScriptedServer.Reply {
    switch behaviour {
    case .takes: .status(200, taken)
    case .busy: .status(busy, "")
    case .refuses: .status(refused.0, refused.1)
    case .cuts: .cut
    }
  }

  static func settings() -> SenderSettings {
    var host = AWSHost(environment: ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s3cr3t-key"], clocks: HandClocks())
    host.sleep = { _, _ in }
    return SenderSettings(aws: AWSSettings(), connections: AWSConnections(host: host)) { _ in "hunter2-token" }
  }
}

@Suite("Every channel")
struct ChannelContractTests {
  static func notice(_ drill: String = "orders") -> Notice {
    var notice = Notice(
      id: "failed-0123456789abcdef", event: .failed, drill: drill, toldAt: Timestamp(seconds: 1_795_000_000),
      evidence: Notice.Evidence(host: "h", ledger: "/l"), command: "drillmark show X", next: "")
    notice.verdict = .failed
    notice.owner = InertText.of(drill)
    notice.reasons = [Reason(code: "check_failed", severity: .failed, text: InertText.of(drill))]
    return notice
  }

  @Test("delivers, with the message's id and no secret of the receiver's", arguments: ChannelCase.all)
  func delivers(_ channel: ChannelCase) throws {
    let (server, sender) = channel.make(.takes)
    guard case .delivered = sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it was not delivered")
      return
    }
    let request = try #require(server.requests.first)
    #expect(request.contains("failed-0123456789abcdef"), "\(request)")
    #expect(!request.contains("s3cr3t-key"))
  }

  @Test("calls a receiver that is busy transient", arguments: ChannelCase.all)
  func busy(_ channel: ChannelCase) {
    let (server, sender) = channel.make(.busy)
    guard case .later(let why, _, _) = sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it was not put off")
      return
    }
    #expect(!why.isEmpty && !why.contains("hunter2"))
    #expect(server.requests.allSatisfy { channel.kind == "mail" || $0.contains("failed-0123456789abcdef") })
  }

  @Test("calls a receiver that refuses us permanent, whatever the message", arguments: ChannelCase.all)
  func refuses(_ channel: ChannelCase) {
    let (server, sender) = channel.make(.refuses)
    defer { _ = server.port }
    guard case .refused(let why, .receiver) = sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it was not refused")
      return
    }
    #expect(!why.contains("hunter2") && !why.contains("/in"))
  }

  @Test("says that a message may have arrived when the connection ends after it", arguments: ChannelCase.all)
  func cut(_ channel: ChannelCase) {
    let (server, sender) = channel.make(.cuts)
    defer { _ = server.port }
    guard case .later(_, maybeSent: true, _) = sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it is not maybe sent")
      return
    }
  }

  @Test("calls a receiver that is not there transient, and knows that nothing was sent", arguments: ["sns", "webhook", "mail"])
  func absent(_ kind: String) {
    let sender: any NotificationSender =
      switch kind {
      case "sns":
        ChannelCase.settings().sender(
          for: .sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", endpoint: "http://127.0.0.1:1")))
      case "webhook": ChannelCase.settings().sender(for: .webhook(WebhookTarget(url: .literal("http://127.0.0.1:1/"))))
      default: ChannelCase.settings().sender(for: .mail(MailTarget(server: "smtp://127.0.0.1:1", from: "a@b.c", to: ["d@e.f"])))
      }
    guard case .later(_, maybeSent: false, _) = sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it was not put off")
      return
    }
  }

  static let hostile = [
    "<script>alert(1)</script>", "a\r\nBcc: eve@example.com\r\n\r\nforged", "<!channel> & co", "\u{202E}x", "a\0b", "\r\n.\r\n",
  ]

  @Test("carries hostile names as text: no header, no second mail, no mention", arguments: ChannelCase.all, hostile)
  func inert(_ channel: ChannelCase, _ name: String) throws {
    let (server, sender) = channel.make(.takes)
    guard case .delivered = sender.send(ChannelContractTests.notice(name), within: .seconds(30), nil) else {
      Issue.record("it was not delivered")
      return
    }
    #expect(server.requests.count == 1)
    let request = try #require(server.requests.first)
    #expect(!request.contains("\r\nBcc:"), "\(request)")
    #expect(channel.kind != "slack" || !request.contains("<!channel>"), "\(request)")
  }

  @Test("a webhook to a metadata service is refused at send time too, and by the address a name stands for")
  func guarded() {
    for url in ["http://169.254.169.254/latest/", "http://[::ffff:169.254.169.254]/"] {
      let sender = ChannelCase.settings().sender(for: .webhook(WebhookTarget(url: .literal(url))))
      guard case .refused(_, .receiver) = sender.send(ChannelContractTests.notice(), within: .seconds(5), nil) else {
        Issue.record("\(url) was not refused")
        continue
      }
    }
  }

  @Test(
    "refusals of SNS are told apart",
    arguments: [("InvalidParameter", true), ("AuthorizationError", false), ("InvalidClientTokenId", false)])
  func refusals(_ code: String, _ isMessage: Bool) {
    let server = ScriptedServer.http([.status(403, ScriptedServer.refusal(code))])
    let target = SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", endpoint: "http://127.0.0.1:\(server.port)")
    let outcome = ChannelCase.settings().sender(for: .sns(target)).send(ChannelContractTests.notice(), within: .seconds(30), nil)
    guard case .refused(let why, let reason) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(why.hasPrefix(code) && reason == (isMessage ? .message : .receiver))
  }

  @Test("an expired key is tried again, slowly") func expired() {
    let server = ScriptedServer.http([.status(403, ScriptedServer.refusal("ExpiredToken"))])
    let target = SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", endpoint: "http://127.0.0.1:\(server.port)")
    let outcome = ChannelCase.settings().sender(for: .sns(target)).send(ChannelContractTests.notice(), within: .seconds(30), nil)
    guard case .later(_, maybeSent: false, let after) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(after == .seconds(900))
  }
}
