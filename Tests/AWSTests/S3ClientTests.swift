import AWSClient
import DrillModel
import HTTPTransport
import Synchronization
import Testing

/// Answers each request by a closure, and keeps what it was sent.
private final class RecordingHTTP: HTTPExchanging {
  private let answer: (HTTPRequest) -> HTTPResponse
  private(set) var requests: [HTTPRequest] = []

  init(_ answer: @escaping (HTTPRequest) -> HTTPResponse) { self.answer = answer }

  func send(_ request: HTTPRequest, _ options: HTTPOptions) throws(TransportError) -> HTTPResponse {
    requests.append(request)
    return answer(request)
  }
}

@Suite("Where and how a bucket is asked")
struct S3ClientTests {
  private static let head = HTTPResponse(
    status: 200, headers: [HTTPHeader("Content-Length", "5"), HTTPHeader("ETag", "\"0123456789abcdef0123456789abcdef\"")])

  private func described(_ bucket: S3Bucket, _ settings: AWSSettings = AWSSettings(), key: String = "a b/+ü") throws -> HTTPRequest {
    let http = RecordingHTTP { _ in S3ClientTests.head }
    let connection = AWSBench().connection(settings)
    _ = try S3Client(bucket, connection, http: http, cancellation: Cancellation()).describe(key)
    return try #require(http.requests.first)
  }

  @Test(
    "the bucket stands in the host, but for names that no certificate covers and where it is asked for otherwise",
    arguments: [
      ("acme", "eu-west-1", nil, "https://acme.s3.eu-west-1.amazonaws.com/a%20b/%2B%C3%BC"),
      ("acme", "cn-north-1", nil, "https://acme.s3.cn-north-1.amazonaws.com.cn/a%20b/%2B%C3%BC"),
      ("my.acme", "eu-west-1", nil, "https://s3.eu-west-1.amazonaws.com/my.acme/a%20b/%2B%C3%BC"),
      ("Old_Bucket", "us-east-1", nil, "https://s3.us-east-1.amazonaws.com/Old_Bucket/a%20b/%2B%C3%BC"),
      ("acme", "eu-west-1", true, "https://s3.eu-west-1.amazonaws.com/acme/a%20b/%2B%C3%BC"),
    ] as [(String, String, Bool?, String)])
  func addresses(_ name: String, _ region: String, _ path: Bool?, _ url: String) throws {
    var bucket = S3Bucket(name, region: region)
    bucket.usesPathStyle = path
    let request = try described(bucket)
    #expect(request.url == url)
    let host = url.dropFirst("https://".count).prefix { $0 != "/" }
    #expect(request.headers.first("Host") == String(host))
    #expect(request.headers.first("Authorization")?.contains("/\(region)/s3/aws4_request") == true)
    #expect(request.headers.first("X-Amz-Content-Sha256")?.hasPrefix("e3b0c44298fc1c14") == true)
  }

  @Test("an endpoint of one's own is asked with the bucket in the path, behind its own path, or in the host when that is asked for")
  func endpoint() throws {
    var bucket = S3Bucket("acme", region: "us-east-1")
    let settings = AWSSettings(endpoint: "http://store.example:9000/base")
    #expect(try described(bucket, settings, key: "k").url == "http://store.example:9000/base/acme/k")
    bucket.usesPathStyle = false
    #expect(try described(bucket, settings, key: "k").url == "http://acme.store.example:9000/base/k")
  }

  @Test(
    "keys keep every slash and dot",
    arguments: [("/k", "//k"), ("a//b", "/a//b"), ("../x", "/../x"), ("a/./b", "/a/./b"), ("%2F", "/%252F")])
  func keys(_ key: String, _ path: String) throws {
    #expect(try described(S3Bucket("acme", region: "eu-west-1"), key: key).url == "https://acme.s3.eu-west-1.amazonaws.com\(path)")
  }

  @Test("a customer key goes with reads, and is printed nowhere")
  func customerKey() throws {
    var bucket = S3Bucket("acme", region: "eu-west-1")
    let key = try #require(CustomerKey(Array("0123456789abcdef0123456789abcdef".utf8)))
    bucket.customerKey = key
    let headers = try described(bucket).headers
    #expect(headers.first("x-amz-server-side-encryption-customer-algorithm") == "AES256")
    #expect(headers.first("x-amz-server-side-encryption-customer-key") == "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    #expect(headers.first("x-amz-server-side-encryption-customer-key-MD5") == "hRasmdxgYDKV3nvbahU1MA==")
    #expect(!"\(bucket)".contains("0123") && !String(reflecting: bucket).contains("48, 49"))
    #expect(CustomerKey([1, 2, 3]) == nil)
  }

  @Test("a refused HEAD has no reason, so that a read of one byte is asked for it")
  func reason() throws {
    let http = RecordingHTTP { request in
      let body = "<Error><Code>AccessDenied</Code><Message>not authorized to perform: kms:Decrypt on resource: x</Message></Error>"
      return request.method == "HEAD" ? HTTPResponse(status: 403) : HTTPResponse(status: 403, body: Array(body.utf8))
    }
    let client = S3Client(
      S3Bucket("acme", region: "eu-west-1"), AWSBench().connection(), http: http, cancellation: Cancellation(), patience: .zero)
    let fault = #expect(throws: Fault.self) { try client.describe("k") }
    #expect(fault?.code == .permissionDenied && fault?.message.contains("kms:Decrypt on the key that encrypts s3://acme/k") == true)
    #expect(http.requests.map(\.method) == ["HEAD", "GET"])
  }

  @Test("what a refused HEAD was about may be mended by the asking: a busy store, an expired session", arguments: [400, 403, 429])
  func mended(status: Int) throws {
    var heads = 0
    let http = RecordingHTTP { request in
      heads += request.method == "HEAD" ? 1 : 0
      if request.method == "GET" { return HTTPResponse(status: 206, headers: S3ClientTests.head.headers, body: [0]) }
      return heads == 1 ? HTTPResponse(status: status) : S3ClientTests.head
    }
    let client = S3Client(
      S3Bucket("acme", region: "eu-west-1"), AWSBench().connection(), http: http, cancellation: Cancellation(), patience: .zero)
    #expect(try client.describe("k").bytes == 5)
    #expect(http.requests.map(\.method) == ["HEAD", "GET", "HEAD"])
  }

  @Test("a HEAD that stays refused although the object can be read is no reason to go on for ever")
  func refusedForGood() {
    let http = RecordingHTTP { request in
      request.method == "HEAD" ? HTTPResponse(status: 403) : HTTPResponse(status: 206, headers: S3ClientTests.head.headers, body: [0])
    }
    let client = S3Client(
      S3Bucket("acme", region: "eu-west-1"), AWSBench().connection(), http: http, cancellation: Cancellation(), patience: .zero)
    let fault = #expect(throws: Fault.self) { try client.describe("k") }
    #expect(fault?.code == .permissionDenied)
    #expect(http.requests.map(\.method) == ["HEAD", "GET", "HEAD"])
  }

  @Test("a store that is busy without a word is waited for, and one that refuses without a word is not")
  func busy() throws {
    for (status, isWaitedFor) in [(429, true), (403, false)] {
      var asked = 0
      let http = RecordingHTTP { _ in
        asked += 1
        return asked == 2 ? HTTPResponse(status: status) : S3ClientTests.head
      }
      let client = S3Client(S3Bucket("acme", region: "eu-west-1"), AWSBench().connection(), http: http, cancellation: Cancellation())
      // The store has answered once: it is there.
      _ = try client.describe("k")
      _ = try client.describe("k")
      #expect(http.requests.contains { $0.method == "GET" } == !isWaitedFor)
    }
  }

  @Test("a customer key is sent to nobody in plain text but this machine itself, and a message does not repeat it")
  func customerKeyInPlainText() throws {
    var bucket = S3Bucket("acme", region: "eu-west-1")
    bucket.customerKey = CustomerKey(Array("0123456789abcdef0123456789abcdef".utf8))
    for (url, isPrivate) in [
      ("http://store.example:9000", false), ("HTTP://192.0.2.7", false), ("https://store.example", true), ("http://127.0.0.1:9000", true),
    ] {
      let http = RecordingHTTP { _ in
        HTTPResponse(
          status: 400,
          body: Array(
            "<Error><Code>InvalidArgument</Code><Message>you sent MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</Message></Error>".utf8)
        )
      }
      let client = S3Client(
        bucket, AWSBench().connection(AWSSettings(endpoint: url)), http: http, cancellation: Cancellation(), patience: .zero)
      let fault = #expect(throws: Fault.self) { try client.describe("k") }
      #expect(http.requests.isEmpty == !isPrivate, "\(url)")
      #expect(fault.map { "\($0)".contains("TLS") } == !isPrivate)
      #expect(fault.map { "\($0)".contains("MDEyMzQ1") } == false)
    }
  }

  /// As Ceph words it, and as S3 does, which tells a wrong key from a missing permission by nothing.
  @Test(
    "a wrong or missing customer key is named as what may be wrong",
    arguments: [
      (400, "InvalidArgument", "The calculated MD5 hash of the key did not match the hash that was provided.", true, "is the key"),
      (400, "InvalidArgument", "Requests specifying Server Side Encryption must provide an algorithm.", false, "Give the key"),
      (403, "AccessDenied", "Access Denied", true, "whether `customer-key` is"),
    ] as [(Int, String, String, Bool, String)])
  func wrongCustomerKey(_ status: Int, _ code: String, _ message: String, _ hasKey: Bool, _ advice: String) {
    let http = RecordingHTTP { _ in
      HTTPResponse(status: status, body: Array("<Error><Code>\(code)</Code><Message>\(message)</Message></Error>".utf8))
    }
    var bucket = S3Bucket("acme", region: "eu-west-1")
    if hasKey { bucket.customerKey = CustomerKey(Array("0123456789abcdef0123456789abcdef".utf8)) }
    let client = S3Client(bucket, AWSBench().connection(), http: http, cancellation: Cancellation(), patience: .zero)
    let fault = #expect(throws: Fault.self) { try client.describe("k") }
    #expect(fault.map { "\($0)".contains(advice) && !"\($0)".contains("..") } == true, "\(String(describing: fault))")
  }

  @Test(
    "names of buckets",
    arguments: [
      ("acme-backups", true), ("my.bucket.1", true), ("Old_Name", true), ("ab", false), ("", false), ("a/b", false), ("a..b", false),
      (".ab", false),
      ("bücket", false), ("a b c", false),
    ])
  func names(_ name: String, _ isName: Bool) { #expect(S3Bucket.isName(name) == isName) }
}
