/// One header field. Names compare without case.
package struct HTTPHeader: Sendable, Hashable {
  package let name: String
  package let value: String

  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension [HTTPHeader] {
  /// The value of the first field of that name, in any case; nil when there is none.
  package func first(_ name: String) -> String? {
    first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// What to ask of a server.
package struct HTTPRequest: Sendable {
  /// An upper-case token: `GET`, `POST`.
  package var method: String
  /// An absolute http or https URL, percent-encoded; sent as it is, without any dot segments taken out.
  package var url: String
  package var headers: [HTTPHeader]
  /// Nothing is sent for none, but `Content-Length: 0` with POST, PUT and PATCH.
  package var body: [UInt8]

  package init(_ method: String, _ url: String, headers: [HTTPHeader] = [], body: [UInt8] = []) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
  }
}

/// How long parts of an exchange took, since its start.
package struct HTTPTimes: Sendable, Hashable {
  /// Until the connection, TLS included, stood; zero on one that was reused.
  package let connected: Duration
  package let firstByte: Duration
  package let total: Duration
}

/// A server's whole answer, whatever its status.
package struct HTTPResponse: Sendable {
  package let status: Int
  package let headers: [HTTPHeader]
  /// At most the request's declared limit; never decompressed.
  package let body: [UInt8]
  package let times: HTTPTimes

  package init(status: Int, headers: [HTTPHeader] = [], body: [UInt8] = [], times: HTTPTimes = .none) {
    self.status = status
    self.headers = headers
    self.body = body
    self.times = times
  }
}

extension HTTPTimes {
  /// For an answer that came from no network.
  package static let none = HTTPTimes(connected: .zero, firstByte: .zero, total: .zero)
}

/// Sends one request and waits for its answer, which blocks: call it on a thread of your own.
///
/// Any status is an answer. Throws when there is none, or none that may be kept; nothing is tried twice and no redirect is followed.
package protocol HTTPExchanging {
  func send(_ request: HTTPRequest, _ options: HTTPOptions) throws(TransportError) -> HTTPResponse
}
