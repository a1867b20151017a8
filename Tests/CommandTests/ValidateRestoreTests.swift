import DrillTestSupport
import Foundation
import Synchronization
import Testing

/// AWS Backup is stood in for by a scripted server, since no stand-in of AWS has restore jobs.
@Suite(
  "Restores of AWS Backup, validated from the command line", .serialized,
  .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct ValidateRestoreTests {
  private static let job = "9E2B8B9C-0000-4000-8000-000000000001"
  private static let password = GivenPostgreSQL.password
  private static let instance = "awsbackup-restore-test-1"

  /// A site with the drill `d`, an RDS where AWS Backup has restored an instance, and the AWS Backup that is told.
  private struct Bench {
    let site: ScratchSite
    let rds: ScriptedRDS
    let backup: ScriptedHTTPServer

    var environment: [String: String] {
      rds.environment.merging(["AWS_ENDPOINT_URL_BACKUP": backup.url, "DRILL_DB": ValidateRestoreTests.password]) { $1 }
    }
    /// What AWS Backup was told, in order.
    var told: [JSONValue] { backup.requests.filter { $0.method == "PUT" }.compactMap { JSONValue($0.text) } }

    func validate(_ arguments: [String] = ["--job", ValidateRestoreTests.job], event: String? = nil) async -> CommandResult {
      let words = ["validate-restore", "d", "--json"] + arguments
      guard let event else { return await site.start(words, environment: environment).result() }
      let path = "\(site.path)/event.json"
      try? Data(event.utf8).write(to: URL(filePath: path))
      let shell = ["/bin/sh", "-c", "f=$1; shift; exec \"$@\" <\"$f\"", "sh", path]
      return await site.start(words, environment: environment, prefix: shell).result()
    }
  }

  private func bench(
    objectives: String = "objectives: {rpo: 26h, rto: 30m}\n", restore: String = ", password: {env: DRILL_DB}",
    checks: String = "  - rows: {table: orders, equals: 1000}\n", status: String = "COMPLETED", created: String? = nil,
    report: @escaping @Sendable (Int) -> ScriptedReply = { _ in .answer(204) }, change: (inout ScriptedRDS.State) -> Void = { _ in }
  ) async throws -> Bench {
    let postgres = try await RestoredPostgreSQL.shared()
    postgres.setPassword(ValidateRestoreTests.password.replacing("'", with: "''"))
    var state = ScriptedRDS.State()
    (state.host, state.port) = ("localhost", postgres.server.port)
    state.snapshots = [ScriptedRDS.Snapshot("rds:orders-new", created: BackupStamp.rfc3339(.seconds(3600)))]
    state.databases = [
      ScriptedRDS.Database(ValidateRestoreTests.instance, statuses: ["backing-up", "available"]), ScriptedRDS.Database("orders"),
    ]
    change(&state)
    let made = created ?? "arn:aws:rds:\(ScriptedRDS.region):\(ScriptedRDS.account):db:\(ValidateRestoreTests.instance)"
    let now = Date().timeIntervalSince1970
    let described =
      "{\"RestoreJobId\":\"\(ValidateRestoreTests.job)\",\"Status\":\"\(status)\",\"StatusMessage\":\"the key is gone\","
      + "\"RecoveryPointArn\":\"arn:aws:rds:\(ScriptedRDS.region):\(ScriptedRDS.account):snapshot:awsbackup:job-1\","
      + "\"RecoveryPointCreationDate\":\(now - 72_000),\"CreationDate\":\(now - 1800),\"CompletionDate\":\(now - 600),"
      + "\"CreatedResourceArn\":\"\(made)\",\"ResourceType\":\"RDS\"}"
    let reports = Mutex(0)
    let backup = ScriptedHTTPServer { request, _ in
      if request.method == "GET" { return .answer(200, body: described) }
      return report(
        reports.withLock { count in
          defer { count += 1 }
          return count
        })
    }
    let site = ScratchSite()
    site.drill(
      "d",
      "\(objectives)backup: {from: \"rds:orders\"}\nrestore: {engine: rds, ca: \(postgres.authority)\(restore)}\nchecks:\n\(checks)")
    return Bench(site: site, rds: ScriptedRDS(state), backup: backup)
  }

  @Test("a good one is sealed and told as successful; what AWS Backup made is asked and left alone")
  func good() async throws {
    let bench = try await bench()
    let result = await bench.validate()
    let record = result.record
    #expect(result.status == 0 && record["verdict"].text == "passed", "\(result.said)")
    #expect(bench.told.map { $0["ValidationStatus"].text } == ["SUCCESSFUL"], "\(result.said)")
    #expect(bench.told.first?["ValidationStatusMessage"].text?.contains(record["run"].text ?? "none") == true)
    #expect(record["recovery_point"]["artefacts"].items.first?["location"].text?.hasSuffix("awsbackup:job-1") == true)
    // The newest point is another snapshot, an hour old, and the recovery time is not one.
    #expect((record["rpo"]["artefact_age_s"].number ?? 0) < 5000 && (record["rpo"]["worst_gap_s"].number ?? 0) > 60_000)
    #expect(record["rto"]["verdict"].text == "no_objective" && record["rto"]["comparable"] == .boolean(false), "\(record["rto"])")
    #expect(abs((record["rto"]["engine_restore_s"].number ?? 0) - 1200) < 2)
    #expect(bench.rds.now.deletions.isEmpty && bench.rds.now.databases.map(\.name) == [ValidateRestoreTests.instance, "orders"])
    #expect(!bench.rds.now.calls.contains { $0.hasPrefix("Restore") || $0.hasPrefix("Modify") })
    #expect(!(result.said + bench.site.durableText).contains("p@ss"))
    await bench.site.expectClean()
  }

  @Test("data that is missing is sealed and told as failed")
  func red() async throws {
    let bench = try await bench(checks: "  - rows: {table: orders, min: 5000}\n")
    let result = await bench.validate()
    #expect(result.status == 1 && result.record["verdict"].text == "failed", "\(result.said)")
    #expect(bench.told.map { $0["ValidationStatus"].text } == ["FAILED"])
    #expect(bench.told.first?["ValidationStatusMessage"].text?.contains("0 of 1 checks passed") == true)
    #expect(bench.rds.now.deletions.isEmpty)
  }

  @Test("what could not be shown is neither valid nor invalid, and told as such")
  func notShown() async throws {
    let bench = try await bench(change: { $0.databases.removeFirst() })
    let result = await bench.validate()
    #expect(result.status == 2 && result.record["verdict"].text == "cannot_drill", "\(result.said)")
    #expect(bench.told.map { $0["ValidationStatus"].text } == ["TIMED_OUT"])
  }

  @Test("a cluster that AWS Backup restored without an instance is told as such, and not as one that is out of reach")
  func clusterAlone() async throws {
    let arn = "arn:aws:rds:\(ScriptedRDS.region):\(ScriptedRDS.account):cluster:\(ValidateRestoreTests.instance)"
    let bench = try await bench(created: arn, change: { ($0.databases[0].isCluster, $0.databases[0].instances) = (true, 0) })
    let result = await bench.validate()
    #expect(result.status == 2 && result.record.reasonTexts.contains("has no instance to ask"), "\(result.said)")
    #expect(bench.told.map { $0["ValidationStatus"].text } == ["TIMED_OUT"])
    let whole = try await self.bench(
      created: arn,
      change: { state in
        (state.databases[0].isCluster, state.databases[0].instances, state.databases[0].engine) = (true, 1, "aurora-postgresql")
      })
    #expect(await whole.validate().status == 0)
  }

  @Test("a job that AWS Backup could not carry out is a failed drill, of which AWS Backup is told nothing")
  func failedJob() async throws {
    let bench = try await bench(status: "FAILED")
    let result = await bench.validate()
    #expect(result.status == 1 && result.record.reasonTexts.contains("the key is gone"), "\(result.said)")
    #expect(bench.told.isEmpty)
  }

  @Test("EventBridge's event names the job; one of a job that goes on does nothing, and other input is refused")
  func events() async throws {
    func event(_ job: String) -> String {
      "{\"version\":\"0\",\"source\":\"aws.backup\",\"detail-type\":\"Restore Job State Change\",\"region\":\"eu-west-1\",\"detail\":{\"restoreJobId\":\"\(job)\",\"status\":\"COMPLETED\"}}"
    }
    let bench = try await bench()
    let result = await bench.validate([], event: event(ValidateRestoreTests.job))
    #expect(result.status == 0 && bench.told.count == 1, "\(result.said)")
    for other in ["", "{}", event("../x"), event("").replacing("aws.backup", with: "aws.ec2"), String(repeating: " ", count: 300_000)] {
      let refused = await bench.validate([], event: other)
      #expect(refused.status == 64, "\(refused.said)")
    }
    let running = try await self.bench(status: "RUNNING")
    let waiting = await running.validate()
    #expect(waiting.status == 0 && waiting.stdout.contains("goes on") && running.told.isEmpty, "\(waiting.said)")
  }

  @Test("what cannot be asked is refused before anything is sealed: another resource, no password, another engine")
  func refused() async throws {
    let volume = try await bench(created: "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1")
    let noPassword = try await bench(restore: "")
    for (bench, words) in [(volume, "volume/vol-1"), (noPassword, "password")] {
      let result = await bench.validate()
      #expect(result.status == 64 && result.stderr.contains(words), "\(result.said)")
      #expect(bench.told.isEmpty && result.stdout.isEmpty)
    }
  }

  @Test("AWS Backup that is away for a moment is told then; one that refuses is told of by hand")
  func reporting() async throws {
    let unavailable = ScriptedReply.answer(500, headers: [("x-amzn-ErrorType", "ServiceUnavailableException")], body: "{}")
    let later = try await bench(report: { $0 < 4 ? unavailable : .answer(204) })
    let told = await later.validate()
    #expect(told.status == 0 && later.told.count == 5, "\(told.said)")
    let denied = try await bench(report: { _ in .answer(403, headers: [("x-amzn-ErrorType", "AccessDeniedException")], body: "{}") })
    let refused = await denied.validate()
    #expect(refused.status == 2 && refused.record["verdict"].text == "passed", "\(refused.said)")
    #expect(refused.stderr.contains("backup:PutRestoreValidationResult") || refused.stderr.contains("put-restore-validation-result"))
  }
}
