import AWSClient
import AWSKit
import DrillModel
import DrillTestSupport
import Synchronization
import Testing

@testable import EngineRDS

@Suite("What a run has RDS make")
struct RDSMakingTests {
  private func make(_ bench: RDSBench) async throws -> RDSDatabase {
    let restore = bench.restore()
    return try await bench.workshop().make("RestoreDBInstanceFromDBSnapshot") { try $0.restoreInstance(restore) }
  }

  private func restores(_ bench: RDSBench) -> Int { bench.rds.now.calls.count { $0.hasPrefix("Restore") } }

  @Test("is private, unprotected, in one zone, without backups, and tagged with the run")
  func asked() async throws {
    let bench = RDSBench()
    _ = try await make(bench)
    let made = try #require(bench.rds.now.databases.first)
    for name in ["PubliclyAccessible", "DeletionProtection", "MultiAZ", "CopyTagsToSnapshot"] {
      #expect(made.parameters[name] == "false", "\(name)")
    }
    #expect(made.parameters["BackupRetentionPeriod"] == "0" && made.name == "drillmark-01ka0000000000000000000000")
    #expect(made.tags == ["drillmark:run": bench.run.text, "drillmark:drill": "orders"])
  }

  @Test("is found again when the reply is lost after it was made, and asked for once more when it was lost before")
  func lostReplies() async throws {
    for isMade in [true, false] {
      let bench = RDSBench { action, _, count in
        guard action.hasPrefix("Restore"), count == 0 else { return nil }
        return isMade ? .after(.cut) : .instead(.cut)
      }
      #expect(try await make(bench).name == bench.rds.scratch.first)
      #expect(bench.rds.scratch.count == 1)
      #expect(restores(bench) == (isMade ? 1 : 2))
    }
  }

  @Test("counts as ours when a repeated request meets its own name, and is another's without the tag")
  func taken() async throws {
    let server = RDSBench { action, _, count in
      action.hasPrefix("Restore") && count == 0 ? .after(.answer(503, body: "<html>busy</html>")) : nil
    }
    #expect(try await make(server).name == server.rds.scratch.first)
    let strange = RDSBench()
    strange.put(tag: RDSBench.other.text)
    let fault = await strange.fault { _ = try await make(strange) }
    #expect(fault?.code == .productionGuard, "\(fault.map { "\($0)" } ?? "none")")
    #expect(strange.rds.now.databases.count == 1)
  }

  @Test("names a moment of the logs, and the capacity of a serverless cluster, which needs both its keys")
  func momentAndCapacity() async throws {
    let text =
      #"{"region":"eu-west-1","arn":"a","source":"orders","isCluster":true,"isOfLogs":true,"moment":%,"engine":"aurora-postgresql","#
      + #""engineVersion":"15.4","isEncrypted":false}"#
    let moment = try #require(Timestamp(rfc3339: "2026-11-20T08:00:00Z"))
    var point = try RDSRecoveryPoint(handle: text.replacing("%", with: "null"))
    point.moment = moment
    var options = RDSOptions()
    options.instanceClass = "db.serverless"
    #expect(throws: Fault.self) { try RDSMaking(point: point, options: options).confirm() }
    options.capacity = 0.5...4
    try RDSMaking(point: point, options: options).confirm()
    let bench = RDSBench()
    let restore = RDSMaking(point: point, options: options).restore(
      named: ScratchName.of(bench.run), in: ScriptedRDS.account, tags: RunTags.of(bench.run, labels: [:]))
    _ = try? await bench.workshop(isCluster: true).ask { try $0.restoreCluster(restore) }
    let sent = try #require(bench.rds.now.databases.first?.parameters)
    #expect(sent["RestoreToTime"] == "2026-11-20T08:00:00.000Z" && sent["UseLatestRestorableTime"] == nil, "\(sent)")
    #expect(
      sent["ServerlessV2ScalingConfiguration.MinCapacity"] == "0.5" && sent["ServerlessV2ScalingConfiguration.MaxCapacity"] == "4.0")
    #expect(RDSMaking(point: point, options: options).declared.joined().contains("0.5 to 4.0 capacity units"))
    point.isCluster = false
    #expect(throws: Fault.self) { try RDSMaking(point: point, options: options).confirm() }
  }

  @Test("is a Multi-AZ DB cluster with the instances that RDS makes, which plan tells, and no other options than it has")
  func multiZone() async throws {
    let text =
      #"{"region":"eu-west-1","arn":"arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:s","source":"orders","isCluster":true,"#
      + #""isOfLogs":false,"engine":"mysql","engineVersion":"8.0.35","isEncrypted":false,"gibibytes":100}"#
    let point = try RDSRecoveryPoint(handle: text)
    var options = RDSOptions()
    #expect(throws: Fault.self) { try RDSMaking(point: point, options: options).confirm() }
    (options.instanceClass, options.storageType) = ("db.m6gd.large", "io1")
    #expect(throws: Fault.self, "io1 needs its operations") { try RDSMaking(point: point, options: options).confirm() }
    options.iops = 3000
    let making = RDSMaking(point: point, options: options)
    try making.confirm()
    let sent = making.restore(named: "drillmark-x", in: ScriptedRDS.account, tags: [:])
    let bench = RDSBench()
    _ = try await bench.workshop(isCluster: true).ask { try $0.restoreCluster(sent) }
    let asked = try #require(bench.rds.now.databases.first?.parameters)
    let wanted = [
      "DBClusterInstanceClass": "db.m6gd.large", "Iops": "3000", "StorageType": "io1", "PubliclyAccessible": "false",
      "SnapshotIdentifier": "s", "DeletionProtection": "false", "Engine": "mysql",
    ]
    for (name, value) in wanted { #expect(asked[name] == value, "\(name)") }
    let told = making.declared.joined(separator: "\n")
    for words in ["Multi-AZ DB cluster", "three times 100 GiB of storage with 3000 IOPS", "a writer and two readers", "three zones"] {
      #expect(told.contains(words), "\(told)")
    }
    options.instanceClass = "db.serverless"
    #expect(throws: Fault.self) { try RDSMaking(point: point, options: options).confirm() }
    var aurora = point
    aurora.engine = "aurora-mysql"
    options.instanceClass = "db.t4g.medium"
    #expect(throws: Fault.self, "Aurora takes no operations") { try RDSMaking(point: aurora, options: options).confirm() }
    options.iops = nil
    try RDSMaking(point: aurora, options: options).confirm()
  }

  @Test("is not made when RDS refuses, with a verdict by whose fault it is")
  func refusals() async throws {
    let cases: [(String, Verdict, String)] = [
      ("DBSnapshotNotFound", .failed, "deleted since"), ("InvalidDBSnapshotState", .failed, "status"),
      ("InstanceQuotaExceeded", .cannotDrill, "quota"), ("StorageQuotaExceeded", .cannotDrill, "quota"),
      ("InsufficientDBInstanceCapacity", .cannotDrill, "class"), ("KMSKeyNotAccessibleFault", .cannotDrill, "kms:CreateGrant"),
      ("PointInTimeRestoreNotEnabled", .failed, "automated backups"),
      ("DBSubnetGroupNotFoundFault", .cannotDrill, "DBSubnetGroupNotFoundFault"),
      ("AccessDenied", .cannotDrill, "rds:RestoreDBInstanceFromDBSnapshot"), ("InvalidRestoreFault", .failed, "InvalidRestoreFault"),
    ]
    for (code, verdict, words) in cases {
      let bench = RDSBench { action, _, _ in action.hasPrefix("Restore") ? .instead(ScriptedRDS.error(code)) : nil }
      do {
        _ = try await make(bench)
        Issue.record("\(code) is a refusal")
      } catch let refusal as RDSWorkshop.NotMade {
        #expect(refusal.fault.code.verdict == verdict && refusal.fault.description.contains(words), "\(code): \(refusal.fault)")
      }
      #expect(restores(bench) == 1)
    }
  }

  @Test("is waited for through throttling and cuts, as long as it takes")
  func patience() async throws {
    let bench = RDSBench { action, _, count in
      guard action == "DescribeDBInstances", count < 40 else { return nil }
      return count % 2 == 0 ? .instead(ScriptedRDS.error("Throttling")) : .instead(.cut)
    }
    bench.put(Array(repeating: "creating", count: 300) + ["available"])
    #expect(try await bench.workshop().waitUntilReady().status == "available")
  }

  @Test(
    "is given up at once when its status says that nothing will come of it",
    arguments: [
      ("failed", Verdict.failed), ("incompatible-restore", .failed), ("restore-error", .failed), ("migration-failed", .failed),
      ("cloning-failed", .failed), ("incompatible-network", .cannotDrill),
      ("incompatible-parameters", .cannotDrill), ("incompatible-option-group", .cannotDrill), ("incompatible-credentials", .cannotDrill),
      ("storage-full", .cannotDrill), ("inaccessible-encryption-credentials", .cannotDrill), ("insufficient-capacity", .cannotDrill),
      ("deleting", .cannotDrill), ("stopped", .cannotDrill),
    ])
  func badEnds(_ status: String, _ verdict: Verdict) async throws {
    let bench = RDSBench()
    bench.put(["creating", status])
    let fault = await bench.fault { _ = try await bench.workshop().waitUntilReady() }
    #expect(fault?.code.verdict == verdict && fault?.description.contains(status) == true, "\(fault.map { "\($0)" } ?? "none")")
    #expect(bench.rds.now.calls.count == 2)
  }

  @Test("is waited for while RDS does not show it yet, and given up when it never does")
  func shownLate() async throws {
    let late = RDSBench { action, _, count in
      action == "DescribeDBInstances" && count < 10 ? .instead(ScriptedRDS.error("DBInstanceNotFound", status: 404)) : nil
    }
    late.put(["creating", "available"])
    #expect(try await late.workshop().waitUntilReady().status == "available")
    let never = RDSBench()
    let fault = await never.fault { _ = try await never.workshop().waitUntilReady() }
    #expect(fault?.code.verdict == .cannotDrill && fault?.message.contains("is gone, or RDS does not show") == true)
  }

  @Test("is not waited for without end with credentials that have expired")
  func expired() async throws {
    let bench = RDSBench { action, _, count in
      action == "DescribeDBInstances" && count > 2 ? .instead(ScriptedRDS.error("ExpiredToken", "no", status: 403)) : nil
    }
    bench.put(["creating"])
    let fault = await bench.fault { _ = try await bench.workshop().waitUntilReady() }
    #expect(fault?.code == .credentials && bench.rds.now.calls.count < 200, "\(fault.map { "\($0)" } ?? "none")")
  }

  @Test("is asked for, and changed, through throttling and states that pass; a refusal to change it is told at once with its permission")
  func throttled() async throws {
    let bench = RDSBench { action, _, count in
      if action.hasPrefix("Restore"), count < 20 { return .instead(ScriptedRDS.error("Throttling")) }
      guard action == "ModifyDBInstance", count < 4 else { return nil }
      return .instead(ScriptedRDS.error(count < 2 ? "InvalidDBInstanceState" : "Throttling"))
    }
    let made = try await make(bench)
    #expect(bench.rds.scratch == [made.name])
    try await bench.workshop().changePatiently("x") { _ = try $0.setPassword("p", of: made.name, isCluster: false) }
    for (code, words) in [("AccessDenied", "Allow rds:ModifyDBInstance"), ("InvalidParameterValue", "InvalidParameterValue")] {
      let refusing = RDSBench { action, _, _ in action.hasPrefix("Modify") ? .instead(ScriptedRDS.error(code, status: 403)) : nil }
      refusing.put()
      let fault = await refusing.fault {
        try await refusing.workshop().changePatiently("x") {
          _ = try $0.setPassword("p", of: ScratchName.of(RDSBench.usual), isCluster: false)
        }
      }
      #expect(fault?.description.contains(words) == true && refusing.rds.now.calls.count == 1, "\(fault.map { "\($0)" } ?? "none")")
    }
    let forever = RDSBench { action, _, _ in action.hasPrefix("Restore") ? .instead(ScriptedRDS.error("Throttling")) : nil }
    let fault = await forever.fault { _ = try await make(forever) }
    #expect(fault?.code == .sourceUnreachable && forever.rds.scratch.isEmpty)
  }

  @Test("stops being waited for when the run is cancelled")
  func cancelled() async throws {
    let bench = RDSBench()
    bench.put(["creating"])
    let waiting = Task { try await bench.workshop().waitUntilReady() }
    try await Task.sleep(for: .milliseconds(200))
    waiting.cancel()
    await #expect(throws: (any Error).self) { try await waiting.value }
  }
}
