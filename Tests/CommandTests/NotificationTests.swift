import DrillTestSupport
import Glibc
import Testing

@Suite("Telling people, from outside", .serialized, .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct NotificationTests {
  private static let notify = "notify:\n  - sns: {topic: \"arn:aws:sns:eu-west-1:123456789012:dr\"}\n"

  private func site(_ notify: String = NotificationTests.notify) async -> ScratchSite { await ScratchSite.breakable(notify) }

  private func aws(_ server: ScriptedHTTPServer) -> [String: String] { aws(port: server.port) }

  private func aws(port: Int) -> [String: String] {
    [
      "AWS_ENDPOINT_URL": "http://127.0.0.1:\(port)", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1",
      "AWS_MAX_ATTEMPTS": "1",
    ]
  }

  private func events(_ requests: [RecordedRequest]) -> [String] { requests.map { $0.messageAttributes["event"] ?? "none" } }

  /// The ids that requests carry.
  private func ids(_ requests: [RecordedRequest]) -> [String] { requests.compactMap { $0.messageAttributes["notification_id"] } }

  @Test("a broken backup sends one message, a mended one one recovery; an outage in between loses neither")
  func outage() async {
    let site = await site()
    let server = ScriptedHTTPServer(.answer(200, body: SNSAnswers.published()))
    #expect(await site.runJSON("d", environment: aws(server)).status == 1)
    #expect(events(server.requests) == ["failed"])
    #expect(await site.run("status").status == 1)
    site.file("ok", "")
    let cut = await site.runJSON("d", environment: aws(port: 1))
    #expect(cut.status == 0 && cut.stderr.contains("not delivered"), "\(cut.said)")
    let status = await site.run("status")
    #expect(status.status == 1 && status.stdout.contains("recovered of d"), "\(status.said)")
    let retry = await site.run("notify", "retry", environment: aws(server))
    #expect(retry.status == 0 && retry.stdout.contains("nothing is left"), "\(retry.said)")
    #expect(events(server.requests) == ["failed", "recovered"])
    #expect(await site.run("status").status == 0)
    #expect(await site.runJSON("d", environment: aws(server)).status == 0)
    #expect(server.requests.count == 2)
    await site.expectClean()
  }

  @Test(
    "killed between verdict and sending, or between sending and marking: told at least once, under one id",
    arguments: [
      "sealed", "ledger, after seal", "ledger, before lease notification", "ledger, after lease notification", "sent, not marked",
      "ledger, before mark sent",
    ])
  func killed(_ step: String) async {
    let site = await site()
    let server = ScriptedHTTPServer(.answer(200, body: SNSAnswers.published()))
    var environment = aws(server)
    environment["DRILLMARK_CRASH_AT"] = step
    #expect(await site.runJSON("d", environment: environment).status == 128 + SIGKILL)
    let retry = await site.run("notify", "retry", environment: aws(server))
    #expect(retry.status == 0, "\(step): \(retry.said)")
    let ids = ids(server.requests)
    #expect((1...2).contains(ids.count) && Set(ids).count == 1, "\(step): \(ids)")
    #expect(await site.run("cleanup", environment: aws(server)).status == 0)
    #expect(self.ids(server.requests).count == ids.count)
    await site.expectClean()
  }

  @Test("a refusal for ever is parked with its reason, and status says so until retry") func parked() async {
    let site = await site()
    let server = ScriptedHTTPServer(
      .answer(404, body: SNSAnswers.error("NotFound", "no")), .answer(200, body: SNSAnswers.published()))
    #expect(await site.runJSON("d", environment: aws(server)).status == 1)
    let status = await site.run("status")
    #expect(status.stdout.contains("parked: failed of d") && status.stdout.contains("NotFound"), "\(status.said)")
    #expect(await site.run("status", "--json").stdout.hasPrefix("["))
    #expect(await site.run("notify", "retry", environment: aws(server)).status == 0)
    #expect(server.requests.count == 2)
  }

  @Test("notify test sends a marked test, and names what does not take it") func test() async {
    let site = await site(NotificationTests.notify + "  - webhook: {name: dead, url: \"http://127.0.0.1:1/x\"}\n")
    let server = ScriptedHTTPServer(.answer(200, body: SNSAnswers.published()))
    let result = await site.run("notify", "test", environment: aws(server))
    #expect(result.status == 1 && result.stdout.contains("sent    sns:") && result.stdout.contains("failed  dead:"), "\(result.said)")
    #expect(events(server.requests) == ["test"])
    #expect(await site.run("notify", "test", "--channel", "none", environment: aws(server)).status == 64)
    #expect(await ScratchSite().run("notify", "test").status == 64)
    #expect(await site.run("status", environment: aws(server)).stdout.contains("not delivered") == false)
  }

  @Test("doctor warns when nobody would be told, and names missing credentials and secrets") func doctor() async {
    let none = await ScratchSite.sound().run("doctor")
    #expect(none.stdout.contains("nobody would be told"))
    let site = await site(NotificationTests.notify + "  - webhook: {name: chat, url: {env: NO_SUCH_URL}, format: slack}\n")
    let result = await site.run("doctor", environment: ["HOME": site.path])
    #expect(result.stdout.contains("bad   notify: chat") && result.stdout.contains("NO_SUCH_URL"), "\(result.said)")
    #expect(result.stdout.contains("bad   notify: sns:"), "\(result.said)")
  }

  @Test("a secret URL is in no durable file and in no output") func secret() async {
    let server = ScriptedHTTPServer(.answer(403))
    let site = await site("notify:\n  - webhook: {url: {env: HOOK}, format: slack, headers: {X-Key: {env: KEY}}}\n")
    let environment = ["HOOK": "http://127.0.0.1:\(server.port)/T0/B0/hush-hush", "KEY": "hunter2-hunter2"]
    let run = await site.run("run", "d", environment: environment)
    let said = run.said + (await site.run("status").said) + (await site.run("notify", "test", environment: environment).said)
    #expect(server.requests.count >= 2 && server.requests[0].target.contains("hush-hush"))
    for secret in ["hush-hush", "hunter2"] { #expect(!said.contains(secret) && !site.durableText.contains(secret)) }
  }
}
