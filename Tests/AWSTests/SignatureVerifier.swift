import Digesting
import DrillModel
import DrillTestSupport

/// Judges a signed request as AWS would, from what came over the wire: an implementation of its own, which shares only the HMAC with
/// the signer, and checks the body, the date and the region, which moto does not.
struct SignatureVerifier: Sendable {
  let secrets: [String: String]
  var region = "eu-west-1"
  var service = "sns"
  /// The server's clock.
  let now: @Sendable () -> Timestamp

  /// The code of the error that AWS would answer with; nil for a good signature.
  func refusal(_ request: RecordedRequest) -> String? {
    let prefix = "AWS4-HMAC-SHA256 "
    guard let authorization = request.header("Authorization"), authorization.hasPrefix(prefix) else { return "MissingAuthenticationToken" }
    var fields: [String: String] = [:]
    for part in authorization.dropFirst(prefix.count).split(separator: ", ") {
      let halves = part.split(separator: "=", maxSplits: 1).map(String.init)
      if halves.count == 2 { fields[halves[0]] = halves[1] }
    }
    let scope = (fields["Credential"] ?? "").split(separator: "/").map(String.init)
    guard scope.count == 5, let secret = secrets[scope[0]] else { return "InvalidClientTokenId" }
    guard let stamp = request.header("X-Amz-Date"), stamp.hasPrefix(scope[1]), let date = SignatureVerifier.date(stamp) else {
      return "IncompleteSignature"
    }
    guard abs((now() - date).components.seconds) <= 300 else { return "RequestTimeTooSkewed" }
    guard Array(scope[2...]) == [region, service, "aws4_request"] else { return "SignatureDoesNotMatch" }
    let names = (fields["SignedHeaders"] ?? "").split(separator: ";").map(String.init)
    guard names.contains("host"), names.contains("x-amz-date") else { return "SignatureDoesNotMatch" }
    return expected(request, names, stamp, scope, secret) == fields["Signature"] ? nil : "SignatureDoesNotMatch"
  }

  private func expected(_ request: RecordedRequest, _ names: [String], _ stamp: String, _ scope: [String], _ secret: String) -> String {
    let lines = names.map { "\($0):\(request.header($0) ?? "")\n" }.joined()
    let digest = Hexadecimal.encode(SHA256.digest(of: request.body))
    let canonical = "\(request.method)\n\(request.target)\n\n\(lines)\n\(names.joined(separator: ";"))\n\(digest)"
    let text = "AWS4-HMAC-SHA256\n\(stamp)\n\(scope[1...].joined(separator: "/"))\n\(Hexadecimal.encode(SHA256.digest(of: canonical.utf8)))"
    var key = Array("AWS4\(secret)".utf8)
    for part in scope[1...] { key = HMACSHA256.code(key: key, message: part) }
    return Hexadecimal.encode(HMACSHA256.code(key: key, message: text))
  }

  private static func date(_ stamp: String) -> Timestamp? {
    let digits = stamp.filter(\.isNumber)
    guard digits.count == 14 else { return nil }
    func part(_ start: Int, _ count: Int) -> String { String(digits.dropFirst(start).prefix(count)) }
    return Timestamp(rfc3339: "\(part(0, 4))-\(part(4, 2))-\(part(6, 2))T\(part(8, 2)):\(part(10, 2)):\(part(12, 2))Z")
  }

  /// An answer of SNS's: a message id for a good signature, else the error; `Date` is the server's clock.
  func answer(_ request: RecordedRequest, id: String = "11111111-2222") -> ScriptedReply {
    let date = [("Date", SignatureVerifier.httpDate(now()))]
    guard let code = refusal(request) else { return .answer(200, headers: date, body: SNSAnswers.published(id)) }
    return .answer(
      403, headers: date, body: SNSAnswers.error(code, "canonical x-amz-security-token:\(request.header("X-Amz-Security-Token") ?? "")"))
  }

  private static func httpDate(_ time: Timestamp) -> String {
    let civil = time.utc
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return
      "Sun, \(two(civil.day)) \(months[civil.month - 1]) \(civil.year) \(two(civil.hour)):\(two(civil.minute)):\(two(civil.second)) GMT"
  }
}
