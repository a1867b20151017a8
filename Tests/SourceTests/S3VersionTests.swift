import AWSClient
import DrillModel
import DrillTestSupport
import EngineKit
import Selecting
import SourceS3
import Testing
import ToolRunner

@Suite("Versions of objects", .timeLimit(.minutes(2)))
struct S3VersionTests {
  private let now = Timestamp(rfc3339: "2026-11-21T12:00:00Z") ?? Timestamp(seconds: 0)

  private enum Kind { case version, marker }

  private func entry(_ key: String, _ id: String, day: Int, latest: Bool = false, _ kind: Kind = .version) -> String {
    let name = kind == .version ? "Version" : "DeleteMarker"
    let content = kind == .version ? "<ETag>&quot;e&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass>" : ""
    return "<\(name)><Key>\(key)</Key><VersionId>\(id)</VersionId><IsLatest>\(latest)</IsLatest>"
      + "<LastModified>2026-11-\(day)T03:00:00.000Z</LastModified>\(content)</\(name)>"
  }

  private func page(_ entries: [String], next: (key: String, version: String)? = nil) -> ScriptedReply {
    let more = next.map {
      "<IsTruncated>true</IsTruncated><NextKeyMarker>\($0.key)</NextKeyMarker><NextVersionIdMarker>\($0.version)</NextVersionIdMarker>"
    }
    return .answer(
      200,
      body: "<?xml version=\"1.0\"?><ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><EncodingType>url</EncodingType>"
        + "\(more ?? "<IsTruncated>false</IsTruncated>")\(entries.joined())</ListVersionsResult>")
  }

  private func source(_ server: ScriptedHTTPServer, key: String = "p/") -> S3Source {
    S3Source(
      S3Bucket("bucket", region: "eu-west-1"), key: key, versions: .all, transfer: .hasty, connection: S3Place.connection(to: server.url))
  }

  private func rules(_ match: String, trusted: Bool = true) -> SelectionRules {
    var rules = SelectionRules(match: match)
    rules.trustModifiedTime = trusted
    return rules
  }

  @Test("of one key are recovery points of their own, told apart by their ids, over as many pages as there are")
  func overwritten() async throws {
    let server = ScriptedHTTPServer { request, _ in
      request.target.contains("key-marker=p%2Flatest.dump&version-id-marker=v%2F2")
        ? page([entry("p%2Flatest.dump", "v1", day: 18)])
        : page(
          [entry("p%2Flatest.dump", "v3", day: 20, latest: true), entry("p%2Flatest.dump", "v/2", day: 19)],
          next: ("p%2Flatest.dump", "v/2"))
    }
    let survey = try await source(server).survey(rules: rules("latest.dump"), now: now)
    let places = survey.candidates.map(\.artefact.location)
    #expect(
      places == [
        "s3://bucket/p/latest.dump?versionId=v1", "s3://bucket/p/latest.dump?versionId=v/2", "s3://bucket/p/latest.dump",
      ])
    #expect(server.requests.allSatisfy { $0.target.hasPrefix("/bucket?versions=&encoding-type=url") })
    let single = try await source(server, key: "p/latest.dump").survey(rules: rules("latest.dump"), now: now)
    #expect(single.candidates.map(\.artefact.location) == places)
  }

  @Test("a deleted newest object is rejected with the time and the way back, and fails the run; a key written again is whole")
  func deleted() async throws {
    // The marker ends a page, and what it hides begins the next.
    let server = ScriptedHTTPServer { request, _ in
      request.target.contains("key-marker")
        ? page([entry("p/db-20.gz", "b1", day: 20), entry("p/db-20.gz", "b0", day: 19)])
        : page(
          [
            entry("p/db-18.gz", "a1", day: 18, latest: true), entry("p/db-19.gz", "c3", day: 19, latest: true),
            entry("p/db-19.gz", "c2", day: 19, .marker), entry("p/db-19.gz", "c1", day: 19),
            entry("p/db-20.gz", "m", day: 21, latest: true, .marker),
          ], next: ("p/db-20.gz", "m"))
    }
    let survey = try await source(server).survey(rules: rules("db-*.gz"), now: now)
    let rejected = try #require(survey.rejected.first)
    #expect(survey.rejected.count == 1 && rejected.artefact.location == "s3://bucket/p/db-20.gz?versionId=b1")
    #expect(rejected.reason.contains("deleted at 2026-11-21") && rejected.reason.contains("--version-id m"), "\(rejected.reason)")
    let chosen = try #require(survey.candidates.last)
    #expect(!survey.candidates.contains { $0.artefact.location == rejected.artefact.location })
    #expect(survey.newerRejections(than: chosen, selection: .latest, failureInstant: now).count == 1)
    #expect(survey.candidates.contains { $0.artefact.location == "s3://bucket/p/db-19.gz" })
  }

  @Test("an old backup that a lifecycle rule has removed says nothing against newer ones, nor does a marker alone")
  func expired() async throws {
    let server = ScriptedHTTPServer(
      page([
        entry("p/db-20261101.gz", "m", day: 21, latest: true, .marker), entry("p/db-20261101.gz", "v", day: 10),
        entry("p/db-20261102.gz", "m", day: 21, latest: true, .marker), entry("p/db-20261120.gz", "v", day: 20, latest: true),
      ]))
    let survey = try await source(server).survey(rules: rules("db-%Y%m%d.gz", trusted: false), now: now)
    let chosen = try #require(survey.candidates.last)
    #expect(survey.candidates.count == 1 && chosen.id == "db-20261120.gz" && survey.rejected.count == 1)
    #expect(survey.newerRejections(than: chosen, selection: .latest, failureInstant: now).isEmpty)
  }

  @Test("of one name with one time, the one stored last is the newest")
  func sameName() async throws {
    let server = ScriptedHTTPServer(
      page([entry("p/db-20261119_03.gz", "b", day: 20, latest: true), entry("p/db-20261119_03.gz", "a", day: 19)]))
    let survey = try await source(server).survey(rules: rules("db-%Y%m%d_%H.gz", trusted: false), now: now)
    #expect(
      survey.candidates.map(\.artefact.location) == ["s3://bucket/p/db-20261119_03.gz?versionId=a", "s3://bucket/p/db-20261119_03.gz"])
  }

  @Test("what cannot be understood, does not end, or is refused is no empty bucket")
  func refused() async throws {
    let replies = [
      page([], next: ("p/a", "v")), page(["<Version><Key>p/a</Key><Size>1</Size></Version>"]),
      .answer(403, body: ScriptedStore.error("AccessDenied")), .answer(200, body: "<ListBucketResult/>"),
    ]
    for (reply, words) in zip(replies, ["does not come to an end", "not S3's", "s3:ListBucketVersions", "not S3's"]) {
      let server = ScriptedHTTPServer(reply)
      let fault = await #expect(throws: Fault.self) { try await source(server).artefacts() }
      #expect(fault?.description.contains(words) == true, "\(words): \(String(describing: fault))")
    }
  }

  @Test("an earlier version is read as it was, whatever its key looks like", .enabled(if: TestServers.hasMoto))
  func read() async throws {
    let place = try await S3Place()
    place.moto.keepVersions(place.bucket)
    let key = "odd?versionId=x.dump"
    for text in ["first", "second", "third"] { try place.put(key, Array(text.utf8)) }
    let source = S3Source(
      S3Bucket(place.bucket, region: "us-east-1"), key: "", versions: .all, transfer: .hasty,
      connection: S3Place.connection(to: place.moto.url))
    let survey = try await source.survey(rules: rules("odd*"), now: now)
    var texts: [String] = []
    for candidate in survey.candidates {
      guard case .stream(let stream) = try await source.open(candidate.artefact) else { throw Fault(.internalError, "no stream") }
      texts.append(String(decoding: try await onThread("read") { readAll(stream.descriptor) }, as: UTF8.self))
      _ = try await stream.feed?.finish()
    }
    #expect(texts.sorted() == ["first", "second", "third"] && survey.rejected.isEmpty)
    try place.remove(key)
    let after = try await source.survey(rules: rules("odd*"), now: now)
    #expect(after.rejected.first?.reason.contains("deleted") == true && after.candidates.count == 2)
  }
}
