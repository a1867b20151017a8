import Digesting

/// A request as a signature sees it.
package struct SigningRequest: Sendable {
  package var method: String
  /// Percent-encoded, as it goes on the wire; beginning with a slash.
  package var path: String
  /// Percent-encoded, without its question mark.
  package var query: String
  /// Every field that is to be signed, `Host` among them.
  package var headers: [(name: String, value: String)]
  package var payload: SigningPayload

  package init(
    method: String, path: String, query: String = "", headers: [(name: String, value: String)], payload: SigningPayload = .bytes([])
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.payload = payload
  }
}

/// What a signature says about the body.
package enum SigningPayload: Sendable {
  case bytes([UInt8])
  /// A digest that is known already, in lower-case hexadecimal.
  case sha256(String)
  /// The body is not covered; S3 over TLS alone takes that.
  case unsigned

  var text: String {
    switch self {
    case .bytes(let bytes): Hexadecimal.encode(SHA256.digest(of: bytes))
    case .sha256(let digest): digest
    case .unsigned: "UNSIGNED-PAYLOAD"
    }
  }
}

extension SigningRequest {
  /// The first text of AWS's Signature Version 4: "Create a canonical request", and the names of the headers in it.
  func canonical(_ rules: SigningRules) -> (text: String, signedHeaders: String) {
    var values: [String: [String]] = [:]
    for header in headers where !SigningRequest.unsigned.contains(header.name.lowercased()) {
      values[header.name.lowercased(), default: []].append(SigningRequest.folded(header.value))
    }
    let names = values.keys.sorted()
    let lines = names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }
    let signedHeaders = names.joined(separator: ";")
    let text = [method, canonicalPath(rules), canonicalQuery, lines.joined(), signedHeaders, payload.text].joined(separator: "\n")
    return (text, signedHeaders)
  }

  /// Fields that proxies and clients change on the way.
  private static let unsigned: Set<String> = [
    "authorization", "connection", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
  ]

  /// Without space around it, and with one space where there were several.
  private static func folded(_ value: String) -> String {
    value.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
  }

  private func canonicalPath(_ rules: SigningRules) -> String {
    let absolute = path.isEmpty ? "/" : path
    let normal = rules.normalizesPath ? SigningRequest.withoutDotSegments(absolute) : absolute
    return rules.encodesPathTwice
      ? PercentEncoding.encode(normal, keeping: "/") : PercentEncoding.encode(PercentEncoding.decode(normal), keeping: "/")
  }

  /// RFC 3986 section 5.2.4, and empty segments taken out.
  private static func withoutDotSegments(_ path: String) -> String {
    var kept: [Substring] = []
    for segment in path.split(separator: "/") {
      if segment == ".." { _ = kept.popLast() } else if segment != "." { kept.append(segment) }
    }
    let endsInSlash = path.hasSuffix("/") || path.hasSuffix("/.") || path.hasSuffix("/..")
    return "/" + kept.joined(separator: "/") + (endsInSlash && !kept.isEmpty ? "/" : "")
  }

  private var canonicalQuery: String {
    let pairs = query.split(separator: "&").map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count == 2 ? PercentEncoding.decode(parts[1]) : []
      return (name: PercentEncoding.encode(PercentEncoding.decode(parts[0])), value: PercentEncoding.encode(value))
    }
    return pairs.sorted { ($0.name, $0.value) < ($1.name, $1.value) }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
  }
}
