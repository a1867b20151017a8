import AWSClient
import DrillModel
import DrillTestSupport
import HTTPTransport
import Testing

@Suite("Asking AWS Backup")
struct BackupClientTests {
  private static let job = "9E2B8B9C-0000-4000-8000-000000000001"
  private static let completed = """
    {"RestoreJobId":"\(job)","Status":"COMPLETED","RecoveryPointArn":"arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:job-1",
     "RecoveryPointCreationDate":1795000000.25,"CreationDate":1.7950036E9,"CompletionDate":1795004400.0,"PercentDone":"100.00%",
     "CreatedResourceArn":"arn:aws:rds:eu-west-1:123456789012:db:awsbackup-restore-test-1","ResourceType":"RDS","Unknown":{"a":[1]}}
    """

  private func client(_ server: ScriptedHTTPServer, _ bench: AWSBench = AWSBench()) throws -> BackupClient {
    BackupClient(bench.connection(AWSSettings(endpoint: server.url)), region: "eu-west-1", http: try HTTPClient())
  }

  /// The failure that `body` ends with; nil when it ends with none.
  private func failure(_ body: () throws -> Void) -> AWSFailure? {
    do { try body() } catch { return error as? AWSFailure }
    return nil
  }

  @Test("a restore job is read with its times, its duration and what it made, over a signed request")
  func described() throws {
    let bench = AWSBench()
    let server = ScriptedHTTPServer(.answer(200, body: BackupClientTests.completed))
    let job = try #require(try client(server, bench).restoreJob(BackupClientTests.job))
    #expect(job.status == .completed && job.resourceType == "RDS" && job.duration == .seconds(800))
    #expect(job.takenAt == Timestamp(milliseconds: 1_795_000_000_250))
    #expect(job.created == "arn:aws:rds:eu-west-1:123456789012:db:awsbackup-restore-test-1")
    let request = try #require(server.requests.first)
    #expect(request.method == "GET" && request.target == "/restore-jobs/\(BackupClientTests.job)")
    #expect(request.header("Authorization")?.contains("/eu-west-1/backup/aws4_request") == true)
  }

  @Test("a job that is not there is nil; one that goes on, or made nothing, is told apart")
  func states() throws {
    let missing = ScriptedHTTPServer(
      .answer(400, headers: [("x-amzn-ErrorType", "ResourceNotFoundException")], body: "{\"Message\":\"no such job\"}"))
    #expect(try client(missing).restoreJob("x") == nil)
    for (word, status) in [
      ("PENDING", RestoreJob.Status.underWay), ("RUNNING", .underWay), ("FAILED", .ended("FAILED")), ("NEW", .ended("NEW")),
    ] {
      let server = ScriptedHTTPServer(.answer(200, body: "{\"RestoreJobId\":\"x\",\"Status\":\"\(word)\"}"))
      let job = try #require(try client(server).restoreJob("x"))
      #expect(job.status == status && job.created == nil && job.duration == nil && job.takenAt == nil)
    }
  }

  @Test(
    "what is no answer of AWS Backup's, or of another job, is never a job",
    arguments: ["", "{}", "<html></html>", "[]", "{\"RestoreJobId\":\"other\",\"Status\":\"COMPLETED\"}", "{\"RestoreJobId\":\"x\"}"])
  func nonsense(_ body: String) throws {
    let server = ScriptedHTTPServer(.answer(200, body: body))
    #expect(failure { _ = try client(server).restoreJob("x") }?.code == "unreadable")
    #expect(server.requests.count == 1)
  }

  @Test("a validation is reported in one line, and once more while AWS Backup is unavailable")
  func reported() throws {
    let bench = AWSBench()
    let server = ScriptedHTTPServer(
      .answer(500, headers: [("x-amzn-ErrorType", "ServiceUnavailableException")], body: "{\"Message\":\"later\"}"), .answer(204))
    try client(server, bench).report(
      .failed, "Drillmark failed\nrow \"1\" \(String(repeating: "x", count: 2000))", of: BackupClientTests.job)
    #expect(server.requests.count == 2 && bench.waits.count == 1)
    let request = try #require(server.requests.last)
    #expect(request.method == "PUT" && request.target == "/restore-jobs/\(BackupClientTests.job)/validations")
    let body = try #require(JSONValue(request.text))
    #expect(body["ValidationStatus"].text == "FAILED")
    let message = try #require(body["ValidationStatusMessage"].text)
    #expect(message.hasPrefix("Drillmark failed") && message.count <= 510 && !message.contains("\n"))
  }

  @Test("a refusal is told once, by its code")
  func refused() throws {
    let server = ScriptedHTTPServer(
      .answer(403, headers: [("x-amzn-ErrorType", "AccessDeniedException:http://x")], body: "{\"message\":\"no\"}"))
    let failure = try #require(failure { try client(server).report(.successful, "m", of: "x") })
    #expect(failure.kind == .refused && failure.code == "AccessDeniedException" && server.requests.count == 1)
  }

  @Test("recovery points come from every page, and a list that goes in circles is no list")
  func listed() throws {
    let server = ScriptedHTTPServer { request, _ in
      if request.target.contains("nextToken") {
        return .answer(200, body: "{\"RecoveryPoints\":[{\"RecoveryPointArn\":\"b\",\"Status\":\"PARTIAL\"}]}")
      }
      return .answer(
        200,
        body:
          "{\"NextToken\":\"a+b/c==\",\"RecoveryPoints\":[{\"RecoveryPointArn\":\"a\",\"Status\":\"COMPLETED\",\"CreationDate\":1.795E9}]}")
    }
    let points = try client(server).recoveryPoints(vault: "main", resource: "arn:aws:rds:eu-west-1:123456789012:db:orders")
    #expect(points.map(\.arn) == ["a", "b"] && points[0].createdAt == Timestamp(seconds: 1_795_000_000) && points[1].createdAt == nil)
    #expect(server.requests.first?.target.hasPrefix("/backup-vaults/main/recovery-points/?maxResults=1000&resourceArn=arn%3Aaws") == true)
    #expect(server.requests.last?.target.contains("nextToken=a%2Bb%2Fc%3D%3D") == true)
    let circle = ScriptedHTTPServer(.answer(200, body: "{\"NextToken\":\"t\",\"RecoveryPoints\":[]}"))
    #expect(failure { _ = try client(circle).recoveryPoints(vault: "main", resource: "r") }?.code == "unreadable")
    #expect(circle.requests.count == 2)
  }
}
