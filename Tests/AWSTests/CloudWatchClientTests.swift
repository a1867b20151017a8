import AWSClient
import DrillModel
import DrillTestSupport
import HTTPTransport
import Testing

@Suite("Putting metrics into CloudWatch")
struct CloudWatchClientTests {
  private static let answer = "<PutMetricDataResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\"/>"

  private func data() throws -> [MetricDatum] {
    let time = try #require(Timestamp(rfc3339: "2026-11-21T03:10:00Z"))
    let drill = [MetricDatum.Dimension("Drill", "orders & co")]
    return [MetricDatum("RecoveryTimeActual", 61.4, .seconds, at: time, drill), MetricDatum("Passed", 1, .count, at: time, drill)]
  }

  private func put(to server: ScriptedHTTPServer, _ bench: AWSBench = AWSBench()) throws -> AWSFailure? {
    let client = CloudWatchClient(bench.connection(AWSSettings(endpoint: server.url)), region: "eu-west-1", http: try HTTPClient())
    do {
      try client.put(try data(), namespace: "Drillmark")
      return nil
    } catch { return error as? AWSFailure }
  }

  @Test("a run's figures go out in one signed call")
  func put() throws {
    let bench = AWSBench()
    var judge = bench.verifier()
    judge.service = "monitoring"
    let verifier = judge
    let server = ScriptedHTTPServer { request, _ in
      if case .answer(200, _, _) = verifier.answer(request) { return .answer(200, body: CloudWatchClientTests.answer) }
      return verifier.answer(request)
    }
    #expect(try put(to: server, bench) == nil)
    #expect(server.requests.count == 1)
    let form = try #require(server.requests.first).form
    #expect(form["Action"] == "PutMetricData" && form["Namespace"] == "Drillmark")
    #expect(form["MetricData.member.1.MetricName"] == "RecoveryTimeActual" && form["MetricData.member.1.Value"] == "61.4")
    #expect(form["MetricData.member.1.Unit"] == "Seconds" && form["MetricData.member.1.Timestamp"] == "2026-11-21T03:10:00.000Z")
    #expect(form["MetricData.member.2.Dimensions.member.1.Value"] == "orders & co" && form["MetricData.member.2.Value"] == "1.0")
  }

  @Test("a refusal names the action, throttling is tried again, and a cut may have been put")
  func failures() throws {
    let denied = ScriptedHTTPServer(
      .answer(403, body: SNSAnswers.error("AccessDenied", "not authorized to perform: cloudwatch:PutMetricData")))
    let failure = try #require(try put(to: denied))
    #expect(failure.kind == .refused && "\(failure)".contains("cloudwatch:PutMetricData"))
    #expect(denied.requests.count == 1)
    let busy = ScriptedHTTPServer(
      .answer(400, body: SNSAnswers.error("Throttling", "slow")), .answer(200, body: CloudWatchClientTests.answer))
    #expect(try put(to: busy) == nil)
    #expect(try put(to: ScriptedHTTPServer(.cut))?.kind == .maybeDone)
  }

  @Test("an answer that is not CloudWatch's is never taken for success", arguments: ["", "{}", "<html><body>hotel</body></html>", "<Put"])
  func nonsense(_ body: String) throws {
    #expect(try put(to: ScriptedHTTPServer(.answer(200, body: body)))?.kind == .maybeDone)
  }

  @Test(
    "moto takes the metrics of a user who may put them, and of no other",
    .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)))
  func moto() async throws {
    let moto = try #require(await MotoServer())
    // moto calls the action by the endpoint's name, and AWS by the service's.
    let allowed = moto.accessKey(user: "drill", allowing: ["cloudwatch:PutMetricData", "monitoring:PutMetricData"])
    let other = moto.accessKey(user: "other", allowing: ["sns:Publish"])
    moto.requireSignatures()
    func client(_ key: (id: String, secret: String)) throws -> CloudWatchClient {
      let host = AWSHost(environment: ["AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret], clocks: HostClocks())
      return CloudWatchClient(AWSConnection(AWSSettings(endpoint: moto.url), host: host), region: "eu-west-1", http: try HTTPClient())
    }
    try client(allowed).put(try data(), namespace: "Drillmark")
    let refused = #expect(throws: AWSFailure.self) { try client(other).put(try data(), namespace: "Drillmark") }
    #expect(refused?.code == "AccessDenied" && "\(refused.map { "\($0)" } ?? "")".contains("cloudwatch:PutMetricData"))
  }
}
