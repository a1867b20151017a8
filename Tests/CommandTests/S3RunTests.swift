import DrillTestSupport
import Foundation
import Glibc
import Testing

@Suite(
  "Drills of backups in a bucket, from outside", .serialized,
  .enabled(if: TestServers.hasMoto && SampleBackups.hasSQLite, Comment(rawValue: TestServers.absence)))
struct S3RunTests {
  private static let drill = """
    backup: {from: "s3://acme-backups", match: "p*s/b_%Y%m%d_%H%M%S.db", region: us-east-1}
    restore: {engine: sqlite}
    checks:
    \(SampleDrill.rows)
    """

  private func environment(_ moto: MotoServer, _ key: (id: String, secret: String) = ("a", "b")) -> [String: String] {
    ["AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret, "AWS_MAX_ATTEMPTS": "2"]
  }

  private func site(_ drill: String = S3RunTests.drill) -> ScratchSite {
    let site = ScratchSite()
    site.drill("d", drill)
    return site
  }

  /// A moto with a bucket that holds two sound backups among many strangers.
  private func bucket(strangers: Int = 0) async throws -> (MotoServer, newest: String) {
    let moto = try #require(await MotoServer())
    moto.makeBucket("acme-backups")
    let newest = "postgres/" + SampleDrill.name()
    for index in 0..<strangers { moto.put("acme-backups", "postgres/wal-\(index)", [1]) }
    moto.put("acme-backups", "postgres/" + SampleDrill.name(.seconds(90_000)), await SampleBackups.database())
    moto.put("acme-backups", newest, await SampleBackups.database())
    return (moto, newest)
  }

  /// The policy that the documentation gives, without the actions named.
  private func policy(without action: String? = nil) throws -> String {
    let page = TextFile.read("\(packageRoot)/docs/aws.md")
    let part = try #require(page.firstRange(of: "\n## S3\n").map { page[$0.upperBound...] })
    let start = try #require(part.firstRange(of: "```json\n")).upperBound
    let end = try #require(part[start...].firstRange(of: "\n```")).lowerBound
    let whole = String(part[start..<end])
    return action.map { whole.replacing("\"\($0)\"", with: "\"s3:GetBucketTagging\"") } ?? whole
  }

  @Test("the newest of thousands of keys is found, streamed, restored, checked and sealed with its digest")
  func found() async throws {
    let (moto, newest) = try await bucket(strangers: 1100)
    let site = site()
    let result = await site.runJSON("d", environment: environment(moto))
    #expect(result.status == 0, "\(result.said)")
    let point = result.record["recovery_point"]
    #expect(point["artefacts"].items.first?["location"].text == "s3://acme-backups/\(newest)")
    #expect(point["artefacts"].items.first?["sha256"].text?.count == 64 && point["time_origin"].text == "name")
    #expect(point["considered"].number == 2)
    let plan = await site.run("plan", "d", "--verify", environment: environment(moto))
    #expect(plan.status == 0 && plan.stdout.contains("matches (ETag (MD5))"), "\(plan.said)")
    let doctor = await site.run("doctor", environment: environment(moto))
    #expect(doctor.stdout.contains("2 recovery points in s3://acme-backups/"), "\(doctor.said)")
    await site.expectClean()
  }

  @Test("the documented policy is enough, and each action taken out of it is named")
  func leastPrivilege() async throws {
    let (moto, _) = try await bucket()
    let enough = moto.accessKey(user: "drill", policy: try policy())
    let lacking = try ["s3:ListBucket", "s3:GetObject"].map { action in
      (action, moto.accessKey(user: "no-\(action.dropFirst(3))", policy: try policy(without: action)))
    }
    moto.requireSignatures()
    let site = site()
    let passed = await site.runJSON("d", environment: environment(moto, enough))
    #expect(passed.status == 0, "\(passed.said)")
    for (action, key) in lacking {
      let result = await site.runJSON("d", environment: environment(moto, key))
      #expect(result.status == 2 && result.record["verdict"].text == "cannot_drill", "\(result.said)")
      #expect(result.record.reasonCodes == ["permission_denied"])
      #expect(result.record.reasonTexts.contains("\(action) on arn:aws:s3:::acme-backups"), "\(result.record.reasonTexts)")
    }
    let wrong = await site.runJSON("d", environment: environment(moto, (enough.id, enough.secret + "x")))
    #expect(wrong.record.reasonCodes == ["credentials"] && !wrong.said.contains(enough.secret), "\(wrong.said)")
    await site.expectClean()
  }

  @Test("a wrong checksum object fails the run, and no bucket at all is our side")
  func sabotage() async throws {
    let (moto, newest) = try await bucket()
    moto.put("acme-backups", newest + ".sha256", Array("\(String(repeating: "0", count: 64))  x\n".utf8))
    let site = site()
    let failed = await site.runJSON("d", environment: environment(moto))
    #expect(failed.record["verdict"].text == "failed" && failed.record.reasonCodes.contains("checksum_mismatch"), "\(failed.said)")
    site.drill("d", S3RunTests.drill.replacing("acme-backups", with: "no-such-bucket"))
    let absent = await site.runJSON("d", environment: environment(moto))
    #expect(absent.record["verdict"].text == "cannot_drill" && absent.record.reasonTexts.contains("no bucket no-such-bucket"))
    let unreachable = await site.runJSON(
      "d", environment: environment(moto).merging(["AWS_ENDPOINT_URL": "http://127.0.0.1:1"]) { $1 })
    #expect(unreachable.record["verdict"].text == "cannot_drill" && unreachable.record.reasonCodes == ["source_unreachable"])
    await site.expectClean()
  }

  @Test("killed while it fetches, it leaves nothing", arguments: ["began fetch", "began restore"])
  func killed(_ step: String) async throws {
    let (moto, _) = try await bucket()
    let site = site()
    var environment = environment(moto)
    environment["DRILLMARK_CRASH_AT"] = step
    #expect(await site.runJSON("d", environment: environment).status == 128 + SIGKILL)
    #expect(await site.run("cleanup").status == 0)
    environment["DRILLMARK_CRASH_AT"] = nil
    #expect(await site.runJSON("d", environment: environment).status == 0)
    await site.expectClean()
  }

  @Test(
    "what is no bucket, and keys that do not go together, are told with their line",
    arguments: [
      ("from: \"s3://\"", "no bucket"), ("from: \"s3://a\"", "no bucket's name"),
      ("from: \"s3://arn:aws:s3:eu-west-1:1:accesspoint/x\"", "bucket"),
      ("from: \"s3://bucket/\", region: \"EU west\"", "region"), ("from: \"s3://bucket/\", expected-bucket-owner: 12", "twelve digits"),
      ("from: \"s3://bucket/\", anonymous: true, profile: x", "without a profile"), ("from: \"s3://bucket/\", regoin: x", "did you mean"),
    ])
  func validation(_ backup: String, _ text: String) async {
    let result = await site("backup: {\(backup)}\nrestore: {engine: sqlite}\n").run("validate")
    #expect(result.status == 64 && result.said.contains(text) && result.said.contains("d.yaml:2"), "\(result.said)")
  }

  @Test("a stream that breaks half-way is never taken for a whole backup, though what came is a sound beginning")
  func broken() async throws {
    let lines = (0..<120_000).map { "insert into orders values (\($0), 'customer \($0 % 997)');\n" }
    let dump = Array(("create table orders (id integer primary key, who text);\n" + lines.joined()).utf8)
    let name = SampleDrill.name(.seconds(7200), "sql")
    let listing =
      "<ListBucketResult><Contents><Key>\(name)</Key><LastModified>2026-11-21T03:00:00Z</LastModified><ETag>e</ETag><Size>\(dump.count)</Size>"
      + "</Contents></ListBucketResult>"
    let server = ScriptedHTTPServer { request, _ in
      guard request.target.contains(name) else { return .answer(200, body: listing) }
      let head = "Content-Length: \(dump.count)\r\nETag: \"e\"\r\nConnection: close\r\n\r\n"
      guard request.method == "GET" else { return .raw(Array("HTTP/1.1 200 OK\r\n\(head)".utf8)) }
      let ends = (request.header("Range") ?? "").dropFirst("bytes=".count).split(separator: "-").compactMap { Int($0) }
      // Later than the restore of what came before has begun.
      guard ends.count == 2, ends[1] < 2 << 20 else {
        return .after(.seconds(2), .answer(403, body: "<Error><Code>AccessDenied</Code><Message>revoked</Message></Error>"))
      }
      let part = Array(dump[ends[0]...ends[1]])
      let fields = "Content-Range: bytes \(ends[0])-\(ends[1])/\(dump.count)\r\nContent-Length: \(part.count)\r\nETag: \"e\"\r\n\r\n"
      return .raw(Array("HTTP/1.1 206 Partial\r\n\(fields)".utf8) + part)
    }
    let site = site(
      S3RunTests.drill.replacing("p*s/b_%Y%m%d_%H%M%S.db", with: "b_%Y%m%d_%H%M%S.sql").replacing("equals: 100", with: "min: 1"))
    let result = await site.runJSON(
      "d", environment: ["AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"])
    #expect(result.record["verdict"].text == "cannot_drill" && result.record.reasonCodes.first == "permission_denied", "\(result.said)")
    #expect(result.stderr.contains("d: restore"), "\(result.stderr)")
    #expect(dump.count > 4 << 20 && server.requests.count >= 4)
    await site.expectClean()
  }
}
