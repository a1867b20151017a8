import AWSClient
import AWSSigning
import DrillModel
import DrillTestSupport
import HTTPTransport
import Testing

@Suite("SNS against moto with its access checks on", .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)))
struct MotoTests {
  private func publish(_ moto: MotoServer, _ key: (id: String, secret: String), _ message: SNSMessage) throws -> SNSOutcome {
    let bench = AWSBench(environment: ["AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret])
    let connection = AWSConnection(
      AWSSettings(endpoint: moto.url), host: AWSHost(environment: bench.host.environment, clocks: HostClocks()))
    return SNSClient(connection, http: try HTTPClient()).publish(message)
  }

  @Test("the right secret with the documented policy delivers; a wrong secret, an unknown key and a policy without the action do not")
  func access() async throws {
    let moto = try #require(await MotoServer())
    let topic = moto.topic("dr-drills")
    let key = moto.accessKey(user: "drill", allowing: ["sns:Publish"])
    let other = moto.accessKey(user: "other", allowing: ["sns:ListTopics"])
    moto.requireSignatures()
    var message = AWSBench.message("$(id) <script> 🚨\nÜbung")
    message.topic = topic
    let outcome = try publish(moto, key, message)
    guard case .delivered(let id) = outcome else {
      Issue.record("the right secret delivers: \(outcome)")
      return
    }
    for (wrong, code) in [
      ((id: key.id, secret: key.secret + "x"), "SignatureDoesNotMatch"),
      ((id: "AKIAUNKNOWN000000000", secret: "not-a-known-secret"), "InvalidClientTokenId"),
      (other, "AccessDenied"),
    ] {
      guard case .permanent(code, let text) = try publish(moto, wrong, message) else {
        Issue.record("\(code) was expected")
        continue
      }
      #expect(!text.contains(wrong.secret))
    }
    let published = moto.published()
    #expect(published.map(\.id) == [id], "refused messages were not published")
    #expect(published.first?.text == "$(id) <script> 🚨\nÜbung")
    #expect(published.first?.subject == "FAILED orders")
  }

  @Test("the policy that the guide prints is enough to notify, and without its action the message names it")
  func documented() async throws {
    let moto = try #require(await MotoServer())
    let topic = moto.topic("dr-drills")
    let printed = try #require(DocumentedPolicy.text("DrillmarkNotifications"))
    #expect(printed.contains(topic))
    // moto judges the action alone: it looks for no topic in a policy but `*`.
    let policy = printed.replacing(topic, with: "*")
    let key = moto.accessKey(user: "drill", policy: policy)
    let less = moto.accessKey(user: "less", policy: policy.replacing("sns:Publish", with: "sns:ListTopics"))
    moto.requireSignatures()
    var message = AWSBench.message()
    message.topic = topic
    guard case .delivered = try publish(moto, key, message) else {
      Issue.record("the documented policy delivers")
      return
    }
    guard case .permanent("AccessDenied", let text) = try publish(moto, less, message) else {
      Issue.record("the action is missing")
      return
    }
    #expect(text.contains("sns:Publish"))
  }

  @Test("a role is taken on and used, and STS says whose it is")
  func roles() async throws {
    let moto = try #require(await MotoServer())
    let key = moto.accessKey(user: "drill", allowing: ["sts:AssumeRole"])
    moto.requireSignatures()
    var host = AWSBench(environment: ["AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret]).host
    host.clocks = HostClocks()
    host.http = { try HTTPClient() }
    let role = "arn:aws:iam::123456789012:role/drills"
    let connection = AWSConnection(AWSSettings(endpoint: moto.url, roleARN: role), host: host)
    let identity = try STSClient(connection, region: "eu-west-1", http: try HTTPClient()).callerIdentity()
    #expect(identity.account == "123456789012" && identity.role == "drills", "\(identity)")
    #expect(try connection.credentials().accessKeyID != key.id)
    let expiration = try #require(try connection.credentials().expiration)
    #expect(expiration > HostClocks().now() + .seconds(1800))
  }

  @Test("a topic that is gone is a permanent refusal, and a FIFO topic takes its ids")
  func topics() async throws {
    let moto = try #require(await MotoServer())
    let fifo = moto.topic("ordered.fifo")
    let key = moto.accessKey(user: "drill")
    moto.requireSignatures()
    let outcome = try publish(moto, key, AWSBench.message())
    guard case .permanent("NotFound", _) = outcome else {
      Issue.record("there is no such topic: \(outcome)")
      return
    }
    let message = SNSMessage(topic: fifo, subject: nil, text: "x", groupID: "g", deduplicationID: "d-1")
    guard case .delivered = try publish(moto, key, message) else {
      Issue.record("the FIFO topic takes it")
      return
    }
  }
}
