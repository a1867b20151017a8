package import AWSSigning
import DrillModel
package import HTTPTransport

/// One operation of a service, before it is signed.
package struct AWSRequest: Sendable {
  /// The name in the endpoint and in the signature.
  package var service: String
  package var region: String
  package var method: String
  /// Percent-encoded.
  package var path: String
  package var query: String
  package var headers: [HTTPHeader]
  package var body: [UInt8]
  package var rules: SigningRules
  /// Stands before the endpoint's host, its dot included: `bucket.`.
  package var hostPrefix = ""
  /// Sent without credentials: what is public, and what proves itself in another way.
  package var isAnonymous = false
  /// What the request carries beside its signature and no message may repeat: a token, a key.
  package var secrets: [String] = []
  /// What a policy must allow for it (`sns:Publish`), named when AWS refuses it; nil when that is not known.
  package var action: String?

  package init(
    service: String, region: String, method: String, path: String = "/", query: String = "", headers: [HTTPHeader] = [], body: [UInt8] = [],
    rules: SigningRules = .standard
  ) {
    self.service = service
    self.region = region
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.rules = rules
  }

  /// An operation of the query protocol: parameters in a form, in the order given.
  package static func query(service: String, region: String, action: String, version: String, _ parameters: [(String, String)])
    -> AWSRequest
  {
    let all = [("Action", action), ("Version", version)] + parameters
    let form = all.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }.joined(separator: "&")
    // A blank in a form is a plus, which is how AWS's own clients write it and how some stand-ins write it anew before they verify.
    let body = form.replacing("%20", with: "+")
    var request = AWSRequest(
      service: service, region: region, method: "POST",
      headers: [HTTPHeader("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")], body: Array(body.utf8))
    request.action = "\(service == "monitoring" ? "cloudwatch" : service):\(action)"
    return request
  }
}

/// Makes signed calls by the standard retry mode. Blocks its caller, and belongs to one thread at a time.
///
/// Every attempt is signed anew, with credentials and time as they are then. A refusal for the time is tried once more by AWS's clock
/// when ours is more than four minutes off it; when it is not, the key is what is wrong. A refusal because the session has expired is
/// tried once more when another session can be had.
package final class AWSCaller {
  private let connection: AWSConnection
  private let http: any HTTPExchanging
  /// Limits of each attempt.
  package var options: HTTPOptions

  package init(_ connection: AWSConnection, http: any HTTPExchanging, options: HTTPOptions = HTTPOptions()) {
    self.connection = connection
    self.http = http
    self.options = options
    self.options.network = connection.network
  }

  /// Any answer of 200 to 299. `mayRepeat` says that doing it twice does no harm; else a request that may have been carried out is not
  /// sent again: one without an answer, and one that the service broke down over (5xx). It then fails as `maybeDone`.
  package func call(_ request: AWSRequest, mayRepeat: Bool) throws(AWSFailure) -> HTTPResponse {
    try call(mayRepeat: mayRepeat) { request }
  }

  /// The same with a request that is made for each attempt, for one that asks only for what is still missing.
  package func call(mayRepeat: Bool, _ request: () -> AWSRequest) throws(AWSFailure) -> HTTPResponse {
    let limit = try possible { try connection.maximumAttempts() }
    var paid: Int?
    var mayHaveLearnt = true
    var mayRenew = true
    var wasMaybeDone = false
    var attempt = 1
    while true {
      let tried = try attemptOnce(request())
      switch tried {
      case .success(let response):
        connection.withQuota { $0.giveBack(paid) }
        if connection.clockSkew != .zero, let date = response.headers.first("Date").flatMap({ HTTPDate.parse($0) }) {
          connection.confirmSkew(by: date)
        }
        return response
      case .failure(var failed):
        wasMaybeDone = wasMaybeDone || failed.isMaybeDone || (failed.leavesOpen && !mayRepeat)
        if failed.isAboutTime, mayHaveLearnt, let date = failed.date, connection.learnSkew(from: date) {
          mayHaveLearnt = false
          continue
        }
        if failed.isExpired, mayRenew, let used = failed.credentials, connection.renew(used) {
          mayRenew = false
          continue
        }
        failed.isMaybeDone = wasMaybeDone
        let isRepeatable = mayRepeat || !failed.isMaybeDone
        guard let cause = failed.cause, isRepeatable, attempt < limit, options.cancellation?.isCancelled != true,
          let cost = connection.withQuota({ $0.take(for: cause) })
        else { throw failed.failure(attempts: attempt) }
        paid = cost
        let chance = connection.host.random()
        connection.host.sleep(
          RetryPolicy.delay(after: attempt, cause: cause, chance: chance, retryAfter: failed.retryAfterHeader), options.cancellation)
        attempt += 1
      }
    }
  }

  private func attemptOnce(_ request: AWSRequest) throws(AWSFailure) -> Result<HTTPResponse, FailedAttempt> {
    let endpoint = try possible { try connection.endpoint(service: request.service, region: request.region) }
    let credentials = request.isAnonymous ? nil : try possible { try connection.credentials() }
    let signed = try sign(request, endpoint, credentials)
    var limits = options
    if endpoint.isConfigured { limits.plainHTTP = .configured }
    do {
      let response = try http.send(signed, limits)
      if (200...299).contains(response.status) { return .success(response) }
      return .failure(FailedAttempt(response, request, endpoint, credentials))
    } catch {
      return .failure(FailedAttempt(error))
    }
  }

  private func sign(_ request: AWSRequest, _ endpoint: AWSEndpoint, _ credentials: AWSCredentials?) throws(AWSFailure) -> HTTPRequest {
    // What stands after the host in a configured endpoint comes before the operation's own path.
    let afterScheme = endpoint.url.drop { $0 != ":" }.dropFirst(3)
    let path = String(afterScheme.drop { $0 != "/" } + request.path)
    let origin = "\(endpoint.url.prefix(endpoint.url.count - afterScheme.count))\(request.hostPrefix)\(afterScheme.prefix { $0 != "/" })"
    let url = "\(origin)\(path)\(request.query.isEmpty ? "" : "?\(request.query)")"
    guard let credentials else { return HTTPRequest(request.method, url, headers: request.headers, body: request.body) }
    let destination = try possible { () throws -> Destination in try Destination(origin) }
    let headers = [HTTPHeader("Host", destination.authority)] + request.headers
    let signature = SignatureV4(region: request.region, service: request.service, rules: request.rules).sign(
      SigningRequest(
        method: request.method, path: path, query: request.query, headers: headers.map { ($0.name, $0.value) },
        payload: .bytes(request.body)), with: credentials, at: connection.now())
    return HTTPRequest(
      request.method, url, headers: headers + signature.headers.map { HTTPHeader($0.name, $0.value) }, body: request.body)
  }

  /// What goes wrong before anything is sent.
  private func possible<T>(_ body: () throws -> T) throws(AWSFailure) -> T {
    do { return try body() } catch {
      let fault = error as? Fault
      let text = fault.map { "\($0)" } ?? (error as? TransportError)?.message ?? "The call cannot be made"
      throw AWSFailure(
        kind: fault?.code == .credentials ? .transient : .notPossible, code: fault?.code.rawValue ?? "configuration", message: text,
        status: nil, requestID: nil, retryAfter: nil, attempts: 0)
    }
  }
}
