import DrillTestSupport
import Foundation
import Testing

@Suite(
  "Logs in a bucket, from outside",
  .enabled(if: TestServers.hasMoto && SampleMySQLLogs.isInstalled, "\(TestServers.absence), or \(SampleMySQLLogs.absence)"))
struct LogArchiveRunTests {
  @Test("binary logs below a prefix roll a dump forward, and a hole in them fails the run")
  func prefix() async throws {
    let sample = try await SampleMySQLLogs.shared()
    let moto = try #require(await MotoServer())
    moto.makeBucket("acme-logs")
    let names = try FileManager.default.contentsOfDirectory(atPath: sample.logs).sorted()
    for name in names { moto.put("acme-logs", "db 1/binlogs/\(name)", TextFile.bytes("\(sample.logs)/\(name)")) }
    moto.put("acme-logs", "db 1/other/bin.000009", [1, 2, 3])
    let site = ScratchSite()
    site.backup(SampleDrill.name(.seconds(60), "sql"), TextFile.bytes(sample.dump("one")))
    site.drill(
      "d",
      """
      backup: {from: ../backups, match: "b_%Y%m%d_%H%M%S.sql", logs: {from: "s3://acme-logs/db 1/binlogs/", region: us-east-1}}
      restore: {engine: mariadb}
      checks:
        - rows: {table: orders, equals: 502}
      """)
    let environment = ["AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "2"]
    let green = await site.runJSON("d", environment: environment)
    #expect(green.status == 0, "\(green.said)")
    #expect(green.record["rto"]["phases"].items.contains { $0["name"].text == "recover" })
    #expect(green.record["recovery_point"]["artefacts"].items.last?["location"].text?.contains("bin.00000") == true)
    moto.removeObject("acme-logs", "db 1/binlogs/bin.000003")
    let red = await site.runJSON("d", environment: environment)
    #expect(red.status == 1 && red.record.reasonTexts.contains("bin.000003"), "\(red.said)")
    await site.expectClean()
  }
}
