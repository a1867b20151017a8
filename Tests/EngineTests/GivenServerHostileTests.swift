import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQL
import Foundation
import Glibc
import Testing

@Suite(
  "Dumps that reach beyond their database on a given server", .timeLimit(.minutes(15)),
  .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct GivenServerHostileTests {
  private static let shared = Task { try await GivenPostgreSQL(settings: ["max_prepared_transactions=5"]) }

  private func place(_ text: String, _ bench: PostgreSQLBench) -> (path: String, canary: String) {
    let folder = "\(bench.folder.path)/open"
    mkdir(folder, 0o777)
    chmod(folder, 0o777)
    let canary = "\(folder)/canary"
    return (bench.folder.file("dump.sql", (text + "\n").replacing("CANARY", with: canary).utf8), canary)
  }

  @Test("no psql command is carried out", arguments: PostgreSQLHostileTests.commands)
  func client(_ command: String) async throws {
    let server = try await Self.shared.value
    let (bench, before) = (PostgreSQLBench.given(server), try await server.shape())
    let (path, canary) = place(command, bench)
    #expect(try await bench.fault(path)?.code == .unsafeContent)
    #expect(access(canary, F_OK) != 0)
    #expect(try await server.shape() == before)
  }

  @Test("no statement reaches a program or file of the server's host", arguments: PostgreSQLHostileTests.statements)
  func serverSide(_ statement: String) async throws {
    let server = try await Self.shared.value
    let (bench, before) = (PostgreSQLBench.given(server), try await server.shape())
    let (path, canary) = place(statement, bench)
    do {
      try await bench.restore(path) { probes, _ in
        let found = try? await probes.sql?.query("SELECT a::text FROM t LIMIT 1", timeout: .seconds(5), limit: 1)
        #expect(found?.rows.first?.first??.contains("root:") != true)
      }
    } catch let fault as Fault {
      #expect([.restoreFailed, .permissionDenied, .unsafeContent].contains(fault.code), "\(fault)")
    }
    #expect(access(canary, F_OK) != 0)
    #expect(try await server.shape() == before)
  }

  /// What a dump says of databases, roles and the server; each is left out, and the rest is loaded.
  static let reaching = [
    "CREATE DATABASE evil;",
    "CREATE DATABASE \"evil;\" WITH TEMPLATE = template0 ENCODING = 'UTF8';",
    "ALTER ROLE drills PASSWORD 'known';", "ALTER USER drills SET search_path = evil;", "DROP DATABASE IF EXISTS postgres;",
    "ALTER DATABASE postgres SET work_mem = '1GB';", "ALTER SYSTEM SET log_min_messages = 'panic';", "CREATE ROLE evil LOGIN PASSWORD 'x';",
    "COMMENT ON DATABASE postgres IS 'evil';", "CREATE TABLESPACE evil LOCATION '/tmp';", "REASSIGN OWNED BY drills TO postgres;",
    "DROP OWNED BY drills;", "GRANT drills TO PUBLIC;", "BEGIN; PREPARE TRANSACTION 'stay'; COMMIT;",
    "ALTER ROLE CURRENT_USER VALID UNTIL '2000-01-01';",
  ]

  @Test("a statement about databases, roles or the server is left out and noted; the data is loaded", arguments: reaching)
  func leftOut(_ statement: String) async throws {
    let server = try await Self.shared.value
    let (bench, before) = (PostgreSQLBench.given(server), try await server.shape())
    let path = bench.script("CREATE TABLE t (a int);\n\(statement)\nINSERT INTO t VALUES (1), (2);")
    try await bench.restore(path) { probes, report in
      let count = try await probes.sql?.count(table: "t", timeout: .seconds(5))
      #expect(count == 2)
      #expect(report.notes.contains { $0.hasPrefix("left out") }, "\(report.notes)")
      #expect(!report.notes.joined().contains("known"))
    }
    #expect(try await server.shape() == before)
  }

  @Test("a comment inside such a statement helps it no further: it is refused")
  func disguised() async throws {
    let server = try await Self.shared.value
    let (bench, before) = (PostgreSQLBench.given(server), try await server.shape())
    #expect(try await bench.fault(bench.script("create /* x */ database\n evil -- y\n;"))?.code == .restoreFailed)
    #expect(try await server.shape() == before)
  }

  @Test("text that only looks like one is data")
  func lookalikes() async throws {
    let server = try await Self.shared.value
    let bench = PostgreSQLBench.given(server)
    let path = bench.script(
      """
      CREATE TABLE t (a text); INSERT INTO t VALUES ('CREATE DATABASE evil;'), ($$ALTER ROLE drills PASSWORD 'x';$$);
      COPY t (a) FROM stdin;
      CREATE DATABASE evil;
      DROP DATABASE postgres;
      \\.
      COMMENT ON TABLE t IS 'ALTER SYSTEM'; CREATE TABLE "database" (role int); ALTER TABLE "database" ADD "user" int;
      """)
    try await bench.restore(path) { probes, report in
      let count = try await probes.sql?.count(table: "t", timeout: .seconds(5))
      #expect(count == 4)
      #expect(!report.notes.contains { $0.hasPrefix("left out") }, "\(report.notes)")
    }
  }

  @Test("code in a dump that changes its own role is found out and named")
  func ownRole() async throws {
    let server = try await GivenPostgreSQL()
    let bench = PostgreSQLBench.given(server)
    let fault = try await bench.fault(bench.script("CREATE TABLE t (a int); DO $$ BEGIN ALTER ROLE drills SET work_mem = '64kB'; END $$;"))
    #expect(fault?.code == .unsafeContent && fault?.description.contains("RESET ALL") == true, "\(String(describing: fault))")
    #expect(try await server.scratchDatabases().isEmpty)
    // With another password nothing of ours can log in to clean up: it is a failure that says so, never a green run.
    let second = PostgreSQLBench.given(server)
    try await server.admin("ALTER ROLE drills RESET ALL")
    let fatal = try await second.fault(second.script("CREATE TABLE t (a int); DO $$ BEGIN ALTER ROLE drills PASSWORD 'known'; END $$;"))
    #expect(fatal != nil)
  }

  static let unfit: [(sql: String, code: FaultCode)] = [
    ("CREATE TABLE t (a int); CREATE EXTENSION dblink;", .permissionDenied),
    (
      "CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t TO nobody_here USING (true);",
      .permissionDenied
    ),
    ("CREATE TABLE t (a int);\n\\connect elsewhere\nCREATE TABLE u (a int);", .configuration),
    ("\\connect one\nCREATE TABLE t (a int);\n\\connect two\nCREATE TABLE u (a int);", .configuration),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x';", .permissionDenied),
  ]

  @Test("what needs more than one database and its rights is ours to change, and never called a broken backup", arguments: unfit)
  func oursToChange(_ dump: (sql: String, code: FaultCode)) async throws {
    let server = try await Self.shared.value
    let (bench, before) = (PostgreSQLBench.given(server), try await server.shape())
    let fault = try await bench.fault(bench.script(dump.sql))
    #expect(fault?.code == dump.code && fault?.code.verdict == .cannotDrill, "\(String(describing: fault))")
    #expect(try await server.shape() == before)
  }

  @Test("a dump of all databases is told before anything is made")
  func cluster() async throws {
    let bench = PostgreSQLBench.given(try await Self.shared.value)
    let path = bench.script("--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE x;")
    let fault = #expect(throws: Fault.self) { try PostgreSQLEngine(bench.options).inspect(try PostgreSQLBench.head(path)) }
    #expect(fault?.code == .configuration && fault?.advice?.contains("Leave `server` out") == true)
  }
}
