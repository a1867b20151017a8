import AWSClient
import Alerting
import DrillConfig
import DrillModel
import DrillTestSupport
import Ledger
import Testing

@testable import Notifications

/// A receiver that a test makes behave, and how to send to it.
struct ChannelBench: Sendable {
  let sender: any NotificationSender
  /// Everything that arrived, a message each.
  let heard: @Sendable () -> [String]
}

/// One kind of channel.
struct ChannelCase: Sendable, CustomTestStringConvertible {
  enum Behaviour: Sendable { case takes, busy, refuses, cuts }

  let kind: String
  /// Whether a message can carry its id; a metric cannot, and says the same when it comes twice.
  var carriesID = true
  let make: @Sendable (Behaviour) -> ChannelBench

  var testDescription: String { kind }

  static let all = [
    ChannelCase(kind: "sns") { behaviour in
      http(behaviour, taken: SNSAnswers.published(), busy: 503, refused: (404, SNSAnswers.error("NotFound", "no"))) { url in
        .sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", endpoint: url))
      }
    },
    ChannelCase(kind: "webhook") { behaviour in
      http(behaviour, taken: "", busy: 500, refused: (404, "")) { url in
        .webhook(WebhookTarget(url: .literal("\(url)/in"), headers: ["Authorization": .env("TOKEN")]))
      }
    },
    ChannelCase(kind: "slack") { behaviour in
      http(behaviour, taken: "ok", busy: 429, refused: (403, "invalid_token")) { url in
        .webhook(WebhookTarget(url: .literal("\(url)/in"), format: .slack))
      }
    },
    ChannelCase(kind: "cloudwatch", carriesID: false) { behaviour in
      http(behaviour, taken: "<PutMetricDataResponse/>", busy: 503, refused: (403, SNSAnswers.error("AccessDenied", "no"))) { url in
        .cloudwatch(CloudWatchTarget(region: "eu-west-1", endpoint: url))
      }
    },
    ChannelCase(kind: "mail") { behaviour in
      let server = ScriptedMailServer { command, _ in
        switch (behaviour, command) {
        case (.busy, "RCPT"): "451 later"
        case (.refuses, "RCPT"): "550 nobody here"
        case (.cuts, "."): ""
        default: nil
        }
      }
      let target = MailTarget(server: "smtp://127.0.0.1:\(server.port)", from: "drills@example.com", to: ["dba@example.com"])
      return ChannelBench(sender: settings().sender(for: .mail(target))) { server.messages }
    },
  ]

  private static func http(
    _ behaviour: Behaviour, taken: String, busy: Int, refused: (Int, String), _ channel: (String) -> NotificationChannel
  ) -> ChannelBench {
    let reply: ScriptedReply =
      switch behaviour {
      case .takes: .answer(200, body: taken)
      case .busy: .answer(busy)
      case .refuses: .answer(refused.0, body: refused.1)
      case .cuts: .cut
      }
    let server = ScriptedHTTPServer(reply)
    return ChannelBench(sender: settings().sender(for: channel(server.url))) { server.requests.map(\.whole) }
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
    let bench = channel.make(.takes)
    guard case .delivered = bench.sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it was not delivered")
      return
    }
    let request = try #require(bench.heard().first)
    #expect(request.contains("failed-0123456789abcdef") == channel.carriesID, "\(request)")
    #expect(!request.contains("s3cr3t-key"))
  }

  @Test("calls a receiver that is busy transient", arguments: ChannelCase.all)
  func busy(_ channel: ChannelCase) {
    let bench = channel.make(.busy)
    guard case .later(let why, _, _) = bench.sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it was not put off")
      return
    }
    #expect(!why.isEmpty && !why.contains("hunter2"))
    #expect(bench.heard().allSatisfy { $0.contains("failed-0123456789abcdef") == channel.carriesID })
  }

  @Test("calls a receiver that refuses us permanent, whatever the message", arguments: ChannelCase.all)
  func refuses(_ channel: ChannelCase) {
    let bench = channel.make(.refuses)
    defer { _ = bench.heard() }
    guard case .refused(let why, .receiver) = bench.sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it was not refused")
      return
    }
    #expect(!why.contains("hunter2") && !why.contains("/in"))
  }

  @Test("says that a message may have arrived when the connection ends after it", arguments: ChannelCase.all)
  func cut(_ channel: ChannelCase) {
    let bench = channel.make(.cuts)
    defer { _ = bench.heard() }
    guard case .later(_, maybeSent: true, _) = bench.sender.send(ChannelContractTests.notice(), within: .seconds(30), nil) else {
      Issue.record("it is not maybe sent")
      return
    }
  }

  @Test(
    "calls a receiver that is not there transient, and knows that nothing was sent", arguments: ["sns", "webhook", "mail", "cloudwatch"])
  func absent(_ kind: String) {
    let sender: any NotificationSender =
      switch kind {
      case "sns":
        ChannelCase.settings().sender(
          for: .sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", endpoint: "http://127.0.0.1:1")))
      case "cloudwatch":
        ChannelCase.settings().sender(for: .cloudwatch(CloudWatchTarget(region: "eu-west-1", endpoint: "http://127.0.0.1:1")))
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
    let bench = channel.make(.takes)
    guard case .delivered = bench.sender.send(ChannelContractTests.notice(name), within: .seconds(30), nil) else {
      Issue.record("it was not delivered")
      return
    }
    #expect(bench.heard().count == 1)
    let request = try #require(bench.heard().first)
    #expect(!request.contains("\nBcc:"), "\(request)")
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
    let server = ScriptedHTTPServer(.answer(403, body: SNSAnswers.error(code, "no")))
    let target = SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", endpoint: server.url)
    let outcome = ChannelCase.settings().sender(for: .sns(target)).send(ChannelContractTests.notice(), within: .seconds(30), nil)
    guard case .refused(let why, let reason) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(why.hasPrefix(code) && reason == (isMessage ? .message : .receiver))
  }

  @Test("what is too long for SNS loses reasons and says how many, in every format", arguments: SNSTarget.Format.allCases)
  func shortened(_ format: SNSTarget.Format) throws {
    var notice = ChannelContractTests.notice()
    notice.reasons = (0..<5000).map {
      Reason(code: "check_failed", severity: .failed, text: "reason \($0) \(String(repeating: "ö", count: 90))")
    }
    let target = SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", format: format)
    let message = try SNSSender.message(notice, to: target)
    #expect(message.byteCount <= SNSLimits.messageBytes)
    #expect(message.text.contains("reason 0 ") && !message.text.contains("reason 4999 "))
    #expect(message.text.contains(format == .text ? "more" : "reasons_left_out"), "\(message.text.suffix(300))")
  }

  @Test("a phone gets one message of plain characters that says what failed and where to look")
  func phone() throws {
    var notice = ChannelContractTests.notice(String(repeating: "Bestellungen-Übung-", count: 20))
    notice.run = RunID("01KABCDEFGHJKMNPQRSTVWXYZ0")
    let message = try SNSSender.message(notice, to: SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t"))
    let sms = try #require(JSONValue(message.text)?["sms"].text)
    #expect(sms.count <= 140 && sms.utf8.count == sms.count, "\(sms)")
    #expect(sms.contains("FAILED") && sms.contains("drillmark show \(notice.run?.text ?? "-")"), "\(sms)")
  }

  @Test("an expired key is tried again, slowly") func expired() {
    let server = ScriptedHTTPServer(.answer(403, body: SNSAnswers.error("ExpiredToken", "no")))
    let target = SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t", endpoint: server.url)
    let outcome = ChannelCase.settings().sender(for: .sns(target)).send(ChannelContractTests.notice(), within: .seconds(30), nil)
    guard case .later(_, maybeSent: false, let after) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(after == .seconds(900))
  }
}
