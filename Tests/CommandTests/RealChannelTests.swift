import DrillTestSupport
import Glibc
import Testing

/// From a run on the command line to the receiver, over servers that nobody scripted.
@Suite("Told over real servers", .serialized, .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct RealChannelTests {
  /// A moto with its access checks on, a topic whose messages go to a subscriber, and a key that may only publish.
  private struct Topic {
    let moto: MotoServer
    let subscriber = ScriptedHTTPServer(.answer(200))
    let arn: String
    private let key: (id: String, secret: String)

    init() async throws {
      moto = try #require(await MotoServer())
      arn = moto.topic("dr")
      moto.subscribe(subscriber.url, to: arn)
      key = moto.accessKey(user: "drill", allowing: ["sns:Publish"])
      moto.requireSignatures()
    }

    func environment(wrong: Bool = false) -> [String: String] {
      [
        "AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret + (wrong ? "x" : ""),
        "AWS_REGION": "eu-west-1",
      ]
    }

    var wrongSecret: String { key.secret + "x" }
    var notify: String { "notify:\n  - sns: {name: on-call, topic: \"\(arn)\"}\n" }

    /// The envelopes that SNS posted, and our JSON inside.
    func posted(_ index: Int) -> (envelope: JSONValue, notice: JSONValue) {
      let all = subscriber.requests
      guard index < all.count, let envelope = JSONValue(all[index].text) else { return (.null, .null) }
      return (envelope, envelope["Message"].text.flatMap { JSONValue($0) } ?? .null)
    }
  }

  @Test(
    "SNS: a broken backup sends one message, a mended one one recovery; a wrong secret is parked, shown, and let go by the right one",
    .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)))
  func sns() async throws {
    let topic = try await Topic()
    let site = await ScratchSite.breakable(topic.notify)
    let run = await site.runJSON("d", environment: topic.environment())
    #expect(run.status == 1 && topic.subscriber.requests.count == 1, "\(run.said)")
    let first = topic.posted(0)
    #expect(first.envelope["Subject"].text?.hasPrefix("Drill d FAILED") == true, "\(first.envelope)")
    #expect(first.notice["event"].text == "failed" && first.notice["run"].text == run.record["run"].text)
    #expect(first.notice["head"].text == run.record["chain"]["hash"].text)
    expectReadable(topic, first.notice["id"].text, run.record)
    site.file("ok", "")
    let refused = await site.runJSON("d", environment: topic.environment(wrong: true))
    #expect(refused.status == 0 && refused.stderr.contains("SignatureDoesNotMatch"), "\(refused.said)")
    let status = await site.run("status")
    #expect(status.status == 1 && status.stdout.contains("parked: recovered of d to on-call"), "\(status.said)")
    #expect(![refused.said, status.said, site.durableText].contains { $0.contains(topic.wrongSecret) })
    let retry = await site.run("notify", "retry", environment: topic.environment())
    #expect(retry.status == 0, "\(retry.said)")
    #expect(topic.posted(1).notice["event"].text == "recovered")
    #expect(await site.run("status").status == 0)
    #expect(await site.runJSON("d", environment: topic.environment()).status == 0)
    #expect(topic.subscriber.requests.count == 2 && topic.moto.published().count == 2, "a pass after a pass tells nobody")
    await site.expectClean()
  }

  /// The first message as subscribers that are people and filter policies get it.
  private func expectReadable(_ topic: Topic, _ id: String?, _ record: JSONValue) {
    let published = topic.moto.published()
    #expect(published.count == 1)
    let body = published.first.flatMap { JSONValue($0.text) }?["default"].text ?? ""
    for part in ["Why:", "drillmark show \(record["run"].text ?? "?")", "Chain head:", "Last pass:   never", id ?? "?"] {
      #expect(body.contains(part), "\(part) in \(body)")
    }
    func value(_ name: String) -> String? { published.first?.attributes[name]["Value"].text }
    #expect(value("drill") == "d" && value("event") == "failed" && value("verdict") == "failed" && value("notification_id") == id)
  }

  @Test(
    "SNS: the daemon tells what it ran, once, and what an outage held back once the service is there",
    .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)))
  func daemon() async throws {
    let topic = try await Topic()
    let site = await ScratchSite.breakable(topic.notify, more: SampleDrill.justDue())
    site.setAge("\(site.path)/drills/d.yaml", .seconds(600))
    var away = topic.environment()
    away["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    away["AWS_MAX_ATTEMPTS"] = "1"
    let cut = await site.run("run", "--due", "--json", environment: away)
    #expect(cut.status == 1 && cut.stderr.contains("not delivered") && topic.subscriber.requests.isEmpty, "\(cut.said)")
    let daemon = site.start(["schedule"], environment: topic.environment())
    // The message that did not go through is due again half a minute after.
    for _ in 0..<1200 where topic.subscriber.requests.isEmpty { try await Task.sleep(for: .milliseconds(100)) }
    daemon.signal(SIGTERM)
    #expect(await daemon.result().status == 0)
    #expect(topic.posted(0).notice["run"].text == cut.record["run"].text)
    #expect(topic.moto.published().count == 1)
    #expect(await site.run("status").stdout.contains("not delivered") == false)
  }

  @Test(
    "mail: over TLS and with a login to a real server; a wrong password is parked, shown, and let go by the right one",
    .enabled(if: TestServers.mailPython != nil, Comment(rawValue: TestServers.absence)))
  func mail() async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await MailServer(certificates, implicitTLS: true))
    let site = await ScratchSite.breakable(
      """
      notify:
        - mail:
            {server: "smtps://localhost:\(server.port)", from: drills@example.com, to: [dba@example.com, ops@example.com],
             username: \(MailServer.username), password: {env: MAIL_PASSWORD}}

      """)
    let environment = ["CURL_CA_BUNDLE": certificates.authority, "MAIL_PASSWORD": MailServer.password]
    let failed = await site.runJSON("d", environment: environment)
    #expect(failed.status == 1 && server.messages.count == 1, "\(failed.said)")
    let message = try #require(server.messages.first)
    #expect(message["to"].items.compactMap(\.text) == ["dba@example.com", "ops@example.com"])
    let text = message["text"].text ?? ""
    let run = failed.record["run"].text ?? "?"
    for part in ["Subject: =?utf-8?Q?Drill_d_FAILED", "From: drills@example.com", "X-Drillmark-Event: failed", run, "Why:"] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    site.file("ok", "")
    let wrong = environment.merging(["MAIL_PASSWORD": "wrong battery"]) { $1 }
    let refused = await site.runJSON("d", environment: wrong)
    #expect(refused.status == 0 && refused.stderr.contains("535"), "\(refused.said)")
    let status = await site.run("status")
    #expect(status.status == 1 && status.stdout.contains("parked: recovered of d"), "\(status.said)")
    #expect(![refused.said, status.said, site.durableText].contains { $0.contains("wrong battery") })
    #expect(await site.run("notify", "retry", environment: environment).status == 0)
    #expect(server.messages.count == 2 && server.messages.last?["text"].text?.contains("X-Drillmark-Event: recovered") == true)
    #expect(await site.run("status").status == 0)
    await site.expectClean()
  }

  @Test(
    "mail: a server whose certificate nobody vouches for gets neither login nor message, and the message waits",
    .enabled(if: TestServers.mailPython != nil, Comment(rawValue: TestServers.absence)))
  func unknownMailServer() async throws {
    let certificates = try #require(await TestCertificates())
    let server = try #require(await MailServer(certificates, implicitTLS: true))
    let site = await ScratchSite.breakable(
      """
      notify:
        - mail: {server: "smtps://localhost:\(server.port)", from: a@example.com, to: [b@example.com], username: u, password: {env: PW}}

      """)
    let run = await site.runJSON("d", environment: ["PW": "hunter2-hunter2"])
    #expect(run.status == 1 && run.stderr.contains("TLS") && server.messages.isEmpty, "\(run.said)")
    #expect(await site.run("status").stdout.contains("owed: failed of d"))
  }

  @Test("webhook: our JSON with the id as key, Slack's form beside it; what was answered with 503 comes again under the same key")
  func webhook() async throws {
    let ours = ScriptedHTTPServer(.answer(503), .answer(204))
    let slack = ScriptedHTTPServer(.answer(200, body: "ok"))
    let site = await ScratchSite.breakable(
      """
      notify:
        - webhook: {name: pager, url: "\(ours.url)/in", headers: {X-Key: {env: KEY}}}
        - webhook: {name: chat, url: {env: HOOK}, format: slack}

      """)
    let environment = ["KEY": "hunter2-hunter2", "HOOK": "\(slack.url)/services/hush-hush"]
    let run = await site.runJSON("d", environment: environment)
    #expect(run.status == 1 && run.stderr.contains("503"), "\(run.said)")
    #expect(slack.requests.count == 1 && slack.requests.first?.text.contains("FAILED") == true)
    #expect(await site.run("status").stdout.contains("owed: failed of d to pager"))
    #expect(await site.run("notify", "retry", environment: environment).status == 0)
    let keys = ours.requests.compactMap { $0.header("Idempotency-Key") }
    #expect(keys.count == 2 && Set(keys).count == 1)
    let notice = JSONValue(ours.requests.last?.text ?? "") ?? .null
    #expect(notice["event"].text == "failed" && notice["id"].text == keys.first && notice["run"].text == run.record["run"].text)
    #expect(ours.requests.allSatisfy { $0.header("X-Key") == "hunter2-hunter2" })
    site.file("ok", "")
    #expect(await site.runJSON("d", environment: environment).status == 0)
    #expect(JSONValue(ours.requests.last?.text ?? "")?["event"].text == "recovered" && slack.requests.count == 2)
    for secret in ["hush-hush", "hunter2"] { #expect(!run.said.contains(secret) && !site.durableText.contains(secret)) }
  }
}
