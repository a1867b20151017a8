import AWSClient
import DrillModel
import DrillTestSupport
import Testing

@Suite("A clock that is wrong")
struct ClockSkewTests {
  @Test("an hour either way is learnt from the refusal and corrected once", arguments: [3600, -3600])
  func corrected(seconds: Int64) throws {
    let bench = AWSBench()
    let clocks = bench.clocks
    let verifier = SignatureVerifier(secrets: ["AKIDEXAMPLE": AWSBench.keys["AWS_SECRET_ACCESS_KEY"] ?? ""]) {
      clocks.now() + .seconds(seconds)
    }
    let server = ScriptedHTTPServer { request, _ in verifier.answer(request) }
    let connection = bench.connection(AWSSettings(endpoint: server.url))
    #expect(try bench.publish(to: server, connection: connection) == .delivered(messageID: "11111111-2222"))
    #expect(server.requests.count == 2)
    #expect(connection.clockSkew == .seconds(seconds))
    #expect(try bench.publish(to: server, connection: connection) == .delivered(messageID: "11111111-2222"))
    #expect(server.requests.count == 3, "the next call knows")
  }

  @Test("that was set right meanwhile is no longer taken for wrong, though the calls were still accepted")
  func setRight() throws {
    let bench = AWSBench()
    let (clocks, offset) = (bench.clocks, SetClocks("1970-01-01T00:06:40Z"))
    let verifier = SignatureVerifier(secrets: ["AKIDEXAMPLE": AWSBench.keys["AWS_SECRET_ACCESS_KEY"] ?? ""]) {
      clocks.now() + (offset.now() - Timestamp(seconds: 0))
    }
    let server = ScriptedHTTPServer { request, _ in verifier.answer(request) }
    let connection = bench.connection(AWSSettings(endpoint: server.url))
    _ = try bench.publish(to: server, connection: connection)
    #expect(connection.clockSkew == .seconds(400) && server.requests.count == 2)
    offset.step(.seconds(-220))
    #expect(try bench.publish(to: server, connection: connection) == .delivered(messageID: "11111111-2222"))
    #expect(connection.clockSkew == .zero && server.requests.count == 3)
  }

  @Test("four minutes off is still accepted, and changes nothing")
  func small() throws {
    let bench = AWSBench()
    let clocks = bench.clocks
    let verifier = SignatureVerifier(secrets: ["AKIDEXAMPLE": AWSBench.keys["AWS_SECRET_ACCESS_KEY"] ?? ""]) {
      clocks.now() + .seconds(230)
    }
    let server = ScriptedHTTPServer { request, _ in verifier.answer(request) }
    let connection = bench.connection(AWSSettings(endpoint: server.url))
    #expect(try bench.publish(to: server, connection: connection) == .delivered(messageID: "11111111-2222"))
    #expect(connection.clockSkew == .zero)
  }

  @Test("a bad key with a good clock is not taken for a wrong clock")
  func badKey() throws {
    let bench = AWSBench()
    let verifier = bench.verifier(secret: "another")
    let server = ScriptedHTTPServer { request, _ in verifier.answer(request) }
    let connection = bench.connection(AWSSettings(endpoint: server.url))
    guard case .permanent("SignatureDoesNotMatch", _) = try bench.publish(to: server, connection: connection) else {
      Issue.record("the key is wrong")
      return
    }
    #expect(server.requests.count == 1)
    #expect(connection.clockSkew == .zero)
  }

  @Test("a clock that cannot be corrected ends in a refusal, not in a loop", arguments: ["RequestTimeTooSkewed", "RequestExpired"])
  func hopeless(code: String) throws {
    let bench = AWSBench()
    let date = [("Date", "Sun, 22 Nov 2026 04:00:00 GMT")]
    let server = ScriptedHTTPServer(.answer(403, headers: date, body: SNSAnswers.error(code, "")))
    guard case .permanent(code, let text) = try bench.publish(to: server) else {
      Issue.record("it is refused")
      return
    }
    #expect(text.contains("clock"))
    #expect(server.requests.count == 2)
  }
}
