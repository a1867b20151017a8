import AWSSigning
import DrillModel
import HTTPTransport

/// One attempt that gave no result, and what follows from it.
struct FailedAttempt: Error {
  /// Why another attempt is worth it; nil when it is not.
  let cause: RetryCause?
  let code: String
  let message: String
  let status: Int?
  let requestID: String?
  let retryAfterHeader: String?
  /// The refusal can mean that the signature's time is wrong.
  let isAboutTime: Bool
  /// The server's clock.
  let date: Timestamp?
  /// The service may have carried it out.
  var isMaybeDone: Bool
  /// The service broke down over it (5xx, throttling not among them), which leaves open whether it was carried out.
  let leavesOpen: Bool
  /// The credentials have expired.
  let isExpired: Bool
  /// What it was signed with; nil when it was not, or when there is no answer.
  let credentials: AWSCredentials?
  private let kind: AWSFailure.Kind
  private let comeBack: Duration?
  private let bucketRegion: String?
  private let action: String?

  init(_ error: TransportError) {
    let isSetUp = error.kind != .invalidRequest && error.kind != .refusedAddress
    cause = error.isTransient ? .transient : nil
    code = error.kind.rawValue
    message = error.advice.map { "\(error.message). \($0)" } ?? error.message
    status = error.status
    requestID = nil
    retryAfterHeader = nil
    isAboutTime = false
    date = nil
    isMaybeDone = error.maybeSent
    leavesOpen = false
    (isExpired, credentials) = (false, nil)
    kind = isSetUp ? .transient : .notPossible
    comeBack = nil
    (bucketRegion, action) = (nil, nil)
  }

  init(_ response: HTTPResponse, _ request: AWSRequest, _ endpoint: AWSEndpoint, _ credentials: AWSCredentials?) {
    let body = AWSErrorBody(response.headers, response.body)
    cause = RetryPolicy.cause(status: response.status, code: body?.code)
    code = body.map { InertText.line($0.code, limit: 80) } ?? "HTTP \(response.status)"
    status = response.status
    requestID = (body?.requestID ?? response.headers.first("x-amzn-requestid")).map { InertText.line($0, limit: 80) }
    retryAfterHeader = response.headers.first("x-amz-retry-after")
    date = response.headers.first("Date").flatMap { HTTPDate.parse($0) }
    isAboutTime = body.map { FailedAttempt.timeCodes.contains($0.code) } ?? false
    isMaybeDone = false
    leavesOpen = response.status >= 500 && cause != .throttling
    // EC2 says of an expired session what it says of an old request.
    let isOldSession = body?.code == "RequestExpired" && credentials?.sessionToken != nil
    isExpired = isOldSession || body.map { FailedAttempt.expiredCodes.contains($0.code) } ?? false
    self.credentials = credentials
    message = FailedAttempt.explain(response, body, request, endpoint, credentials)
    kind = isExpired ? .transient : FailedAttempt.kind(response.status, body?.code, cause)
    comeBack = FailedAttempt.comeBack(response.headers)
    bucketRegion = response.headers.first("x-amz-bucket-region") ?? body?.region
    action = request.action
  }

  func failure(attempts: Int) -> AWSFailure {
    AWSFailure(
      kind: isMaybeDone && kind == .transient ? .maybeDone : kind, code: code, message: message, status: status, requestID: requestID,
      retryAfter: comeBack, attempts: attempts, bucketRegion: bucketRegion, action: action)
  }

  private static let timeCodes: Set<String> = [
    "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture", "InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure",
  ]
  /// Of credentials that somebody renews: the same call succeeds once they have.
  static let expiredCodes: Set<String> = ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"]

  private static func kind(_ status: Int, _ code: String?, _ cause: RetryCause?) -> AWSFailure.Kind {
    if let cause { return cause == .throttling ? .throttled : .transient }
    // Without a code it was not AWS that answered: a proxy, a portal. That passes, or the operator mends it.
    guard code != nil else { return (300...399).contains(status) ? .refused : .transient }
    return status >= 500 || status == 429 ? .transient : .refused
  }

  private static func comeBack(_ headers: [HTTPHeader]) -> Duration? {
    if let text = headers.first("x-amz-retry-after"), let milliseconds = Int64(text), milliseconds >= 0 {
      return .milliseconds(milliseconds)
    }
    if let text = headers.first("Retry-After"), let seconds = Int64(text), (0...86_400).contains(seconds) { return .seconds(seconds) }
    return nil
  }

  private static func explain(
    _ response: HTTPResponse, _ body: AWSErrorBody?, _ request: AWSRequest, _ endpoint: AWSEndpoint, _ credentials: AWSCredentials?
  ) -> String {
    let key = credentials.map { "\($0)" } ?? "caller without credentials"
    guard let body else {
      if (300...399).contains(response.status) {
        return "\(endpoint.url) answered with a redirect, which is not followed with a signature; correct the endpoint or the region"
      }
      return "\(endpoint.url) answered with status \(response.status) and nothing that AWS would say; is a proxy in between?"
    }
    switch body.code {
    case "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature":
      // AWS's own text repeats the signed headers, the session token among them.
      return "The signature is not accepted: the secret key does not belong to \(key)"
    case "RequestExpired" where credentials?.sessionToken != nil:
      return "The request's time is not accepted, or the session of \(key) has expired: check this machine's clock, and renew the session"
    case "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture":
      return "The request's time is not accepted; check this machine's clock"
    case "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId":
      return "The \(key) is not known there: deleted, of another partition, or without its session token"
    // Without a key it is a token of somebody else's that has expired, and AWS says which.
    case "ExpiredToken",
      "ExpiredTokenException" where credentials != nil:
      return "The session of \(key) has expired; renew it"
    default:
      let secrets = request.secrets + [credentials?.secretAccessKey, credentials?.sessionToken].compactMap { $0 }
      let said = InertText.line(hiding(secrets, in: body.message), limit: 400)
      guard AWSFailure.accessCodes.contains(body.code), let action = request.action, !said.lowercased().contains(action.lowercased())
      else { return said }
      return "\(said)\(said.isEmpty || said.hasSuffix(".") ? "" : ".") The policy of \(key) must allow \(action)"
    }
  }

  /// A message without the secrets that it may repeat.
  private static func hiding(_ secrets: [String], in text: String) -> String {
    secrets.filter { $0.count >= 8 }.reduce(text) { text, secret in
      [secret, PercentEncoding.encode(secret)].reduce(text) {
        $0.split(separator: $1, omittingEmptySubsequences: false).joined(separator: "[hidden]")
      }
    }
  }
}
