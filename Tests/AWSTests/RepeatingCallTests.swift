import AWSClient
import DrillModel
import DrillTestSupport
import HTTPTransport
import Testing

@Suite("Calls that must not be carried out twice")
struct RepeatingCallTests {
  /// What came of a call, and how often the server was asked.
  private func call(_ replies: ScriptedReply..., mayRepeat: Bool) throws -> (result: Result<HTTPResponse, AWSFailure>, asked: Int) {
    let server = ScriptedHTTPServer { _, index in replies[min(index, replies.count - 1)] }
    let connection = AWSBench().connection(AWSSettings(endpoint: server.url))
    let request = AWSRequest.query(service: "rds", region: "eu-west-1", action: "CreateDBInstance", version: "2014-10-31", [])
    let caller = AWSCaller(connection, http: try HTTPClient())
    return (Result { () throws(AWSFailure) in try caller.call(request, mayRepeat: mayRepeat) }, server.requests.count)
  }

  private func error(_ status: Int, _ code: String) -> ScriptedReply {
    .answer(status, body: "<ErrorResponse><Error><Code>\(code)</Code><Message>no</Message></Error></ErrorResponse>")
  }

  private func kind(_ result: Result<HTTPResponse, AWSFailure>) -> AWSFailure.Kind? {
    if case .failure(let failure) = result { failure.kind } else { nil }
  }

  @Test(
    "are not sent again after an answer that leaves it open, and say that they may have been carried out", arguments: [500, 502, 503, 504])
  func open(status: Int) throws {
    for reply in [error(status, "InternalFailure"), .answer(status, body: "<html>bad gateway</html>"), .cut] {
      let (result, asked) = try call(reply, .answer(200), mayRepeat: false)
      #expect(asked == 1 && kind(result) == .maybeDone, "\(reply): \(result)")
      #expect(try call(reply, .answer(200), mayRepeat: true).asked == 2)
    }
  }

  @Test("are sent again when the service said that it did nothing")
  func refused() throws {
    for reply in [error(400, "Throttling"), error(503, "SlowDown"), error(503, "RequestLimitExceeded")] {
      let (result, asked) = try call(reply, .answer(200), mayRepeat: false)
      #expect(asked == 2 && kind(result) == nil, "\(reply)")
    }
    let (result, asked) = try call(error(400, "InvalidParameterValue"), mayRepeat: false)
    #expect(asked == 1 && kind(result) == .refused)
  }
}
