import AWSSigning
import Digesting
package import DrillModel
package import HTTPTransport

/// Asks a bucket for what is in it. Never writes. Blocks its caller, and belongs to one thread at a time.
package final class S3Client {
  package let bucket: S3Bucket
  private let connection: AWSConnection
  private let caller: AWSCaller
  private let cancellation: Cancellation
  private let patience: Duration
  private var hasAnswered: Bool

  /// - Parameters:
  ///   - cancellation: Ends the call under way within about a second, and each one after it.
  ///   - patience: How long trouble that can pass is waited for beyond the standard retries, once this store has answered; throttling
  ///     from the first call on.
  ///   - isKnown: Whether the store has answered to somebody else already.
  package init(
    _ bucket: S3Bucket, _ connection: AWSConnection, http: any HTTPExchanging, cancellation: Cancellation,
    patience: Duration = .seconds(120), isKnown: Bool = false
  ) {
    self.bucket = bucket
    self.connection = connection
    self.cancellation = cancellation
    self.patience = patience
    hasAnswered = isKnown
    var options = HTTPOptions()
    options.bodyLimit = XMLReader.byteLimit
    options.timeout = .seconds(1800)
    options.slowestRate = 500
    options.cancellation = cancellation
    caller = AWSCaller(connection, http: http, options: options)
  }

  /// One page of the keys that begin with `prefix`, in the order of their bytes, after the page that gave `token`.
  ///
  /// - Parameter isFlat: Lists everything below; else keys up to the next `/`, and what they have in common.
  /// - Throws: `Fault`: `source_unreachable`, `permission_denied`, `credentials`, `configuration`, `interrupted`.
  package func page(prefix: String, after token: String?, isFlat: Bool, limit: Int = 1000) throws(Fault) -> S3Page {
    var query = [("list-type", "2"), ("encoding-type", "url"), ("max-keys", "\(limit)"), ("prefix", prefix)]
    if !isFlat { query.append(("delimiter", "/")) }
    if let token { query.append(("continuation-token", token)) }
    let request = try request(
      "GET", key: nil, query: query, headers: [HTTPHeader("x-amz-optional-object-attributes", "RestoreStatus")])
    let response = try send(.list(prefix)) { request }
    guard let page = S3Page(response.body) else {
      throw S3Operation.list(prefix).fault(notUnderstood: response, in: bucket)
    }
    return page
  }

  /// One page of the versions of such keys, after the page that ended at `place`.
  ///
  /// - Throws: as `page`.
  package func versions(
    prefix: String, after place: S3VersionPage.Place?, isFlat: Bool, limit: Int = 1000
  ) throws(Fault) -> S3VersionPage {
    var query = [("versions", ""), ("encoding-type", "url"), ("max-keys", "\(limit)"), ("prefix", prefix)]
    if !isFlat { query.append(("delimiter", "/")) }
    if let place { query.append(("key-marker", place.key)) }
    if let version = place?.version { query.append(("version-id-marker", version)) }
    let request = try request(
      "GET", key: nil, query: query, headers: [HTTPHeader("x-amz-optional-object-attributes", "RestoreStatus")])
    let response = try send(.listVersions(prefix)) { request }
    guard let page = S3VersionPage(response.body) else {
      throw S3Operation.listVersions(prefix).fault(notUnderstood: response, in: bucket)
    }
    return page
  }

  /// What the store says of an object.
  ///
  /// - Parameter version: The id of one that is not the current one.
  /// - Throws: as `page`; `source_unreachable` when it is gone.
  package func describe(_ key: String, version: String? = nil) throws(Fault) -> S3Object {
    let response = try look(key, version: version, part: nil)
    guard let object = S3Object(key: key, version: version, response.headers) else {
      throw S3Operation.read(key, version: version).fault(notUnderstood: response, in: bucket)
    }
    return object
  }

  /// The size of a part that the object was uploaded in; nil where the store does not know parts.
  package func partSize(_ number: Int, of object: S3Object) throws(Fault) -> Int64? {
    let response = try look(object.key, version: object.version, part: number, etag: object.etag)
    guard response.status == 206 || response.headers.first("x-amz-mp-parts-count") != nil else { return nil }
    return response.headers.first("Content-Length").flatMap { Int64($0) }
  }

  private func look(_ key: String, version: String?, part: Int?, etag: String? = nil) throws(Fault) -> HTTPResponse {
    let whole = S3Client.query(version: version)
    let query = (part.map { [("partNumber", "\($0)")] } ?? []) + whole
    let operation = S3Operation.read(key, version: version)
    let match = etag.map { [HTTPHeader("If-Match", $0)] } ?? []
    let headers = [HTTPHeader("x-amz-checksum-mode", "ENABLED")] + match
    let head = try request("HEAD", key: key, query: query, headers: headers)
    do { return try send(operation) { head } } catch {
      // A refused HEAD has no body, and so no reason: a read of one byte gives it.
      guard !cancellation.isCancelled, error.code != .credentials else { throw error }
      let get = try request("GET", key: key, query: whole, headers: match + [HTTPHeader("Range", "bytes=0-0")])
      _ = try send(operation) { get }
      // What it was may be mended by now: the clock's error is known, an expired session renewed, the store not so busy.
      return try send(operation) { head }
    }
  }

  /// A whole small object.
  ///
  /// - Throws: as `describe`; `backup_unreadable` when it has more than `limit` bytes.
  package func contents(of key: String, limit: Int) throws(Fault) -> [UInt8] {
    let request = try request("GET", key: key, headers: [HTTPHeader("Range", "bytes=0-\(limit)")])
    let body = try send(.read(key, version: nil)) { request }.body
    guard body.count <= limit else {
      throw Fault(.backupUnreadable, "\(S3Operation.name(key, in: bucket)) is larger than \(limit) bytes, which it cannot be")
    }
    return body
  }

  static func query(version: String?) -> [(String, String)] { version.map { [("versionId", $0)] } ?? [] }

  func request(_ method: String, key: String?, query: [(String, String)] = [], headers: [HTTPHeader] = []) throws(Fault) -> AWSRequest {
    let isInPath = try usesPathStyle()
    let bucketPath = isInPath ? "/\(PercentEncoding.encode(bucket.name))" : ""
    let keyPath = key.map { "/" + PercentEncoding.encode($0, keeping: "/") } ?? ""
    if key != nil { try keepCustomerKeyPrivate() }
    var request = AWSRequest(
      service: "s3", region: bucket.region, method: method, path: bucketPath + keyPath == "" ? "/" : bucketPath + keyPath,
      query: query.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&"), headers: headers + ownHeaders(key), rules: .s3)
    request.hostPrefix = isInPath ? "" : "\(bucket.name)."
    request.isAnonymous = bucket.isAnonymous
    if let customer = bucket.customerKey { request.secrets = [Base64.encode(customer.bytes)] }
    return request
  }

  /// Whoever listens to a request in plain text could read every object that the key encrypts.
  private func keepCustomerKeyPrivate() throws(Fault) {
    guard bucket.customerKey != nil else { return }
    let endpoint = try endpoint()
    guard endpoint.isPrivate else {
      throw Fault(
        .configuration, "The customer key of \(bucket.location(of: "")) would be sent to \(endpoint.url) without TLS, for all to read",
        advice: "Ask the store over https")
    }
  }

  private func usesPathStyle() throws(Fault) -> Bool {
    if let chosen = bucket.usesPathStyle { return chosen }
    guard bucket.isOneLabel else { return true }
    return try endpoint().isConfigured
  }

  private func endpoint() throws(Fault) -> AWSEndpoint {
    do { return try connection.endpoint(service: "s3", region: bucket.region) } catch {
      throw (error as? Fault) ?? Fault(.configuration, "There is no endpoint for S3 in \(InertText.line(bucket.region, limit: 40))")
    }
  }

  private func ownHeaders(_ key: String?) -> [HTTPHeader] {
    var headers: [HTTPHeader] = []
    if bucket.isRequesterPays { headers.append(HTTPHeader("x-amz-request-payer", "requester")) }
    if let owner = bucket.expectedOwner { headers.append(HTTPHeader("x-amz-expected-bucket-owner", owner)) }
    if key != nil, let customer = bucket.customerKey {
      let prefix = "x-amz-server-side-encryption-customer-"
      headers.append(HTTPHeader("\(prefix)algorithm", "AES256"))
      headers.append(HTTPHeader("\(prefix)key", Base64.encode(customer.bytes)))
      headers.append(HTTPHeader("\(prefix)key-MD5", Base64.encode(MessageDigest.digest(.md5, of: customer.bytes) ?? [])))
    }
    return headers
  }

  /// Makes a call, and again while trouble passes: what moved since the last failure counts as a new beginning.
  func send(
    _ operation: S3Operation, into sink: HTTPBodySink? = nil, moved: () -> Int64 = { 0 }, _ request: () -> AWSRequest
  ) throws(Fault) -> HTTPResponse {
    let clocks = connection.host.clocks
    var quietSince = clocks.elapsed()
    var last = moved()
    caller.options.sink = sink
    while true {
      do {
        let response = try caller.call(mayRepeat: true, request)
        hasAnswered = true
        return response
      } catch {
        if cancellation.isCancelled { throw Fault(.interrupted, "reading \(operation.name(in: bucket)) was stopped") }
        if error.code == TransportError.Kind.declined.rawValue { throw operation.fault(error, in: bucket) }
        let now = clocks.elapsed()
        if moved() > last {
          (last, quietSince) = (moved(), now)
          continue
        }
        let left = patience - (now - quietSince)
        guard error.mayPass(hasAnswered: hasAnswered), left > .zero else { throw operation.fault(error, in: bucket) }
        connection.host.sleep(min(error.retryAfter ?? .seconds(2), left, .seconds(20)), cancellation)
      }
    }
  }
}

extension AWSFailure {
  /// Whether waiting longer than the standard retries do is worth it.
  fileprivate func mayPass(hasAnswered: Bool) -> Bool {
    switch kind {
    case .throttled: true
    // A refusal without a body is one all the same, but for that of somebody busy.
    case .transient, .maybeDone: hasAnswered && (!code.hasPrefix("HTTP 4") || status == 429)
    case .refused, .notPossible: false
    }
  }
}
