import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQL
import Foundation
import Glibc
import Testing

@Suite(
  "A database on a given server", .timeLimit(.minutes(15)), .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct GivenServerRestoreTests {
  @Test("takes every format, over TCP and through a socket, and is gone afterwards", arguments: ["plain", "custom", "tar"], [false, true])
  func formats(_ format: String, _ throughSocket: Bool) async throws {
    let server = try await GivenPostgreSQL()
    let before = try await server.shape()
    var bench = PostgreSQLBench.given(server, conninfo: throughSocket ? server.socketConninfo : nil)
    let journal = WatchingJournal(server)
    bench.journal = journal
    try await bench.restore(try await bench.sample(format)) { probes, report in
      #expect(try await probes.sql?.count(table: "orders", timeout: .seconds(30)) == 1000)
      #expect(try await probes.schema?.schema(timeout: .seconds(30)).lines.isEmpty == false)
      let name = try #require(try await server.scratchDatabases().first)
      let marker = try await server.admin("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '\(name)'")
      #expect(marker == "drillmark run 01TESTTESTTESTTESTTESTTEST")
      #expect(name.utf8.count == 63 && report.notes.contains { $0.contains("given server") })
    }
    #expect(journal.steps == ["intended postgresql-database 0", "made postgresql-database 1", "gone postgresql-database 0"])
    #expect(try await server.shape() == before)
  }

  @Test("takes the directory format, and a dump that makes and enters its own database, whose statements are left out")
  func directoryAndCreate() async throws {
    let server = try await GivenPostgreSQL()
    let source = try await PostgreSQLSource("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 300);")
    let before = try await server.shape()
    for arguments in [["-Fd"], ["-C"], ["-C", "-c", "--if-exists"], ["--clean", "--if-exists"]] {
      let path = try await source.dump(arguments, "out\(arguments.joined())")
      #expect(try await PostgreSQLBench.given(server).count("orders", in: path) == 300, "\(arguments)")
    }
    #expect(try await server.shape() == before)
  }

  @Test("of a dump that is cut or damaged fails as elsewhere and is gone", arguments: ["plain", "custom", "tar"])
  func cut(_ format: String) async throws {
    let server = try await GivenPostgreSQL()
    let bench = PostgreSQLBench.given(server)
    let whole = try Data(contentsOf: URL(fileURLWithPath: try await bench.sample(format)))
    let fault = try await bench.fault(bench.folder.file("cut", whole.prefix(whole.count * 6 / 10)))
    #expect(fault?.code.verdict == .failed, "\(String(describing: fault))")
    #expect(try await server.scratchDatabases().isEmpty)
  }

  @Test("answers questions read-only, and the deep check reads every row and never calls what it could not see sound")
  func questions() async throws {
    let server = try await GivenPostgreSQL()
    let bench = PostgreSQLBench.given(server)
    try await bench.restore(try await bench.sample("custom")) { probes, _ in
      let sql = try #require(probes.sql)
      for statement in ["DELETE FROM orders", "CREATE TABLE y (a int)", "CREATE DATABASE evil", "ALTER ROLE drills PASSWORD 'x'"] {
        await #expect(throws: ProbeError.self) { try await sql.query(statement, timeout: .seconds(5), limit: 1) }
      }
      for level in DeepLevel.allCases {
        let error = await #expect(throws: ProbeError.self) { try await probes.deep?.check(level, timeout: .seconds(60)) }
        guard case .unavailable(let text) = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(text.contains("amcheck") && text.contains("every row was read") == (level == .full))
      }
    }
  }

  @Test(
    "of a server that does not sync is no target to compare recovery times on",
    arguments: ["fsync=off", "full_page_writes=off", "synchronous_commit=off"])
  func relaxed(_ setting: String) async throws {
    let server = try await GivenPostgreSQL(settings: [setting])
    let identity = try await PostgreSQLEngine(PostgreSQLBench.given(server).options).preflight(try PostgreSQLBench.given(server).context())
    #expect(identity.durability == .relaxed)
    #expect(identity.version.contains("a given server") && identity.isolation?.contains("none around") == true)
  }

  @Test("hides rows from nobody: a policy that would is an error of the question, not a smaller number")
  func policies() async throws {
    let server = try await GivenPostgreSQL()
    let bench = PostgreSQLBench.given(server)
    let path = bench.script(
      "CREATE TABLE s (a int); INSERT INTO s VALUES (1), (2); ALTER TABLE s ENABLE ROW LEVEL SECURITY; "
        + "ALTER TABLE s FORCE ROW LEVEL SECURITY; CREATE POLICY p ON s USING (a = 1);")
    try await bench.restore(path) { probes, _ in
      let error = await #expect(throws: ProbeError.self) { try await probes.sql?.count(table: "s", timeout: .seconds(5)) }
      guard case .unavailable = error else { return #expect(Bool(false), "\(String(describing: error))") }
    }
  }

  @Test("takes what its encoding asks for: a dump in SQL_ASCII, and a server in another encoding")
  func encodings() async throws {
    let server = try await GivenPostgreSQL()
    let bench = PostgreSQLBench.given(server)
    let bytes: [UInt8] = Array("SET client_encoding = 'SQL_ASCII';\nCREATE TABLE t (a text);\nCOPY t (a) FROM stdin;\n".utf8) + [0xE9, 10]
    let path = bench.folder.file("ascii.sql", bytes + Array("\\.\n\nSET client_encoding = 'SQL_ASCII';\n".utf8))
    #expect(try await bench.count("t", in: path) == 1)
    #expect(try await server.scratchDatabases().isEmpty)
  }
}
