internal import CCurl
import DrillModel

/// An HTTP/1.1 client over one libcurl handle, whose connections it keeps for the next request.
///
/// Blocks its caller, and belongs to one thread at a time. TLS is 1.2 or later and always verified, redirects are answers like
/// any other, no body is decompressed, and no signal is used. Only GET and HEAD go over a kept connection: libcurl sends a request
/// again by itself when a kept one turns out to be dead, which for others would do things twice.
package final class HTTPClient: HTTPExchanging {
  private let handle: CurlHandle
  /// Bytes that a large body is read from the socket at a time.
  private static let streamBuffer = 64 << 10

  /// Throws when libcurl cannot be used: out of memory.
  package init() throws(TransportError) {
    guard let handle = CurlHandle() else { throw TransportError(.failed, "libcurl", "libcurl cannot be started: out of memory") }
    self.handle = handle
  }

  package func send(_ request: HTTPRequest, _ options: HTTPOptions) throws(TransportError) -> HTTPResponse {
    let destination = try Destination(request.url)
    let addresses = try HTTPClient.policy(destination, options)
    if options.cancellation?.isCancelled == true {
      throw TransportError(.cancelled, "\(destination)", "The request to \(destination) was cancelled")
    }
    handle.reset()
    let exchange = Exchange(addresses, options.cancellation, bodyLimit: options.bodyLimit, sink: options.sink)
    exchange.attach(to: handle)
    handle.limit(options)
    try handle.chooseRoute(to: destination, options)
    try prepare(request, destination)
    if options.sink != nil { handle.set(CURLOPT_BUFFERSIZE, HTTPClient.streamBuffer) }
    // libcurl reads no address at all as "ask for the body piece by piece".
    let body = request.body.isEmpty ? [0] : request.body
    let code = withExtendedLifetime(exchange) {
      body.withUnsafeBytes { bytes in
        if request.hasBody { _ = ccurl_set_pointer(handle.raw, CURLOPT_POSTFIELDS, bytes.baseAddress) }
        return handle.perform()
      }
    }
    guard code == CURLE_OK, exchange.status > 0 else { throw failure(code, exchange, destination) }
    return HTTPResponse(
      status: exchange.status, headers: exchange.headers, body: exchange.body,
      times: HTTPTimes(
        connected: max(handle.microseconds(CURLINFO_CONNECT_TIME_T), handle.microseconds(CURLINFO_APPCONNECT_TIME_T)),
        firstByte: handle.microseconds(CURLINFO_STARTTRANSFER_TIME_T), total: handle.microseconds(CURLINFO_TOTAL_TIME_T)))
  }

  /// Plain text leaves this machine only where the caller says that the operator wrote it so.
  private static func policy(_ destination: Destination, _ options: HTTPOptions) throws(TransportError) -> AddressPolicy {
    if let reason = options.addresses.refusal(host: destination.host) {
      throw TransportError(.refusedAddress, "\(destination)", "\(destination) may not be reached: \(reason)")
    }
    guard destination.scheme == "http", options.plainHTTP == .toLoopback else { return options.addresses }
    guard destination.isLoopback else {
      throw TransportError(
        .refusedAddress, "\(destination)", "\(destination) would be reached without TLS; use https, plain http is for this machine alone")
    }
    return .loopback
  }

  private func prepare(_ request: HTTPRequest, _ destination: Destination) throws(TransportError) {
    guard !request.method.isEmpty, request.method.utf8.allSatisfy({ (65...90).contains($0) }) else {
      throw TransportError(.invalidRequest, "\(destination)", "A request's method must be upper-case letters")
    }
    for header in request.headers where !header.isSafe {
      throw TransportError(
        .invalidRequest, "\(destination)", "The header \(InertText.line(header.name, limit: 60)) holds a character that no header may hold")
    }
    handle.set(CURLOPT_URL, request.url)
    handle.set(CURLOPT_PROTOCOLS_STR, "http,https")
    handle.set(CURLOPT_FOLLOWLOCATION, 0)
    handle.set(CURLOPT_PATH_AS_IS, 1)
    handle.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    if request.hasBody {
      handle.set(CURLOPT_POST, 1)
      _ = ccurl_set_large(handle.raw, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
    } else if request.method == "HEAD" {
      handle.set(CURLOPT_NOBODY, 1)
    }
    handle.set(CURLOPT_CUSTOMREQUEST, request.method)
    let isRepeatable = request.method == "GET" || request.method == "HEAD"
    handle.set(CURLOPT_FRESH_CONNECT, isRepeatable ? 0 : 1)
    // "Name;" is how libcurl is told of an empty value; "Name:" takes one of its own away.
    let own = ["Expect:"] + (request.headers.first("Content-Type") == nil ? ["Content-Type:"] : [])
    handle.set(CURLOPT_HTTPHEADER, list: request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" } + own)
    handle.set(CURLOPT_USERAGENT, "drillmark")
  }

  private func failure(_ code: CURLcode, _ exchange: Exchange, _ destination: Destination) -> TransportError {
    let maybeSent = handle.long(CURLINFO_REQUEST_SIZE) > 0 && handle.microseconds(CURLINFO_PRETRANSFER_TIME_T) > .zero
    let status = exchange.status > 0 ? exchange.status : nil
    let name = "\(destination)"
    func error(_ kind: TransportError.Kind, _ message: String) -> TransportError {
      TransportError(kind, name, message, maybeSent: maybeSent, status: status)
    }
    if exchange.isDeclined { return error(.declined, "The answer of \(name) was not read to its end") }
    if exchange.isTooLarge { return error(.tooLarge, "\(name) answered with more than may be read") }
    if let refusal = exchange.refusal, !maybeSent { return error(.refusedAddress, "\(name) may not be reached: \(refusal)") }
    if code == CURLE_OK { return error(.malformed, "\(name) answered with something that is not HTTP") }
    return handle.failure(code, name, maybeSent: maybeSent, status: status)
  }
}

extension HTTPRequest {
  /// Whether a length is sent, be it 0.
  fileprivate var hasBody: Bool { !body.isEmpty || ["POST", "PUT", "PATCH"].contains(method) }
}

extension HTTPHeader {
  /// A name that is a token, a value without control characters (RFC 9110 section 5).
  var isSafe: Bool {
    let marks = Set("!#$%&'*+-.^_`|~".utf8)
    let isToken = name.utf8.allSatisfy { marks.contains($0) || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) }
    return !name.isEmpty && isToken && value.utf8.allSatisfy { ($0 >= 32 || $0 == 9) && $0 != 127 }
  }
}
