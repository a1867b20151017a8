import DrillTestSupport
import Foundation
import Testing

@Suite(
  "Write-ahead log in a bucket, from outside",
  .enabled(if: TestServers.hasMoto && SamplePostgreSQL.binaries != nil, "\(TestServers.absence), or \(SamplePostgreSQL.absence)"))
struct LogBucketRunTests {
  private func drill(_ site: ScratchSite, _ target: String) {
    site.drill(
      "d",
      """
      backup: {from: ../backups, match: "base_%Y%m%d_%H%M%S", logs: {from: "s3://acme-logs/db 1/wal/", region: us-east-1}}
      restore: {engine: postgresql-physical, target: \(target)}
      checks:
        - query: {sql: "select count(*) from t where id = 2001", equals: 1}
        - query: {sql: "select count(*) from t where id > 2001", equals: 0}
      """)
  }

  @Test("compressed segments below a prefix roll a base backup forward, and a hole in them fails the run")
  func prefix() async throws {
    let sample = try await SampleCluster.shared.value
    let site = ScratchSite()
    let name = "base_\(BackupStamp.ago(.seconds(7200)))"
    try HostProgram.run("/bin/cp", ["-r", sample.plain, "\(site.path)/backups/\(name)"])
    try HostProgram.run("/bin/cp", ["-r", sample.log, "\(site.path)/wal"])
    site.setAge("\(site.path)/backups/\(name)", .seconds(7200))
    let moto = try #require(await MotoServer())
    moto.makeBucket("acme-logs")
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(site.path)/wal").sorted()
    for name in names {
      try HostProgram.run("/bin/gzip", ["-1", "\(site.path)/wal/\(name)"])
      moto.put("acme-logs", "db 1/wal/\(name).gz", TextFile.bytes("\(site.path)/wal/\(name).gz"))
    }
    moto.put("acme-logs", "db 1/notes.txt", [1, 2, 3])
    drill(site, "{name: before_loss}")
    let environment = ["AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_MAX_ATTEMPTS": "2"]
    let green = await site.runJSON("d", environment: environment)
    #expect(green.status == 0, "\(green.said)")
    #expect(green.record["recovery_point"]["time_origin"].text == "metadata")
    let segments = names.filter { $0.count == 24 }
    moto.removeObject("acme-logs", "db 1/wal/\(segments[segments.count - 2]).gz")
    drill(site, "latest")
    let red = await site.runJSON("d", environment: environment)
    #expect(red.status == 1 && red.record.reasonTexts.contains(segments[segments.count - 2]), "\(red.said)")
    #expect(site.scratchEntries.isEmpty)
  }
}
