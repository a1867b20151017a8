import Digesting
package import DrillModel

/// What a service wants done its own way.
package struct SigningRules: Sendable, Hashable {
  /// Percent signs of the path are encoded again: everywhere but S3.
  package var encodesPathTwice: Bool
  /// Dot segments and empty segments are taken out of the path: everywhere but S3.
  package var normalizesPath: Bool
  /// `X-Amz-Content-Sha256` is sent and signed: S3 demands it.
  package var sendsPayloadDigest: Bool
  /// The session token is sent but not signed.
  package var leavesTokenUnsigned: Bool

  package init(
    encodesPathTwice: Bool = true, normalizesPath: Bool = true, sendsPayloadDigest: Bool = false, leavesTokenUnsigned: Bool = false
  ) {
    self.encodesPathTwice = encodesPathTwice
    self.normalizesPath = normalizesPath
    self.sendsPayloadDigest = sendsPayloadDigest
    self.leavesTokenUnsigned = leavesTokenUnsigned
  }

  package static let standard = SigningRules()
  package static let s3 = SigningRules(encodesPathTwice: false, normalizesPath: false, sendsPayloadDigest: true)
}

/// Signs requests with AWS's Signature Version 4, in a header or in the URL ("Signature Version 4 signing process", IAM User Guide).
///
/// Pure: the same input gives the same signature.
package struct SignatureV4: Sendable, Hashable {
  package let region: String
  /// The service's signing name: `sns`, `s3`.
  package let service: String
  package let rules: SigningRules

  package init(region: String, service: String, rules: SigningRules = .standard) {
    self.region = region
    self.service = service
    self.rules = rules
  }

  /// A signature and the steps that led to it, for comparing with a refusal's text. None of them holds the secret.
  package struct Result: Sendable {
    package let canonicalRequest: String
    package let stringToSign: String
    /// 64 hexadecimal digits.
    package let signature: String
    /// Fields to add to the request; earlier ones of these names must go. Empty for a presigned URL.
    package let headers: [(name: String, value: String)]
    /// The query to send; the request's own unless it was presigned.
    package let query: String
  }

  /// Signs in an `Authorization` header. `date` is when the request is sent; AWS accepts five minutes either way.
  package func sign(_ request: SigningRequest, with credentials: AWSCredentials, at date: Timestamp) -> Result {
    var added = [("X-Amz-Date", SignatureV4.stamp(date))]
    if rules.sendsPayloadDigest { added.append(("X-Amz-Content-Sha256", request.payload.text)) }
    let token = credentials.sessionToken.map { ("X-Amz-Security-Token", $0) }
    if let token, !rules.leavesTokenUnsigned { added.append(token) }
    var signed = request
    let own: Set<String> = ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "authorization"]
    signed.headers = request.headers.filter { !own.contains($0.name.lowercased()) } + added
    let canonical = signed.canonical(rules)
    let text = stringToSign(canonical.text, date)
    let signature = hex(text, credentials, date)
    let scope = "\(credentials.accessKeyID)/\(scope(date))"
    let authorization = "AWS4-HMAC-SHA256 Credential=\(scope), SignedHeaders=\(canonical.signedHeaders), Signature=\(signature)"
    if let token, rules.leavesTokenUnsigned { added.append(token) }
    return Result(
      canonicalRequest: canonical.text, stringToSign: text, signature: signature, headers: added + [("Authorization", authorization)],
      query: request.query)
  }

  /// Signs in the query, for whoever holds the URL, until `lifetime` (at most seven days) after `date`.
  package func presign(_ request: SigningRequest, with credentials: AWSCredentials, at date: Timestamp, lifetime: Duration) -> Result {
    var parts = [
      ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(date))"),
      ("X-Amz-Date", SignatureV4.stamp(date)), ("X-Amz-Expires", "\(lifetime.components.seconds)"),
      ("X-Amz-SignedHeaders", request.canonical(rules).signedHeaders),
    ]
    let token = credentials.sessionToken.map { ("X-Amz-Security-Token", $0) }
    if let token, !rules.leavesTokenUnsigned { parts.append(token) }
    func joined(_ parts: [(String, String)]) -> String {
      ([request.query].filter { !$0.isEmpty } + parts.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }).joined(separator: "&")
    }
    var signed = request
    signed.query = joined(parts)
    let canonical = signed.canonical(rules)
    let text = stringToSign(canonical.text, date)
    let signature = hex(text, credentials, date)
    if let token, rules.leavesTokenUnsigned { parts.append(token) }
    return Result(
      canonicalRequest: canonical.text, stringToSign: text, signature: signature, headers: [],
      query: joined(parts + [("X-Amz-Signature", signature)]))
  }

  /// The key that signs for one day, region and service.
  package func signingKey(secretAccessKey: String, at date: Timestamp) -> [UInt8] {
    let day = String(SignatureV4.stamp(date).prefix(8))
    return [day, region, service, "aws4_request"].reduce(Array("AWS4\(secretAccessKey)".utf8)) { HMACSHA256.code(key: $0, message: $1) }
  }

  /// `20260829T123600Z`.
  package static func stamp(_ date: Timestamp) -> String {
    date.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
  }

  private func scope(_ date: Timestamp) -> String { "\(SignatureV4.stamp(date).prefix(8))/\(region)/\(service)/aws4_request" }

  private func stringToSign(_ canonical: String, _ date: Timestamp) -> String {
    let digest = Hexadecimal.encode(SHA256.digest(of: canonical.utf8))
    return ["AWS4-HMAC-SHA256", SignatureV4.stamp(date), scope(date), digest].joined(separator: "\n")
  }

  private func hex(_ text: String, _ credentials: AWSCredentials, _ date: Timestamp) -> String {
    let key = signingKey(secretAccessKey: credentials.secretAccessKey, at: date)
    return Hexadecimal.encode(HMACSHA256.code(key: key, message: text))
  }
}
