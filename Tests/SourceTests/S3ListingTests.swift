import AWSClient
import DrillModel
import DrillTestSupport
import EngineKit
import HTTPTransport
import Selecting
import Synchronization
import Testing

@testable import SourceS3

@Suite("Listing a bucket, against a scripted server", .timeLimit(.minutes(2)))
struct S3ListingTests {
  private let now = Timestamp(rfc3339: "2026-11-21T12:00:00Z") ?? Timestamp(seconds: 0)

  private func page(_ keys: [String], next: String? = nil, encoding: String = "<EncodingType>url</EncodingType>") -> ScriptedReply {
    let entries = keys.map {
      "<Contents><Key>\($0)</Key><LastModified>2026-11-21T03:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>5</Size>"
        + "<StorageClass>STANDARD</StorageClass></Contents>"
    }
    let more = next.map { "<IsTruncated>true</IsTruncated><NextContinuationToken>\($0)</NextContinuationToken>" }
    let text =
      "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(encoding)"
      + "\(more ?? "<IsTruncated>false</IsTruncated>")\(entries.joined())</ListBucketResult>"
    return .answer(200, body: text)
  }

  private func source(_ server: ScriptedHTTPServer, _ change: (inout S3Bucket) -> Void = { _ in }) -> S3Source {
    var bucket = S3Bucket("bucket", region: "eu-west-1")
    change(&bucket)
    return S3Source(bucket, key: "p/", transfer: .hasty, connection: S3Place.connection(to: server.url))
  }

  @Test("pages are asked for one after the other, and each key of every odd form comes through")
  func pages() async throws {
    let server = ScriptedHTTPServer { request, _ in
      request.target.contains("continuation-token=t%2F1%3D") ? page(["p%2Fnew%0Aline", "p/%2B%25+x"]) : page(["p/a"], next: "t/1=")
    }
    let artefacts = try await source(server).artefacts()
    #expect(artefacts.map(\.name) == ["a", "new\nline", "+% x"])
    #expect(artefacts.first?.modified == Timestamp(rfc3339: "2026-11-21T03:00:00Z") && artefacts.first?.bytes == 5)
    #expect(server.requests.allSatisfy { $0.target.hasPrefix("/bucket?list-type=2&encoding-type=url") })
    #expect(server.requests.allSatisfy { $0.header("Authorization")?.contains("/eu-west-1/s3/aws4_request") == true })
  }

  @Test("a store that does not encode names is taken at its word")
  func plain() async throws {
    let server = ScriptedHTTPServer(page(["p/a%20b+c"], encoding: ""))
    let names = try await source(server).artefacts().map(\.name)
    #expect(names == ["a%20b+c"])
    #expect(server.requests.count == 1)
  }

  @Test("fifty thousand strangers are surveyed without being kept")
  func many() async throws {
    let server = ScriptedHTTPServer { _, index in
      page((0..<1000).map { "p/log-\(index)-\($0)" } + (index == 49 ? ["p/db-20261121.gz"] : []), next: index < 49 ? "t\(index)" : nil)
    }
    let survey = try await source(server).survey(rules: SelectionRules(match: "db-%Y%m%d.gz"), now: now)
    #expect(survey.candidates.map(\.id) == ["db-20261121.gz"])
    #expect(survey.leftOut.listed == 50_001 && survey.leftOut.examples.count == 3)
  }

  @Test("checksum files are remembered of names that the pattern takes, and not of the million others")
  func sidecars() throws {
    let names = ["log-1.gz", "log-1.gz.sha256", "db-20261121.gz", "db-20261121.gz.sha256", "db-20261121.gz.sha256sum"]
    let server = ScriptedHTTPServer(page(names.map { "p/\($0)" }))
    func found(_ pattern: String?) throws -> Set<String> {
      let source = S3Source(
        S3Bucket("bucket", region: "eu-west-1"), key: "p/", match: try pattern.map(NamePattern.init), transfer: .hasty,
        connection: S3Place.connection(to: server.url))
      var sidecars = Set<String>()
      try source.withClient(Cancellation()) { client in
        try S3Listing(source: source, client: client).run(narrowed: false, sidecars: &sidecars) { _ in }
      }
      return Set(sidecars.map { String($0.dropFirst("s3://bucket/p/".count)) })
    }
    #expect(try found("*-%Y%m%d.gz") == ["db-20261121.gz.sha256", "db-20261121.gz.sha256sum"])
    #expect(try found(nil) == ["log-1.gz.sha256", "db-20261121.gz.sha256", "db-20261121.gz.sha256sum"])
  }

  @Test("anonymous and requester-pays requests, and the expected owner, say so")
  func headers() async throws {
    let server = ScriptedHTTPServer(page([]))
    _ = try await source(server) {
      $0.isAnonymous = true
      $0.isRequesterPays = true
      $0.expectedOwner = "123456789012"
    }.artefacts()
    let request = try #require(server.requests.first)
    #expect(request.header("Authorization") == nil)
    #expect(request.header("x-amz-request-payer") == "requester")
    #expect(request.header("x-amz-expected-bucket-owner") == "123456789012")
  }

  @Test(
    "each refusal is told with what to do",
    arguments: [
      (403, "AccessDenied", "", FaultCode.permissionDenied, "s3:ListBucket on arn:aws:s3:::bucket"),
      (404, "NoSuchBucket", "", .sourceUnreachable, "no bucket bucket"),
      (403, "InvalidAccessKeyId", "", .credentials, "not known there"), (403, "SignatureDoesNotMatch", "", .credentials, "secret key"),
      (503, "SlowDown", "", .sourceUnreachable, "slow down"), (500, "InternalError", "", .sourceUnreachable, "InternalError"),
      (301, "PermanentRedirect", "us-west-2", .configuration, "lies in us-west-2"),
      (400, "AuthorizationHeaderMalformed", "us-west-2", .configuration, "lies in us-west-2"),
      (301, "PermanentRedirect", "no region at all", .configuration, "not where it was asked for"),
    ])
  func refusals(_ status: Int, _ code: String, _ region: String, _ fault: FaultCode, _ text: String) async throws {
    let headers = region.isEmpty ? [] : [("x-amz-bucket-region", region)]
    let server = ScriptedHTTPServer(.answer(status, headers: headers, body: ScriptedStore.error(code)))
    let found = await #expect(throws: Fault.self) { try await source(server).artefacts() }
    #expect(found?.code == fault && found?.message.contains(text) == true, "\(found.map { "\($0)" } ?? "")")
    if region == "us-west-2" { #expect(found?.advice?.contains("region: us-west-2") == true) }
  }

  @Test("a refusal that names its action is told by that name")
  func named() async throws {
    let message = "User: arn:aws:iam::1:user/x is not authorized to perform: s3:GetBucketThing on resource: \"arn:aws:s3:::bucket\""
    let server = ScriptedHTTPServer(.answer(403, body: ScriptedStore.error("AccessDenied", message)))
    let found = await #expect(throws: Fault.self) { try await source(server).artefacts() }
    #expect(found?.message.contains("may not do s3:GetBucketThing") == true)
  }

  @Test("HTML, half a listing, a page that says there is more and not where, and one that comes again are no listing")
  func rubbish() async throws {
    let replies: [ScriptedReply] = [
      .answer(200, body: "<html><body>Log in to the hotel's network</body></html>"), .answer(200, body: "<ListBucketResult><Contents>"),
      .answer(200, body: "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"), page(["p/a"], next: "same"), .cut,
      .answer(200, body: "<!DOCTYPE x [<!ENTITY a \"b\">]><ListBucketResult/>"), .flood(50 << 20),
    ]
    for reply in replies {
      let server = ScriptedHTTPServer(reply)
      let found = await #expect(throws: Fault.self) { try await source(server).artefacts() }
      #expect(found?.code == .sourceUnreachable, "\(found.map { "\($0)" } ?? "")")
      #expect(!server.requests.isEmpty)
    }
  }

  @Test("a store that leads from page to page in a circle is found out")
  func circle() async throws {
    let server = ScriptedHTTPServer { request, _ in
      request.target.contains("continuation-token=t1") ? page(["p/b"], next: "t2") : page(["p/a"], next: "t1")
    }
    let found = await #expect(throws: Fault.self) { try await source(server).artefacts() }
    #expect(found?.code == .sourceUnreachable && found?.message.contains("does not come to an end") == true)
    #expect(server.requests.count == 3)
  }

  @Test("cancelling ends a store that hangs")
  func cancelled() async throws {
    let server = ScriptedHTTPServer(.after(.seconds(30), .cut))
    let task = Task { try await source(server).artefacts() }
    try await Task.sleep(for: .milliseconds(300))
    let start = ContinuousClock.now
    task.cancel()
    await #expect(throws: Fault.self) { try await task.value }
    #expect(ContinuousClock.now - start < .seconds(10))
  }
}
