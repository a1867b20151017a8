import AWSClient
import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import Selecting
import Testing

@testable import SourceAWSBackup

@Suite("Recovery points of a vault")
struct VaultSourceTests {
  private static let resource = "arn:aws:rds:eu-west-1:123456789012:db:orders"

  private func point(_ number: Int, _ status: String = "COMPLETED", _ created: String = "1795000000", arn: String? = nil) -> String {
    let arn = arn ?? "arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:job-\(number)"
    return
      "{\"RecoveryPointArn\":\"\(arn)\",\"ResourceArn\":\"\(VaultSourceTests.resource)\",\"Status\":\"\(status)\",\"CreationDate\":\(created)}"
  }

  /// A source over a vault that holds these points, beside an RDS.
  private func source(_ points: [String], _ bench: RDSBench = RDSBench()) throws -> (VaultSource, ScriptedHTTPServer) {
    let server = ScriptedHTTPServer(.answer(200, body: "{\"RecoveryPoints\":[\(points.joined(separator: ","))]}"))
    var host = AWSHost(
      environment: bench.rds.environment.merging(["AWS_ENDPOINT_URL_BACKUP": server.url]) { $1 }, clocks: HostClocks())
    host.sleep = { _, _ in }
    let resource = try #require(RDSName(arn: VaultSourceTests.resource))
    return (VaultSource(vault: "main", resource: resource, connection: AWSConnection(AWSSettings(), host: host)), server)
  }

  @Test("have the time that AWS Backup vouches for; what is unfinished or broken is rejected, what is going or continuous is none")
  func listed() async throws {
    let continuous = "arn:aws:backup:eu-west-1:123456789012:recovery-point:continuous:db-1"
    let (source, server) = try source([
      point(1), point(2, "CREATING"), point(3, "PARTIAL"), point(4, "EXPIRED"), point(5, "DELETING"), point(6, arn: continuous),
      point(7, "COMPLETED", "null"),
    ])
    let found = try await source.artefacts()
    #expect(found.map(\.name) == ["awsbackup:job-1", "awsbackup:job-2", "awsbackup:job-3", "awsbackup:job-7"])
    #expect(found[0].obstacle == nil && found[0].takenAt == Timestamp(seconds: 1_795_000_000))
    #expect(found[1].isBeingWritten && found[1].takenAt == nil && found[2].obstacle != nil && found[3].obstacle != nil)
    #expect(server.requests.count == 1)
    let none = try self.source([])
    #expect(try await none.0.artefacts().isEmpty)
  }

  @Test("that are snapshots of RDS are handed to the engine; one that is gone, and one that only AWS Backup can restore, say so")
  func opened() async throws {
    var snapshot = ScriptedRDS.Snapshot("awsbackup:job-1", created: "2026-11-20T04:00:00Z")
    snapshot.type = "awsbackup"
    let bench = RDSBench { $0.snapshots = [snapshot] }
    let (source, server) = try source([point(1), point(2)], bench)
    let found = try await source.artefacts()
    guard case .handle(let handle) = try await source.open(found[0]) else {
      Issue.record("it is no handle")
      return
    }
    #expect(try RDSRecoveryPoint(handle: handle).source == "orders")
    let gone = await bench.fault { _ = try await source.open(found[1]) }
    #expect(gone?.code == .backupUnreadable)
    let other = Artefact(location: "arn:aws:backup:eu-west-1:1:recovery-point:x", name: "x", bytes: nil, modified: nil)
    let foreign = await bench.fault { _ = try await source.open(other) }
    #expect(foreign?.code == .configuration && foreign?.advice?.contains("validate-restore") == true)
    #expect(server.requests.count == 1)
  }

  @Test("of another region are copies, opened where their vault is; the permissions name the vault")
  func copied() async throws {
    var snapshot = ScriptedRDS.Snapshot("awsbackup:copyjob-1", created: "2026-11-20T04:00:00Z")
    snapshot.type = "awsbackup"
    let bench = RDSBench { $0.snapshots = [snapshot] }
    let (near, _) = try source([], bench)
    let resource = try #require(RDSName(arn: VaultSourceTests.resource.replacing("eu-west-1", with: "us-east-1")))
    let source = VaultSource(vault: "main", resource: resource, connection: bench.connection)
    let arn = "arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:copyjob-1"
    let artefact = Artefact(location: arn, name: "awsbackup:copyjob-1", bytes: nil, modified: nil)
    guard case .handle(let handle) = try await source.open(artefact) else { throw CancellationError() }
    #expect(try RDSRecoveryPoint(handle: handle).region == "eu-west-1")
    let needed = near.permissions.map { "\($0.action) \($0.resource)" }
    #expect(needed.contains("backup:ListRecoveryPointsByBackupVault arn:aws:backup:*:*:backup-vault:main"), "\(needed)")
    #expect(needed.contains("rds:DescribeDBSnapshots *"))
  }

  @Test("that may not be listed say which permission is missing")
  func denied() async throws {
    let bench = RDSBench()
    let server = ScriptedHTTPServer(.answer(403, headers: [("x-amzn-ErrorType", "AccessDeniedException")], body: "{\"message\":\"no\"}"))
    let host = AWSHost(environment: bench.rds.environment.merging(["AWS_ENDPOINT_URL_BACKUP": server.url]) { $1 }, clocks: HostClocks())
    let resource = try #require(RDSName(arn: VaultSourceTests.resource))
    let source = VaultSource(vault: "main", resource: resource, connection: AWSConnection(AWSSettings(), host: host))
    let fault = await bench.fault { _ = try await source.artefacts() }
    #expect(fault?.code == .permissionDenied && fault?.advice?.contains("backup:ListRecoveryPointsByBackupVault") == true)
  }

  @Test(
    "are only of what an ARN of RDS names",
    arguments: [
      "orders", "arn:aws:rds:eu-west-1:123456789012:db:", "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1",
      "arn:aws:rds:eu-west-1:12:db:orders", "arn:aws:rds:eu-west-1:123456789012:snapshot:x", "arn:aws:rds::123456789012:db:orders",
      "arn:aws:rds:eu-west-1:123456789012:db:a b", "arn:aws:rds:eu.evil.example/:123456789012:db:orders",
    ])
  func names(_ arn: String) { #expect(RDSName(arn: arn) == nil) }

  @Test("an ARN gives region, account and name, of a cluster too, and in other partitions")
  func cluster() throws {
    let name = try #require(RDSName(arn: "arn:aws-cn:rds:cn-north-1:123456789012:cluster:Orders-1"))
    #expect(name.isCluster && name.region == "cn-north-1" && name.account == "123456789012" && name.name == "Orders-1")
  }
}
