import AWSSigning
import Digesting
import DrillModel
import DrillTestSupport
import Testing

@Suite(
  "Signature Version 4 against open vectors", .enabled(if: VectorFile.isThere, Comment(rawValue: ConformanceData.absence)))
struct SignatureV4VectorTests {
  static let categories: Set<String> = [
    "sigv4_header", "sigv4_query", "sigv4_s3_documented", "sigv4_service_sns", "sigv4_service_sts", "sigv4_service_rds",
    "sigv4_service_ec2", "sigv4_service_s3",
  ]

  @Test(
    "every row's canonical request, string to sign and signature come out",
    arguments: VectorFile.rows("sigv4", categories).map(SignatureVector.init))
  func rows(vector: SignatureVector) {
    let result = vector.result(vector.request)
    #expect(result.canonicalRequest == vector.row["expect"]["canonical_request"].text)
    #expect(result.stringToSign == vector.row["expect"]["string_to_sign"].text)
    #expect(result.signature == vector.row["expect"]["signature"].text)
    if let authorization = vector.row["expect"]["authorization"].text {
      #expect(result.headers.first { $0.name == "Authorization" }?.value == authorization)
    }
    if let digest = vector.row["expect"]["x_amz_content_sha256"].text {
      #expect(result.headers.first { $0.name == "X-Amz-Content-Sha256" }?.value == digest)
    }
    if let url = vector.row["expect"]["signed_url"].text { #expect(url.hasSuffix("?\(result.query)")) }
    #expect(!result.canonicalRequest.contains(vector.credentials.secretAccessKey))
  }

  @Test("one changed byte of any part changes the signature", arguments: VectorFile.rows("sigv4", categories).map(SignatureVector.init))
  func tampered(vector: SignatureVector) {
    let original = vector.result(vector.request).signature
    var changed = vector.request
    changed.path += "x"
    #expect(vector.result(changed).signature != original)
    changed = vector.request
    changed.query += changed.query.isEmpty ? "x=1" : "1"
    #expect(vector.result(changed).signature != original)
    changed = vector.request
    changed.headers[0].value += "x"
    #expect(vector.result(changed).signature != original)
    if case .bytes(let body) = vector.request.payload {
      changed = vector.request
      changed.payload = .bytes(body + [0])
      #expect(vector.result(changed).signature != original)
    }
  }

  @Test("the signing key comes out, and another day's is another")
  func signingKey() throws {
    let row = try #require(VectorFile.rows("sigv4", ["sigv4_signing_key"]).first)
    let input = row["input"].texts
    let day = try #require(input["date"])
    let date = try #require(Timestamp(rfc3339: "\(day.prefix(4))-\(day.dropFirst(4).prefix(2))-\(day.suffix(2))T00:00:00Z"))
    let signer = SignatureV4(region: input["region"] ?? "", service: input["service"] ?? "")
    let key = signer.signingKey(secretAccessKey: input["secret_access_key"] ?? "", at: date)
    #expect(Hexadecimal.encode(key) == row["expect"]["signing_key_hex"].text)
    #expect(signer.signingKey(secretAccessKey: input["secret_access_key"] ?? "", at: date + .seconds(86_400)) != key)
  }

  @Test("no row is left out")
  func complete() {
    #expect(VectorFile.rows("sigv4", Self.categories.union(["sigv4_signing_key"])).count == 83)
  }
}

/// A row as a request of ours.
struct SignatureVector: Sendable, CustomTestStringConvertible {
  let row: JSONValue

  init(_ row: JSONValue) { self.row = row }

  var testDescription: String { row["id"].text ?? "?" }
  private var input: JSONValue { row["input"] }
  private var isQuery: Bool { input["mode"].text == "query" }

  var credentials: AWSCredentials {
    AWSCredentials(
      accessKeyID: input["access_key_id"].text ?? "", secretAccessKey: input["secret_access_key"].text ?? "",
      sessionToken: input["session_token"].text)
  }

  private var rules: SigningRules {
    if input["service"].text == "s3" { return .s3 }
    // The suite sends the digest of a body only where a row says so.
    return SigningRules(
      normalizesPath: input["normalize_path"] != .boolean(false), sendsPayloadDigest: input["sign_body"].isTrue && !isQuery,
      leavesTokenUnsigned: input["omit_session_token"].isTrue)
  }

  func result(_ request: SigningRequest) -> SignatureV4.Result {
    let signer = SignatureV4(region: input["region"].text ?? "", service: input["service"].text ?? "", rules: rules)
    let date = Timestamp(rfc3339: input["timestamp"].text ?? "") ?? Timestamp(seconds: 0)
    guard isQuery else { return signer.sign(request, with: credentials, at: date) }
    return signer.presign(request, with: credentials, at: date, lifetime: .seconds(Int64(input["expiration_in_seconds"].number ?? 0)))
  }

  var request: SigningRequest {
    if let raw = input["request_raw"].text { return SignatureVector.read(raw) }
    let isUnsigned = isQuery && input["service"].text == "s3"
    let payload: SigningPayload = isUnsigned ? .unsigned : .bytes(Array((input["body"].text ?? "").utf8))
    var headers = input["headers"].texts.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    guard let url = input["url"].text else {
      return SigningRequest(
        method: input["method"].text ?? "", path: input["path_raw"].text ?? "", query: input["query"].text ?? "", headers: headers,
        payload: payload)
    }
    let rest = url.drop { $0 != ":" }.dropFirst(3)
    let host = rest.prefix { $0 != "/" }
    let target = rest.dropFirst(host.count).split(separator: "?", maxSplits: 1)
    let name = [":443", ":80"].first { host.hasSuffix($0) }.map { host.dropLast($0.count) } ?? host
    headers.append((name: "Host", value: String(name)))
    return SigningRequest(
      method: input["method"].text ?? "", path: String(target[0]), query: target.count > 1 ? String(target[1]) : "", headers: headers,
      payload: payload)
  }

  /// A request as it is written in the suite: lines, an empty one, the body.
  private static func read(_ raw: String) -> SigningRequest {
    let parts = raw.split(separator: "\n\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = parts[0].split(separator: "\n")
    let target = lines[0].dropFirst(lines[0].prefix { $0 != " " }.count + 1).dropLast(" HTTP/1.1".count)
    let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let headers = lines.dropFirst().map { line in
      let colon = line.firstIndex(of: ":") ?? line.endIndex
      return (name: String(line[..<colon]), value: String(line[colon...].dropFirst()))
    }
    return SigningRequest(
      method: String(lines[0].prefix { $0 != " " }), path: String(halves[0]), query: halves.count > 1 ? String(halves[1]) : "",
      headers: headers, payload: .bytes(parts.count > 1 ? Array(parts[1].utf8) : []))
  }
}
