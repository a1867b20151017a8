import DrillTestSupport
import Synchronization
import Testing

@Suite(
  "RDS drills of MySQL and MariaDB from the command line", .serialized,
  .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
struct RDSMySQLRunTests {
  /// One that a file of options must escape.
  private static let password = "p@ss 'w\"rd\\ #ö"

  private func bench(
    _ restore: String = ", password: {env: DRILL_DB}", engine: String = "mariadb", from: String = "rds:orders",
    checks: String = "  - rows: {table: orders, equals: 1000}\n", authority: String? = nil,
    change: (inout ScriptedRDS.State) -> Void = { _ in }
  ) async throws -> RDSSite {
    let server = try await RestoredMySQL.shared()
    return RDSSite(
      on: server.port, authority: authority ?? server.authority, restore: restore, from: from, checks: checks,
      password: RDSMySQLRunTests.password,
      onPassword: { server.setPassword($0) },
      change: { state in
        // What takes time is tested with PostgreSQL.
        (state.whileRestoring, state.looksWhileDeleting) = (["available"], 0)
        for index in state.snapshots.indices { state.snapshots[index].engine = engine }
        change(&state)
      })
  }

  private static let manyChecks = """
      - rows: {table: orders, equals: 1000}
      - rows: {table: shop.orders, min: 1}
      - freshness: {sql: "select max(created_at) from orders", max-age: 30d}
      - query: {sql: "select count(*) from orders where id > 1000", equals: 0}
      - engine: {level: full}

    """

  @Test("restore a snapshot of MariaDB, run every kind of check over verified TLS, keep the snapshot's time, and leave nothing")
  func good() async throws {
    let bench = try await bench(checks: RDSMySQLRunTests.manyChecks)
    let result = await bench.run()
    let record = result.record
    #expect(record["verdict"].text == "passed", "\(result.said)")
    #expect(
      record["checks"].items.count == 5 && record["checks"].items.allSatisfy { $0["verdict"].text == "passed" }, "\(record["checks"])")
    #expect(record["recovery_point"]["time_origin"].text == "metadata" && (record["rpo"]["artefact_age_s"].number ?? 0) > 7000)
    #expect(bench.rds.scratch.isEmpty && bench.rds.now.deletions.count == 1)
    #expect(!(result.said + bench.site.durableText).contains("p@ss"))
    await bench.site.expectClean()
  }

  @Test("set a new password of MySQL's master user, and look into the only database where RDS names none")
  func newPassword() async throws {
    let bench = try await bench("", engine: "mysql", change: { $0.database = nil })
    let result = await bench.run()
    #expect(result.record["verdict"].text == "passed", "\(result.said)")
    #expect(bench.rds.now.calls.contains("ModifyDBInstance") && bench.rds.scratch.isEmpty)
  }

  @Test("restore Aurora MySQL with one instance, and a Multi-AZ DB cluster with those that RDS makes, and both are gone afterwards")
  func clusters() async throws {
    for (engine, kinds) in [("aurora-mysql", ["directory", "rds-cluster", "rds-instance"]), ("mysql", ["directory", "rds-cluster"])] {
      let bench = try await bench(
        engine: engine, from: "rds:cluster:orders",
        change: { state in for index in state.snapshots.indices { state.snapshots[index].isCluster = true } })
      let result = await bench.run()
      #expect(result.record["verdict"].text == "passed", "\(engine): \(result.said)")
      #expect(result.record["cleanup"]["resources"].items.compactMap { $0["kind"].text }.sorted() == kinds, "\(engine)")
      #expect(bench.rds.scratch.isEmpty, "\(engine): \(bench.rds.scratch)")
      await bench.site.expectClean()
    }
  }

  @Test("are red for a table and for rows that are missing")
  func red() async throws {
    for checks in ["  - rows: {table: customers, min: 1}\n", "  - rows: {table: orders, min: 5000}\n"] {
      let bench = try await bench(checks: checks)
      let result = await bench.run()
      #expect(result.status == 1 && result.record["verdict"].text == "failed", "\(checks): \(result.said)")
      #expect(bench.rds.scratch.isEmpty)
    }
  }

  @Test("cannot be carried out with a wrong password, a foreign authority, a name that the certificate is not for, or a wrong database")
  func cannot() async throws {
    let wrong = try await bench()
    let refused = await wrong.run(["DRILL_DB": "hunter2secret"])
    #expect(refused.record["verdict"].text == "cannot_drill" && refused.record.reasonCodes.contains("credentials"), "\(refused.said)")
    #expect(!(refused.said + wrong.site.durableText).contains("hunter2secret") && wrong.rds.scratch.isEmpty)
    let strangers = try #require(await TestCertificates())
    let cases: [(authority: String?, host: String, keys: String, word: String)] = [
      (strangers.authority, "localhost", "", "ca"), (nil, "127.1", "", "ca"), (nil, "localhost", ", database: nothing", "database"),
    ]
    for (authority, host, keys, word) in cases {
      let bench = try await bench(", password: {env: DRILL_DB}\(keys)", authority: authority, change: { $0.host = host })
      let result = await bench.run()
      #expect(result.record["verdict"].text == "cannot_drill" && result.record.reasonCodes.contains("configuration"), "\(result.said)")
      #expect(result.record.reasonTexts.contains("`\(word)`"), "\(result.said)")
      #expect(bench.rds.scratch.isEmpty)
    }
  }

  @Test("encrypt without proof where the drill says so, and say what a role cannot see in place of passing over it")
  func lesser() async throws {
    let loose = try await bench(", password: {env: DRILL_DB}, tls: require", change: { $0.host = "127.0.0.1" })
    let passed = await loose.run()
    #expect(passed.record["verdict"].text == "passed", "\(passed.said)")
    let narrow = try await bench(", user: narrow, password: {env: DRILL_DB}", checks: RDSMySQLRunTests.manyChecks)
    let result = await narrow.run()
    #expect(result.record["verdict"].text == "could_not_verify", "\(result.said)")
    #expect(result.said.contains("no right to read every database"), "\(result.said)")
  }

  @Test("of other engines are refused before anything is made")
  func others() async throws {
    for engine in ["sqlserver-se", "neptune"] {
      let bench = try await bench(engine: engine)
      let result = await bench.run()
      #expect(result.record["verdict"].text == "cannot_drill" && result.record.reasonTexts.contains(engine), "\(result.said)")
      #expect(!bench.rds.now.calls.contains { $0.hasPrefix("Restore") })
    }
  }
}
