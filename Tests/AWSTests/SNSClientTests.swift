import AWSClient
import DrillModel
import DrillTestSupport
import HTTPTransport
import Testing

@Suite("Publishing to SNS")
struct SNSClientTests {
  @Test("a message arrives signed and whole")
  func delivered() throws {
    let bench = AWSBench()
    let verifier = bench.verifier()
    let server = ScriptedHTTPServer { request, _ in verifier.answer(request) }
    #expect(try bench.publish(to: server) == .delivered(messageID: "11111111-2222"))
    let form = try #require(server.requests.first).form
    #expect(form["Action"] == "Publish")
    #expect(form["TopicArn"] == AWSBench.topic)
    #expect(form["Subject"] == "FAILED orders")
    #expect(form["Message"] == "RPO missed: 1 h 2 min > 1 h\nÜbung & 100 %")
    #expect(form["MessageAttributes.entry.2.Name"] == "verdict")
    #expect(form["MessageAttributes.entry.2.Value.StringValue"] == "failed")
    #expect(form["MessageGroupId"] == nil)
    #expect(bench.waits.isEmpty)
  }

  @Test("a FIFO topic is given its ids, and refused here without them")
  func fifo() throws {
    let bench = AWSBench()
    let server = ScriptedHTTPServer(.answer(200, body: SNSAnswers.published("m")))
    var message = AWSBench.message()
    message.topic += ".fifo"
    guard case .permanent = try bench.publish(to: server, message) else {
      Issue.record("a FIFO topic needs ids")
      return
    }
    #expect(server.requests.isEmpty)
    message.groupID = "orders"
    message.deduplicationID = "01K-1"
    #expect(try bench.publish(to: server, message) == .delivered(messageID: "m"))
    #expect(server.requests.first?.form["MessageDeduplicationId"] == "01K-1")
  }

  @Test("a wrong secret is a permanent refusal, tried once, that names the key and shows no secret")
  func wrongSecret() throws {
    let bench = AWSBench(environment: AWSBench.keys.merging(["AWS_SESSION_TOKEN": "token+with/secret=="]) { $1 })
    let verifier = bench.verifier(secret: "another")
    let server = ScriptedHTTPServer { request, _ in verifier.answer(request) }
    guard case .permanent("SignatureDoesNotMatch", let text) = try bench.publish(to: server) else {
      Issue.record("a wrong secret is refused")
      return
    }
    #expect(server.requests.count == 1)
    #expect(text.contains("AKID…MPLE"))
    #expect(!text.contains("token+with") && !text.contains("wJalr"))
  }

  @Test(
    "throttling and 5xx are tried three times, each signed anew, and then transient",
    arguments: [("Throttling", 400, 1), ("Throttled", 429, 1), ("InternalError", 500, 0), ("ServiceUnavailable", 503, 0)])
  func retried(code: String, status: Int, firstWaitInSeconds: Int) throws {
    let bench = AWSBench()
    let server = ScriptedHTTPServer(.answer(status, body: SNSAnswers.error(code, "slow down")))
    guard case .transient(code, let text, nil) = try bench.publish(to: server) else {
      Issue.record("it can succeed later")
      return
    }
    #expect(text.contains("slow down"))
    #expect(bench.waits == (firstWaitInSeconds == 1 ? [.seconds(1), .seconds(2)] : [.milliseconds(50), .milliseconds(100)]))
    #expect(server.requests.count == 3)
    if firstWaitInSeconds == 1 {
      #expect(Set(server.requests.compactMap { $0.header("X-Amz-Date") }).count == 3, "a fresh time each")
      #expect(Set(server.requests.compactMap { $0.header("Authorization") }).count == 3)
    }
  }

  @Test("a throttled message is delivered once the throttling ends")
  func throttledThenFine() throws {
    let bench = AWSBench(environment: AWSBench.keys.merging(["AWS_MAX_ATTEMPTS": "5"]) { $1 })
    let verifier = bench.verifier()
    let server = ScriptedHTTPServer { request, index in
      index < 4 ? .answer(400, body: SNSAnswers.error("ThrottlingException", "")) : verifier.answer(request)
    }
    #expect(try bench.publish(to: server) == .delivered(messageID: "11111111-2222"))
    #expect(server.requests.count == 5)
  }

  @Test("twenty throttled messages use up the quota and no more")
  func quota() throws {
    let bench = AWSBench(environment: AWSBench.keys.merging(["AWS_MAX_ATTEMPTS": "20"]) { $1 })
    let server = ScriptedHTTPServer(.answer(500))
    let connection = bench.connection(AWSSettings(endpoint: server.url))
    for _ in 0..<4 { _ = try bench.publish(to: server, connection: connection) }
    #expect(server.requests.count == 4 + RetryQuota.capacity / 14)
  }

  @Test(
    "when to come back is handed on",
    arguments: [("x-amz-retry-after", "1500", Duration.milliseconds(1500)), ("Retry-After", "7", .seconds(7))])
  func comeBack(header: String, value: String, expected: Duration) throws {
    let bench = AWSBench()
    let server = ScriptedHTTPServer(.answer(503, headers: [(header, value)], body: SNSAnswers.error("ServiceUnavailable", "")))
    guard case .transient(_, _, expected) = try bench.publish(to: server) else {
      Issue.record("the service said when")
      return
    }
    #expect(bench.waits.first == (header == "x-amz-retry-after" ? .milliseconds(1500) : .milliseconds(50)))
  }

  @Test(
    "a refusal is permanent and tried once",
    arguments: [
      ("InvalidParameter", 400), ("NotFound", 404), ("AuthorizationError", 403), ("EndpointDisabled", 400), ("KMSAccessDenied", 400),
      ("InvalidClientTokenId", 403), ("AccessDenied", 403),
    ])
  func refused(code: String, status: Int) throws {
    let bench = AWSBench()
    let server = ScriptedHTTPServer(.answer(status, body: SNSAnswers.error(code, "User is not authorized to perform: SNS:Publish")))
    guard case .permanent(code, let text) = try bench.publish(to: server) else {
      Issue.record("\(code) will be said again")
      return
    }
    #expect(text.contains(code == "InvalidClientTokenId" ? "not known" : "SNS:Publish"))
    #expect(server.requests.count == 1)
  }

  @Test(
    "what stands behind a refusal is explained",
    arguments: [
      ("KMSAccessDenied", "kms:GenerateDataKey*"), ("KMSDisabled", "switched off"), ("KMSNotFound", "not there"),
      ("AuthorizationError", "topic's own policy"), ("NotFound", "region"),
    ])
  func explained(code: String, expected: String) throws {
    let server = ScriptedHTTPServer(.answer(400, body: SNSAnswers.error(code, "no")))
    guard case .permanent(code, let text) = try AWSBench().publish(to: server) else {
      Issue.record("\(code) will be said again")
      return
    }
    #expect(text.contains(expected))
  }

  @Test("a refusal that does not name the action is given its name")
  func action() throws {
    let server = ScriptedHTTPServer(.answer(403, body: SNSAnswers.error("AccessDenied", "Access Denied")))
    guard case .permanent("AccessDenied", let text) = try AWSBench().publish(to: server) else {
      Issue.record("it is refused")
      return
    }
    #expect(text.contains("sns:Publish"))
  }

  @Test("an expired session is transient: somebody renews it", arguments: ["ExpiredToken", "ExpiredTokenException"])
  func expired(code: String) throws {
    let bench = AWSBench()
    let server = ScriptedHTTPServer(.answer(403, body: SNSAnswers.error(code, "The security token included in the request is expired")))
    guard case .transient(code, _, _) = try bench.publish(to: server) else {
      Issue.record("a renewed session works")
      return
    }
  }

  @Test("a cut or slow answer may have been sent, whatever comes of the retries")
  func maybeSent() throws {
    let bench = AWSBench()
    let cut = ScriptedHTTPServer(.cut)
    guard case .maybeSent = try bench.publish(to: cut) else {
      Issue.record("SNS may have taken it")
      return
    }
    #expect(cut.requests.count == 3)
    var options = HTTPOptions()
    options.timeout = .milliseconds(500)
    let slow = ScriptedHTTPServer(.after(.seconds(20), .answer(200)))
    guard case .maybeSent = try bench.publish(to: slow, options: options) else {
      Issue.record("SNS may have taken it")
      return
    }
    let then = ScriptedHTTPServer(.cut, .answer(500))
    guard case .maybeSent = try bench.publish(to: then) else {
      Issue.record("the first attempt may have been taken")
      return
    }
  }

  @Test("nobody listening is transient and was not sent")
  func unreachable() throws {
    let connection = AWSBench().connection(AWSSettings(endpoint: "http://127.0.0.1:\(LoopbackSocket.freePort())"))
    guard case .transient("notConnected", _, _) = SNSClient(connection, http: try HTTPClient()).publish(AWSBench.message()) else {
      Issue.record("the service comes back")
      return
    }
  }

  @Test(
    "an answer that is no answer of SNS's is never a delivery",
    arguments: [
      "<html><body>Welcome to the hotel</body></html>", "", "{}", "<PublishResponse><PublishResult><MessageId>", "\0\u{1}",
      "<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><PublishResponse><PublishResult><MessageId>&b;</MessageId></PublishResult></PublishResponse>",
      "<PublishResponse><PublishResult><MessageId></MessageId></PublishResult></PublishResponse>",
    ])
  func nonsense(body: String) throws {
    let server = ScriptedHTTPServer(.answer(200, body: body))
    guard case .maybeSent = try AWSBench().publish(to: server) else {
      Issue.record("it cannot be told what became of it")
      return
    }
  }

  @Test("50 MB in place of an answer is not read whole")
  func flood() throws {
    guard case .maybeSent = try AWSBench().publish(to: ScriptedHTTPServer(.flood(50 << 20))) else {
      Issue.record("it cannot be told what became of it")
      return
    }
  }

  @Test("a proxy's error page is trouble on the way, a redirect is a wrong setting, and neither gets a second signature elsewhere")
  func otherAnswers() throws {
    let bench = AWSBench()
    guard case .transient = try bench.publish(to: ScriptedHTTPServer(.answer(403, body: "<html>Blocked by policy</html>"))) else {
      Issue.record("a proxy is not SNS")
      return
    }
    let thief = ScriptedHTTPServer(.answer(200, body: SNSAnswers.published("stolen")))
    let server = ScriptedHTTPServer(.answer(307, headers: [("Location", thief.url)]))
    guard case .permanent = try bench.publish(to: server) else {
      Issue.record("a redirect is not followed")
      return
    }
    #expect(thief.requests.isEmpty)
  }

  @Test("what SNS would refuse is told before anything is sent")
  func invalid() throws {
    let server = ScriptedHTTPServer(.answer(200))
    var messages = [String](repeating: AWSBench.topic, count: 5).map { SNSMessage(topic: $0, subject: "s", text: "t") }
    messages[0].subject = "two\nlines"
    messages[1].subject = String(repeating: "x", count: 100)
    messages[2].text = String(repeating: "x", count: 262_145)
    messages[3].attributes = ["AWS.x": .string("y")]
    messages[4].topic = "arn:aws:sqs:eu-west-1:123456789012:queue"
    for message in messages {
      guard case .permanent("InvalidParameter", _) = try AWSBench().publish(to: server, message) else {
        Issue.record("SNS refuses it: \(message.topic) \(message.subject ?? "")")
        continue
      }
    }
    #expect(server.requests.isEmpty)
  }

  @Test("missing credentials are transient and say what to do")
  func noCredentials() throws {
    let server = ScriptedHTTPServer(.answer(200))
    guard case .transient("credentials", let text, _) = try AWSBench(environment: [:]).publish(to: server) else {
      Issue.record("somebody gives credentials")
      return
    }
    #expect(text.contains("AWS_ACCESS_KEY_ID"))
    #expect(server.requests.isEmpty)
  }
}
