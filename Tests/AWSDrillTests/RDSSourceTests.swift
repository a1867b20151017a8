import AWSClient
import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import Selecting
import Testing

@testable import EngineRDS
@testable import SourceRDS

@Suite("RDS snapshots as recovery points")
struct RDSSourceTests {
  private static let now = Timestamp(rfc3339: "2026-11-21T12:00:00Z").unsafelyUnwrapped

  private func bench(_ snapshots: [ScriptedRDS.Snapshot]) -> RDSBench { RDSBench { $0.snapshots = snapshots } }

  private func surveyed(_ bench: RDSBench) async throws -> Survey {
    try survey(try await bench.source().artefacts(), rules: SelectionRules(), now: RDSSourceTests.now)
  }

  @Test("come from every kind and every page, each with the time that RDS vouches for")
  func listed() async throws {
    var copy = ScriptedRDS.Snapshot("copy", created: "2026-11-20T08:00:00Z")
    (copy.type, copy.originallyCreated) = ("manual", "2026-11-18T04:00:00.250Z")
    var vault = ScriptedRDS.Snapshot("awsbackup:job-1", created: "2026-11-19T04:00:00Z")
    (vault.type, vault.databaseTime) = ("awsbackup", "2026-11-19T03:58:00Z")
    let bench = bench([ScriptedRDS.Snapshot("rds:orders-1", created: "2026-11-21T04:00:00Z"), copy, vault])
    bench.rds.change { $0.pageSize = 1 }
    let found = try await surveyed(bench)
    #expect(found.candidates.map(\.id) == ["copy", "awsbackup:job-1", "rds:orders-1"])
    #expect(
      found.candidates.map { $0.time?.description } == ["2026-11-18T04:00:00.250Z", "2026-11-19T03:58:00.000Z", "2026-11-21T04:00:00.000Z"])
    #expect(found.candidates.allSatisfy { $0.origin == .metadata && $0.artefact.bytes == nil })
    #expect(bench.rds.now.calls.count == 3, "two pages and one of AWS Backup's")
  }

  @Test("of clusters that were copied have the time of their original or none, never that of the copying unless the drill trusts it")
  func copies() async throws {
    let arn = "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:"
    let sources = [
      ("rds:orders-1", nil), ("of-listed", "\(arn)rds:orders-1"),
      ("of-automated", "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:orders-2026-11-17-04-05"),
      ("of-unknown", "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:nightly"),
    ]
    let bench = bench(
      sources.map { name, source in
        var snapshot = ScriptedRDS.Snapshot(name, created: source == nil ? "2026-11-18T04:00:00Z" : "2026-11-21T08:00:00Z")
        (snapshot.isCluster, snapshot.engine, snapshot.copiedFrom) = (true, "aurora-postgresql", source)
        return snapshot
      })
    let source = try bench.source("cluster:orders")
    var rules = SelectionRules()
    let found = try survey(try await source.artefacts(), rules: rules, now: RDSSourceTests.now)
    #expect(found.candidates.map(\.id) == ["of-automated", "of-listed", "rds:orders-1", "of-unknown"])
    let copied = "2026-11-21T08:00:00.000Z"
    let listed = "2026-11-18T04:00:00.000Z"
    #expect(found.candidates.map { $0.time?.description } == ["2026-11-17T04:05:00.000Z", listed, listed, nil])
    for candidate in found.candidates {
      guard case .handle(let handle) = try await source.open(candidate.artefact) else { throw CancellationError() }
      let point = try RDSRecoveryPoint(handle: handle)
      #expect(point.takenAt == candidate.time && point.description.contains("a copy: RDS") == (candidate.time == nil))
    }
    rules.trustModifiedTime = true
    let trusting = try survey(try await source.artefacts(), rules: rules, now: RDSSourceTests.now)
    #expect(trusting.candidates.last?.time?.description == copied && trusting.candidates.last?.origin == .modified)
  }

  @Test("are rejected while they are made, which says nothing against the ones before; a failed one does")
  func rejected() async throws {
    var creating = ScriptedRDS.Snapshot("new", created: nil)
    creating.status = "creating"
    var failed = ScriptedRDS.Snapshot("broken", created: "2026-11-21T11:50:00Z")
    failed.status = "failed"
    let good = ScriptedRDS.Snapshot("rds:orders-1", created: "2026-11-21T04:00:00Z")
    let found = try await surveyed(bench([good, creating, failed]))
    #expect(found.candidates.map(\.id) == ["rds:orders-1"])
    let newer = found.newerRejections(than: found.candidates[0], selection: .latest, failureInstant: RDSSourceTests.now)
    #expect(newer.map(\.artefact.name).sorted() == ["broken", "new"])
    #expect(newer.first { $0.artefact.name == "new" }?.isSettling == true)
    #expect(newer.first { $0.artefact.name == "new" }?.reason.contains("12 % done") == true)
    #expect(newer.first { $0.artefact.name == "broken" }?.isSettling == false)
  }

  @Test("are none for an instance that has none, which is a finding and no error")
  func none() async throws {
    let found = try await surveyed(bench([]))
    var random = SystemRandomNumberGenerator()
    #expect(throws: Fault.self) { try found.choose(.latest, failureInstant: RDSSourceTests.now, using: &random) }
  }

  @Test("of clusters are asked for as such, and opening one that was deleted meanwhile says so")
  func clusters() async throws {
    var snapshot = ScriptedRDS.Snapshot("c1", created: "2026-11-21T04:00:00Z")
    (snapshot.isCluster, snapshot.engine) = (true, "aurora-postgresql")
    let bench = bench([snapshot])
    let source = try bench.source("cluster:orders")
    let artefact = try #require(try await source.artefacts().first)
    guard case .handle(let handle) = try await source.open(artefact) else {
      Issue.record("a handle was expected")
      return
    }
    #expect(handle.contains("aurora-postgresql") && handle.contains(":cluster-snapshot:c1".replacing("/", with: "\\/")))
    bench.rds.change { $0.snapshots = [] }
    #expect(await bench.fault { _ = try await source.open(artefact) }?.code == .backupUnreadable)
  }

  @Test("give way to the newest moment that the logs reach; without logs there is none")
  func newestMoment() async throws {
    let bench = bench([])
    var original = ScriptedRDS.Database("orders")
    original.latestRestorable = "2026-11-21T11:55:00Z"
    bench.rds.change { $0.databases = [original] }
    let source = try bench.source(usesLogs: true)
    let found = try survey(try await source.artefacts(), rules: SelectionRules(), now: RDSSourceTests.now)
    #expect(found.candidates.first?.time?.description == "2026-11-21T11:55:00.000Z")
    bench.rds.change { $0.databases[0].latestRestorable = nil }
    #expect(try await source.artefacts().first?.obstacle?.contains("retention") == true)
    bench.rds.change { $0.databases = [] }
    #expect(await bench.fault { _ = try await source.artefacts() }?.code == .nothingToRestore)
  }

  @Test("give way to a moment that the drill names, unless the logs do not reach it")
  func namedMoment() async throws {
    let bench = bench([])
    var original = ScriptedRDS.Database("orders")
    original.latestRestorable = "2026-11-21T11:55:00Z"
    bench.rds.change { $0.databases = [original] }
    let moment = try #require(Timestamp(rfc3339: "2026-11-20T08:00:00Z"))
    let source = try bench.source(usesLogs: true, moment: moment)
    let artefact = try #require(try await source.artefacts().first)
    #expect(artefact.takenAt == moment && artefact.obstacle == nil)
    guard case .handle(let handle) = try await source.open(artefact) else { throw CancellationError() }
    let point = try RDSRecoveryPoint(handle: handle)
    #expect(point.moment == moment && point.takenAt == moment)
    let restore = RDSMaking(point: point, options: RDSOptions()).restore(named: "drillmark-x", in: ScriptedRDS.account, tags: [:])
    #expect(restore.origin == .moment(of: "orders", moment))
    let future = try bench.source(usesLogs: true, moment: moment + .seconds(86_400 * 2))
    #expect(try await future.artefacts().first?.obstacle?.contains("reach to 2026-11-21") == true)
  }

  @Test("cannot be listed without permission, which names the action; throttling and nonsense are ours to wait out")
  func refused() async throws {
    let cases: [(ScriptedReply, FaultCode, String)] = [
      (ScriptedRDS.error("AccessDenied", "User x is not authorized", status: 403), .permissionDenied, "rds:DescribeDBSnapshots"),
      (ScriptedRDS.error("Throttling", "Rate exceeded"), .sourceUnreachable, "Throttling"),
      (.answer(200, body: "<html>login</html>"), .sourceUnreachable, "something else"),
      (.answer(200, body: "<!DOCTYPE a [<!ENTITY a \"b\">]><a>&a;</a>"), .sourceUnreachable, "something else"),
      (.flood(50 << 20), .sourceUnreachable, ""),
      (ScriptedRDS.error("SignatureDoesNotMatch", status: 403), .credentials, "credentials"),
    ]
    for (reply, code, words) in cases {
      let bench = RDSBench { _, _, _ in .instead(reply) }
      let fault = await bench.fault { _ = try await bench.source().artefacts() }
      #expect(fault?.code == code, "\(code): \(fault.map { "\($0)" } ?? "none")")
      #expect(fault?.description.contains(words) == true, "\(fault?.description ?? "")")
    }
  }

  @Test("are listed although this machine's clock is wrong, which the source then knows")
  func wrongClock() async throws {
    let bench = RDSBench { action, _, count in
      guard action == "DescribeDBSnapshots", count == 0 else { return nil }
      let body = "<ErrorResponse><Error><Code>RequestExpired</Code><Message>no</Message></Error></ErrorResponse>"
      return .instead(.answer(403, headers: [("Date", "Sun, 06 Nov 2067 08:49:37 GMT")], body: body))
    }
    let source = try bench.source()
    #expect(source.clockError == .zero)
    _ = try await source.artefacts()
    #expect(source.clockError > .seconds(365 * 86_400))
  }

  @Test(
    "have names that are letters, digits and hyphens",
    arguments: ["", "a/b", "a b", "$(id)", "cluster:", String(repeating: "a", count: 64), "ü"])
  func names(_ text: String) {
    #expect(throws: Fault.self) { try RDSPlace(text) }
  }
}
