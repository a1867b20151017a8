import AWSKit
import DrillModel
import DrillTestSupport
import EngineKit
import Synchronization
import Testing

@testable import EngineRDS

@Suite("Removing what a run had RDS make")
struct RDSRemovalTests {
  private func reap(_ bench: RDSBench, _ resource: RDSResource? = nil, state: ScratchResource.State = .made, of run: RunID? = nil) async
    -> Fault?
  {
    var row = (resource ?? bench.resource()).row
    row.state = state
    let wanted = row
    return await bench.fault {
      try await RDSReaper(connection: bench.connection, pace: bench.pace).destroy(wanted, of: run ?? bench.run, tools: NoPrograms())
    }
  }

  @Test("asks for no last snapshot and returns only when it is gone")
  func removed() async throws {
    let bench = RDSBench { $0.looksWhileDeleting = 7 }
    bench.put()
    #expect(await reap(bench) == nil)
    #expect(bench.rds.scratch.isEmpty && bench.rds.now.deletions.count == 1)
    #expect(await reap(bench) == nil, "one that is gone is a success")
  }

  @Test("waits until RDS lets it: while it is being made, and through throttling")
  func refusedForNow() async throws {
    let bench = RDSBench { action, _, count in
      action == "DeleteDBInstance" && count < 4 ? .instead(ScriptedRDS.error("Throttling")) : nil
    }
    bench.put(["creating", "creating", "creating", "backing-up", "available"])
    #expect(await reap(bench) == nil)
    #expect(bench.rds.scratch.isEmpty && bench.rds.now.deletions.count > 1)
  }

  @Test("lifts the protection of its own instance, and of no other")
  func protected() async throws {
    let bench = RDSBench()
    bench.put { $0.isProtected = true }
    #expect(await reap(bench) == nil)
    #expect(bench.rds.scratch.isEmpty && bench.rds.now.calls.contains("ModifyDBInstance"))
    let strange = RDSBench()
    strange.put(tag: RDSBench.other.text) { $0.isProtected = true }
    #expect(await reap(strange) != nil)
    #expect(
      strange.rds.now.databases.first?.isProtected == true
        && !strange.rds.now.calls.contains { $0.hasPrefix("Modify") || $0.hasPrefix("Delete") })
  }

  @Test("leaves alone what only looks like a run's: without its tag, with another's tag, of another account, of another run's row")
  func strangers() async throws {
    let untagged = RDSBench()
    untagged.put { $0.tags = [:] }
    let copied = RDSBench()
    copied.rds.change { state in
      var production = ScriptedRDS.Database("orders")
      production.tags = ["drillmark:run": copied.run.text]
      state.databases = [production]
    }
    let elsewhere = RDSBench()
    elsewhere.put { $0.account = "999999999999" }
    for bench in [untagged, elsewhere] {
      let fault = await reap(bench)
      #expect(fault?.message.contains("left alone") == true, "\(fault.map { "\($0)" } ?? "none")")
      #expect(bench.rds.now.deletions.isEmpty && bench.rds.now.databases.count == 1)
    }
    #expect(await reap(copied) == nil, "what the row names is not there")
    #expect(copied.rds.now.databases.count == 1 && copied.rds.now.deletions.isEmpty)
    let production = ScratchResource(kind: "rds-instance", name: "arn:aws:rds:eu-west-1:123456789012:db:orders", state: .made)
    let fault = await copied.fault {
      try await RDSReaper(connection: copied.connection, pace: copied.pace).destroy(production, of: copied.run, tools: NoPrograms())
    }
    #expect(fault != nil && copied.rds.now.deletions.isEmpty)
    let mine = RDSBench()
    mine.put()
    #expect(await reap(mine, of: RDSBench.other) != nil)
    #expect(mine.rds.now.deletions.isEmpty)
  }

  @Test("does not take for gone what another account's credentials cannot see")
  func otherAccount() async throws {
    let bench = RDSBench()
    let fault = await reap(bench, bench.resource(account: "999999999999"))
    #expect(fault?.description.contains("account 999999999999") == true, "\(fault.map { "\($0)" } ?? "none")")
    #expect(fault?.description.contains("aws rds delete-db-instance") == true)
  }

  @Test("looks a while for what may still be on its way")
  func late() async throws {
    let bench = RDSBench { action, _, count in
      action == "DescribeDBInstances" && count < 3 ? .instead(ScriptedRDS.error("DBInstanceNotFound", status: 404)) : nil
    }
    bench.put()
    #expect(await reap(bench, state: .intended) == nil)
    #expect(bench.rds.scratch.isEmpty)
  }

  @Test("that is refused says that it bills on, and the commands that end it")
  func refused() async throws {
    let bench = RDSBench { action, _, _ in
      action == "DeleteDBInstance" ? .instead(ScriptedRDS.error("AccessDenied", "User x is not authorized to perform", status: 403)) : nil
    }
    bench.put()
    let text = await reap(bench)?.description ?? ""
    #expect(text.contains("bills as long as it exists") && text.contains("rds:DeleteDBInstance"), "\(text)")
    #expect(
      text.contains(
        "aws rds delete-db-instance --db-instance-identifier drillmark-01ka0000000000000000000000 --skip-final-snapshot "
          + "--delete-automated-backups --region eu-west-1"))
  }

  @Test("that may not lift the protection names that permission, and not the one to delete")
  func protectionStays() async throws {
    let bench = RDSBench { action, _, _ in
      action.hasPrefix("Modify") ? .instead(ScriptedRDS.error("AccessDenied", "not authorized", status: 403)) : nil
    }
    bench.put { $0.isProtected = true }
    let text = await reap(bench)?.description ?? ""
    #expect(text.contains("Allow rds:ModifyDBInstance") && !text.contains("rds:DeleteDB"), "\(text)")
    #expect(text.contains("--no-deletion-protection") && bench.rds.scratch.count == 1)
  }

  @Test("ends with the reason when AWS cannot be asked, soon without credentials, and not for a moment's trouble or throttling")
  func unreachable() async throws {
    let waits = Mutex(Duration.zero)
    func pace() -> Pace { Pace(sleep: { wait in waits.withLock { $0 += wait } }) }
    for (reply, words, limit) in [
      (ScriptedReply.cut, "Removing drillmark-", Duration.seconds(330)),
      (ScriptedRDS.error("ExpiredToken", "no", status: 403), "expired", .seconds(30)),
    ] {
      let bench = RDSBench { _, _, _ in .instead(reply) }
      waits.withLock { $0 = .zero }
      let fault = await bench.fault {
        try await RDSReaper(connection: bench.connection, pace: pace()).destroy(bench.resource().row, of: bench.run, tools: NoPrograms())
      }
      #expect(fault?.description.contains(words) == true && waits.withLock { $0 } <= limit, "\(fault.map { "\($0)" } ?? "none")")
      #expect(fault?.description.contains("aws rds delete-db-instance") == true)
    }
    let throttled = RDSBench { action, _, count in
      action == "DescribeDBInstances" && count < 300 ? .instead(ScriptedRDS.error("Throttling")) : nil
    }
    throttled.put()
    #expect(await reap(throttled) == nil && throttled.rds.scratch.isEmpty)
    let moment = RDSBench { action, _, count in action == "GetCallerIdentity" && count < 4 ? .instead(.cut) : nil }
    #expect(await reap(moment) == nil, "asking whose account it is may take a second try")
  }

  @Test("does not take for gone what was made a moment ago and is not shown yet")
  func notShown() async throws {
    let bench = RDSBench { action, _, count in
      action == "DescribeDBInstances" && count < 3 ? .instead(ScriptedRDS.error("DBInstanceNotFound", status: 404)) : nil
    }
    bench.put()
    #expect(await reap(bench, state: .made) == nil)
    #expect(bench.rds.scratch.isEmpty)
  }

  @Test("of a Multi-AZ DB cluster asks for the cluster alone, and returns only when its instances are gone too")
  func members() async throws {
    let bench = RDSBench()
    bench.put(isCluster: true)
    bench.rds.change { state in
      for number in 1...3 {
        var member = ScriptedRDS.Database("\(state.databases[0].name)-instance-\(number)")
        member.cluster = state.databases[0].name
        state.databases.append(member)
      }
    }
    #expect(await reap(bench, bench.resource(isCluster: true)) == nil)
    #expect(bench.rds.scratch.isEmpty && bench.rds.now.deletions.count == 1)
    #expect(!bench.rds.now.calls.contains("DeleteDBInstance"))
  }

  @Test("of a cluster takes its commands and calls")
  func cluster() async throws {
    let bench = RDSBench()
    bench.put(isCluster: true)
    #expect(await reap(bench, bench.resource(isCluster: true)) == nil)
    #expect(bench.rds.scratch.isEmpty && bench.rds.now.calls.contains("DeleteDBCluster"))
    #expect(bench.resource(isCluster: true).remains.contains("aws rds delete-db-cluster"))
  }
}
