import DrillTestSupport
import Glibc
import Synchronization
import Testing

@Suite("RDS drills from the command line", .serialized, .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct RDSRunTests {
  private static let password = GivenPostgreSQL.password

  /// A site with the drill `d`, and an RDS whose restored instances are a PostgreSQL of ours.
  private func bench(
    _ restore: String = ", password: {env: DRILL_DB}", from: String = "rds:orders",
    checks: String = "  - rows: {table: orders, equals: 1000}\n",
    intervene: @escaping @Sendable (String, [String: String], Int) -> ScriptedRDS.Intervention? = { _, _, _ in nil },
    change: (inout ScriptedRDS.State) -> Void = { _ in }
  ) async throws -> (site: ScratchSite, rds: ScriptedRDS) {
    let postgres = try await RestoredPostgreSQL.shared()
    let made = RDSSite(
      on: postgres.server.port, authority: postgres.authority, restore: restore, from: from, checks: checks,
      password: RDSRunTests.password, onPassword: { postgres.setPassword($0.replacing("'", with: "''")) }, intervene: intervene,
      change: change)
    return (made.site, made.rds)
  }

  private func environment(_ rds: ScriptedRDS, _ more: [String: String] = [:]) -> [String: String] {
    rds.environment.merging(["DRILL_DB": RDSRunTests.password]) { $1 }.merging(more) { $1 }
  }

  @Test("restore the newest snapshot, check it over verified TLS, say its age by RDS's clock, and leave nothing")
  func good() async throws {
    let (site, rds) = try await bench()
    let result = await site.runJSON("d", environment: environment(rds))
    let record = result.record
    #expect(record["verdict"].text == "passed", "\(result.said)")
    #expect(record["recovery_point"]["id"].text == "rds:orders-new" && record["recovery_point"]["time_origin"].text == "metadata")
    #expect((record["rpo"]["worst_gap_s"].number ?? 0) > 80_000 && (record["rpo"]["artefact_age_s"].number ?? 0) > 7000, "\(record["rpo"])")
    #expect(record["cleanup"]["resources"].items.contains { $0["kind"].text == "rds-instance" && $0["state"].text == "destroyed" })
    #expect(record.reasonTexts.contains("before its blocks are loaded"))
    #expect(rds.scratch.isEmpty && rds.now.deletions.count == 1)
    let shown = await site.run("show", record["run"].text ?? "").stdout + result.said + site.durableText
    #expect(!shown.contains("p@ss") && !shown.contains("not-a-secret-key"))
    await site.expectClean()
  }

  @Test("set a new password where none is given, which is nowhere to be read afterwards")
  func newPassword() async throws {
    let seen = Mutex("")
    let (site, rds) = try await bench("") { action, form, _ in
      if let password = form["MasterUserPassword"] { seen.withLock { $0 = password } }
      return nil
    }
    let result = await site.runJSON("d", environment: environment(rds))
    #expect(result.record["verdict"].text == "passed", "\(result.said)")
    let password = seen.withLock { $0 }
    #expect(password.count == 40 && !(result.said + site.durableText).contains(password))
    #expect(rds.scratch.isEmpty)
  }

  @Test("are red for data that is missing, and for a snapshot that RDS cannot restore")
  func red() async throws {
    let (site, rds) = try await bench(checks: "  - rows: {table: orders, min: 5000}\n")
    let missing = await site.runJSON("d", environment: environment(rds))
    #expect(missing.status == 1 && missing.record["verdict"].text == "failed", "\(missing.said)")
    let (other, broken) = try await bench(change: { $0.whileRestoring = ["creating", "incompatible-restore"] })
    let failed = await other.runJSON("d", environment: environment(broken))
    #expect(failed.record["verdict"].text == "failed" && failed.record.reasonTexts.contains("incompatible-restore"), "\(failed.said)")
    #expect(rds.scratch.isEmpty && broken.scratch.isEmpty)
    await other.expectClean()
  }

  @Test("cannot be carried out for another engine, a wrong password or authority, or without permission; nothing is left")
  func cannot() async throws {
    let (site, rds) = try await bench(change: { state in
      for index in state.snapshots.indices { state.snapshots[index].engine = "oracle-ee" }
    })
    let oracle = await site.runJSON("d", environment: environment(rds))
    #expect(oracle.record["verdict"].text == "cannot_drill" && oracle.record.reasonTexts.contains("oracle-ee"), "\(oracle.said)")
    #expect(!rds.now.calls.contains { $0.hasPrefix("Restore") }, "told before anything is made")
    let (second, server) = try await bench()
    let wrong = await second.runJSON("d", environment: environment(server, ["DRILL_DB": "hunter2secret"]))
    #expect(wrong.record["verdict"].text == "cannot_drill" && wrong.record.reasonCodes.contains("credentials"), "\(wrong.said)")
    #expect(!(wrong.said + second.durableText).contains("hunter2secret") && server.scratch.isEmpty)
    let (third, denied) = try await bench { action, _, _ in
      action.hasPrefix("Restore") ? .instead(ScriptedRDS.error("AccessDenied", "User x is not authorized", status: 403)) : nil
    }
    let refused = await third.runJSON("d", environment: environment(denied))
    #expect(refused.record["verdict"].text == "cannot_drill", "\(refused.said)")
    #expect(refused.record.reasonTexts.contains("Allow rds:RestoreDBInstanceFromDBSnapshot"), "\(refused.said)")
    await third.expectClean()
  }

  @Test("restore Aurora clusters with one instance, and the newest moment of the logs")
  func clustersAndMoments() async throws {
    let (site, rds) = try await bench(
      from: "rds:cluster:orders",
      change: { state in
        for index in state.snapshots.indices {
          (state.snapshots[index].isCluster, state.snapshots[index].engine) = (true, "aurora-postgresql")
        }
      })
    let cluster = await site.runJSON("d", environment: environment(rds))
    #expect(cluster.record["verdict"].text == "passed", "\(cluster.said)")
    #expect(
      cluster.record["cleanup"]["resources"].items.compactMap { $0["kind"].text }.sorted() == ["directory", "rds-cluster", "rds-instance"])
    #expect(rds.scratch.isEmpty && rds.now.deletions.count == 2)
    let (other, moments) = try await bench(change: { state in
      var original = ScriptedRDS.Database("orders")
      original.latestRestorable = BackupStamp.rfc3339(.seconds(240))
      state.databases = [original]
    })
    other.drill(
      "d",
      TextFile.read("\(other.path)/drills/d.yaml").replacing("rds:orders\"", with: "rds:orders\", point-in-time: true").replacing(
        "drill: d\n", with: ""))
    let moment = await other.runJSON("d", environment: environment(moments))
    #expect(moment.record["verdict"].text == "passed", "\(moment.said)")
    #expect((moment.record["rpo"]["artefact_age_s"].number ?? 0) < 400 && moments.now.calls.contains("RestoreDBInstanceToPointInTime"))
    #expect(moments.scratch.isEmpty && moments.now.databases.map(\.name) == ["orders"])
  }

  @Test("are told by plan with everything that will be made and what it costs, and touch nothing")
  func plan() async throws {
    let (site, rds) = try await bench(", security-groups: [sg-1], subnet-group: drills")
    let drill = TextFile.read("\(site.path)/drills/d.yaml").replacing("db.t4g.medium", with: "db.r6g.16xlarge").replacing(
      "drill: d\n", with: "")
    site.drill("d", drill)
    let plan = await site.run("plan", "d", environment: environment(rds))
    #expect(plan.status == 0, "\(plan.said)")
    for words in [
      "rds:orders-new", "RDS instance drillmark-", "db.r6g.16xlarge: 64 vCPU, bills by the hour while it exists", "sg-1",
      "subnet group drills", "20 GiB",
    ] {
      #expect(plan.stdout.contains(words), "\(words): \(plan.said)")
    }
    #expect(!rds.now.calls.contains { $0.hasPrefix("Restore") })
  }

  @Test("that cannot remove their instance fail, say that it bills on with the commands that end it, and the next cleanup removes it")
  func leak() async throws {
    let isDenied = Mutex(true)
    let (site, rds) = try await bench { action, _, _ in
      let denied = isDenied.withLock { $0 } && action == "DeleteDBInstance"
      return denied ? .instead(ScriptedRDS.error("AccessDenied", "User x is not authorized", status: 403)) : nil
    }
    let result = await site.runJSON("d", environment: environment(rds))
    #expect(result.status == 1 && result.record["cleanup"]["verdict"].text == "leaked", "\(result.said)")
    let reasons = result.record.reasonTexts
    #expect(
      reasons.contains("bills as long as it exists") && reasons.contains("aws rds delete-db-instance --db-instance-identifier drillmark-"))
    let still = await site.run("cleanup", environment: environment(rds))
    #expect(still.status == 1 && still.said.contains("aws rds delete-db-instance"), "\(still.said)")
    isDenied.withLock { $0 = false }
    let gone = await site.run("cleanup", environment: environment(rds))
    #expect(gone.status == 0 && rds.scratch.isEmpty, "\(gone.said)")
  }

  @Test("killed at any step around making and removing: the next start removes what there is, once, and nothing else")
  func killed() async throws {
    let (site, rds) = try await bench(change: { state in
      state.whileRestoring = ["available"]
      state.looksWhileDeleting = 0
      var production = ScriptedRDS.Database("drillmark-production")
      production.tags = ["drillmark:run": "01KA0000000000000000000000"]
      state.databases = [production, ScriptedRDS.Database("orders")]
    })
    let log = "\(site.path)/steps"
    let whole = await site.runJSON("d", environment: environment(rds, ["DRILLMARK_CRASH_LOG": log]))
    #expect(whole.record["verdict"].text == "passed", "\(whole.said)")
    let steps = TextFile.read(log).split(separator: "\n").map(String.init)
    let around = steps.filter {
      $0.contains("rds-instance") || ["intended:2", "made:2", "began cleanup", "began restore", "ended restore"].contains($0)
    }
    #expect(around.contains("made rds-instance, not recorded") && around.contains("gone rds-instance, not recorded"), "\(steps)")
    for step in around {
      let killed = await site.runJSON("d", environment: environment(rds, ["DRILLMARK_CRASH_AT": step]))
      #expect(killed.status == 128 + SIGKILL, "\(step): \(killed.said)")
      let cleanup = await site.run("cleanup", environment: environment(rds))
      #expect(cleanup.status == 0, "\(step): \(cleanup.said)")
      #expect(rds.now.databases.map(\.name) == ["drillmark-production", "orders"], "\(step)")
    }
    await site.expectClean()
  }

  @Test("killed between the call and its reply: what RDS then made is found by its name and tag and removed")
  func killedInCall() async throws {
    let (site, rds) = try await bench { action, _, count in
      action.hasPrefix("Restore") && count == 0 ? .after(.after(.seconds(20), .cut)) : nil
    }
    let command = site.start(["run", "d", "--json"], environment: environment(rds))
    for _ in 0..<600 where rds.scratch.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
    command.signal(SIGKILL)
    _ = await command.result()
    #expect(rds.scratch.count == 1)
    let next = await site.runJSON("d", environment: environment(rds))
    #expect(next.record["verdict"].text == "passed" && rds.scratch.isEmpty, "\(next.said)")
    #expect(rds.now.deletions.count == 2)
    await site.expectClean()
  }
}
