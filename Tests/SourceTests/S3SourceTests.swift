import AWSClient
import Digesting
import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import HTTPTransport
import Selecting
import SourceS3
import Synchronization
import Testing
import ToolRunner

@Suite("The contract of sources, over a bucket", .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)))
struct S3ContractTests {
  @Test("an empty place is an empty list") func empty() async throws { try await SourceContract.emptyPlaceIsAnEmptyList(S3Place()) }
  @Test("a missing place is unreachable") func missing() async throws { try await SourceContract.missingPlaceIsUnreachable(S3Place()) }
  @Test("everything is listed") func lists() async throws { try await SourceContract.listsEverything(S3Place()) }
  @Test("listing may be repeated") func again() async throws { try await SourceContract.listingMayBeRepeated(S3Place()) }
  @Test("hostile names are taken as they are") func hostile() async throws {
    try await SourceContract.hostileNamesAreTakenAsTheyAre(S3Place())
  }
  @Test("opening may be repeated") func twice() async throws { try await SourceContract.openingMayBeRepeated(S3Place()) }
  @Test("what vanished is told to be gone") func vanished() async throws {
    try await SourceContract.whatVanishedIsToldToBeGone(S3Place())
  }
  @Test("names that lead out are refused") func escapes() async throws {
    try await SourceContract.namesThatLeadOutAreRefused(S3Place())
  }
}

@Suite("A bucket of backups", .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)))
struct S3SourceTests {
  private let now = Timestamp(rfc3339: "2026-11-21T12:00:00Z") ?? Timestamp(seconds: 0)

  @Test("keys of every odd form are listed, told apart, and read")
  func oddKeys() async throws {
    let place = try await S3Place()
    let keys = [
      "a b", "a+b", "a%20b", "a//b", "/lead", "x/../y", "é", "e\u{301}", "tab\tx", "q?x=1&y#z", "*", "日本.gz", "~a@b!",
    ]
    for key in keys { try place.put("p/" + key, Array(key.utf8)) }
    let source = try place.s3(key: "p/", match: "*/*/*/*")
    let listed = try await source.artefacts()
    #expect(
      listed.map { Array($0.name.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        == keys.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
    for artefact in listed where !artefact.name.contains("..") {
      #expect(try await SourceContract.bytes(source.open(artefact)) == Array(artefact.name.utf8), "\(artefact.name)")
    }
  }

  @Test("only the objects right under the prefix are listed, unless the pattern reaches deeper")
  func depth() async throws {
    let place = try await S3Place()
    for key in ["p/top.gz", "p/2026/in.gz", "p/", "other/x.gz", "p2.gz"] { try place.put(key, key.hasSuffix("/") ? [] : [1]) }
    let flat = try await place.s3(key: "p/").artefacts()
    #expect(Set(flat.map(\.name)) == ["top.gz", "2026"])
    #expect(flat.first { $0.name == "2026" }?.kind == .directory)
    let deep = try await place.s3(key: "p/", match: "????/*.gz").artefacts()
    #expect(Set(deep.map(\.name)) == ["top.gz", "2026/in.gz"])
    let source = try place.s3(key: "p/", match: "????/*.gz")
    let artefact = try #require(deep.first { $0.name == "2026/in.gz" })
    #expect(try await SourceContract.bytes(source.open(artefact)) == [1])
  }

  @Test("one object, and a folder without its slash")
  func single() async throws {
    let place = try await S3Place()
    for key in ["p/db.dump", "p/db.dump.old", "p/folder/in.gz"] { try place.put(key, Array(key.utf8)) }
    let one = try place.s3(key: "p/db.dump")
    let artefacts = try await one.artefacts()
    #expect(artefacts.map(\.name) == ["db.dump"])
    #expect(try await SourceContract.bytes(one.open(artefacts[0])) == Array("p/db.dump".utf8))
    let folder = try place.s3(key: "p/folder")
    let inside = try await folder.artefacts()
    #expect(inside.map(\.location) == ["s3://\(place.bucket)/p/folder/in.gz"])
    #expect(try await SourceContract.bytes(folder.open(inside[0])) == Array("p/folder/in.gz".utf8))
    #expect(try await place.s3(key: "p/nothing").artefacts().isEmpty)
  }

  @Test("a backup is found among thousands of keys, and names that do not fit are told when none does")
  func survey() async throws {
    let place = try await S3Place()
    for index in 0..<1001 { try place.put("log-\(index)", [1]) }
    try place.put("db-20261121-0300.gz", [1, 2])
    try place.put("db-20261120-0300.gz", [1])
    try place.put("db-20261121-0400.gz.part", [1])
    let rules = SelectionRules(match: "db-%Y%m%d-%H%M.gz")
    let survey = try await place.s3(match: rules.match).survey(rules: rules, now: now)
    #expect(survey.candidates.map(\.id) == ["db-20261120-0300.gz", "db-20261121-0300.gz"])
    #expect(survey.rejected.map(\.reason) == ["unfinished upload"])
    let wrong = SelectionRules(match: "orders-%Y%m%d.gz")
    let nothing = try await place.s3(match: wrong.match).survey(rules: wrong, now: now)
    #expect(nothing.candidates.isEmpty && nothing.leftOut.unmatched == 1004, "\(nothing.leftOut)")
  }

  @Test("an archived object is rejected with the way to get it, or left out where that was asked for")
  func archived() async throws {
    let place = try await S3Place()
    try place.put("db-20261121-0300.gz", [1], headers: [("x-amz-storage-class", "GLACIER")])
    try place.put("db-20261120-0300.gz", [1], headers: [("x-amz-storage-class", "STANDARD_IA")])
    let rules = SelectionRules(match: "db-%Y%m%d-%H%M.gz")
    let survey = try await place.s3(match: rules.match).survey(rules: rules, now: now)
    #expect(survey.candidates.map(\.id) == ["db-20261120-0300.gz"])
    #expect(survey.rejected.first?.reason.contains("GLACIER") == true && survey.rejected.first?.reason.contains("restore-object") == true)
    let source = S3Source(
      S3Bucket(place.bucket, region: "us-east-1"), key: "", match: try NamePattern("db-%Y%m%d-%H%M.gz"), archived: .leaveOut,
      connection: S3Place.connection(to: place.moto.url))
    #expect(try await source.survey(rules: rules, now: now).rejected.isEmpty)
    let artefact = try #require(survey.rejected.first?.artefact)
    let fault = await #expect(throws: Fault.self) { try await place.s3().open(artefact) }
    #expect(fault?.code == .backupUnreadable && fault?.advice?.contains("restore-object") == true)
  }

  @Test("the checksum object beside a backup is read when it is opened; one that says nothing refuses it")
  func sidecar() async throws {
    let place = try await S3Place()
    let digest = String(repeating: "ab", count: 32)
    try place.put("db.gz", [1])
    try place.put("db.gz.sha256", Array("\(digest)  db.gz\n".utf8))
    try place.put("odd.gz", [1])
    try place.put("odd.gz.sha256", Array("rubbish".utf8))
    let source = try place.s3()
    let survey = try await source.survey(rules: SelectionRules(), now: now)
    #expect(survey.candidates.map(\.id).sorted() == ["db.gz", "odd.gz"])
    for candidate in survey.candidates {
      if candidate.id == "db.gz" {
        guard case .stream(let stream) = try await source.open(candidate.artefact) else { throw Fault(.internalError, "no stream") }
        #expect(stream.expectedSHA256 == digest)
        stream.feed?.stop()
      } else {
        let fault = await #expect(throws: Fault.self) { try await source.open(candidate.artefact) }
        #expect(fault?.code == .backupUnreadable && fault?.message.contains("odd.gz.sha256") == true)
      }
    }
  }

  @Test("a customer key is a reference, decoded when it is there, and refused when it is no key")
  func customerKey() throws {
    let reference = SecretReference.env("KEY")
    let source = S3Source(
      S3Bucket("bucket", region: "eu-west-1"), key: "", customerKey: reference, connection: S3Place.connection(to: "http://127.0.0.1:1"))
    #expect(source.secretReferences == [reference])
    let key = Base64.encode(Array("0123456789abcdef0123456789abcdef".utf8))
    let opened = try source.with(FetchedSecrets([reference: key])) as? S3Source
    #expect(opened?.bucket.customerKey == CustomerKey(Array("0123456789abcdef0123456789abcdef".utf8)))
    for wrong in ["0123456789abcdef0123456789abcdef", "c2hvcnQ=", ""] {
      let fault = #expect(throws: Fault.self) { try source.with(FetchedSecrets([reference: wrong])) }
      #expect(fault?.code == .credentials && fault?.message.contains("KEY") == true)
    }
  }

  @Test("a run's calls share a connection, and before there is a run none is kept")
  func connections() async throws {
    let place = try await S3Place()
    let made = Mutex(0)
    let source = S3Source(S3Bucket(place.bucket, region: "us-east-1"), key: "", connection: S3Place.connection(to: place.moto.url)) {
      made.withLock { $0 += 1 }
      return try HTTPClient()
    }
    let run = try source.with(FetchedSecrets())
    for _ in 0..<3 { _ = try await run.artefacts() }
    #expect(made.withLock { $0 } == 1)
    for _ in 0..<2 { _ = try await source.artefacts() }
    #expect(made.withLock { $0 } == 3)
    try place.removePlace()
  }
}
