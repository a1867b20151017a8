import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQL
import Foundation
import Glibc
import Testing

@Suite("Dumps that reach for the host", .timeLimit(.minutes(15)))
struct PostgreSQLHostileTests {
  /// Ways out that run on psql's side; each would make the canary if it worked.
  static let commands = [
    "\\! touch CANARY", "\\set x `touch CANARY`", "SELECT 1 \\g |touch CANARY", "\\o |touch CANARY\nSELECT 1;",
    "CREATE TABLE t (a text);\n\\copy t from program 'touch CANARY; echo 1'", "SELECT 1;\n\\w CANARY", "\\o CANARY\nSELECT 1;",
    "\\restrict tok\n\\unrestrict tok\n\\! touch CANARY", "\\restrict tok\n\\unrestrict tok\n\\restrict a\n\\unrestrict a\n\\o CANARY",
    "SELECT E'\\\\' \\! touch CANARY\n;", "\\connect \"dbname=postgres host=/tmp\"", "\\i /etc/passwd", "\\lo_import /etc/passwd",
    "SELECT 'touch CANARY' \\gexec", "\\copy t to 'CANARY'",
  ]

  @Test("no psql command of a dump is carried out, and the dump is refused", arguments: commands)
  func client(_ command: String) async throws {
    let (bench, path, canary) = bench(command)
    let fault = try await bench.fault(path)
    #expect(fault?.code == .unsafeContent, "\(String(describing: fault))")
    #expect(access(canary, F_OK) != 0)
  }

  /// Ways out that run on the server's side.
  static let statements = [
    "CREATE TABLE t (a text); DO $$ BEGIN EXECUTE 'COPY t FROM PROGRAM ''touch CANARY; echo 1'''; END $$;",
    "CREATE TABLE t AS SELECT pg_read_file('/etc/group') AS a;", "SELECT lo_export(lo_from_bytea(0, 'x'), 'CANARY');",
    "SELECT pg_ls_dir('/');", "ALTER SYSTEM SET archive_command = 'touch CANARY'; CREATE TABLE t (a int); SELECT pg_reload_conf();",
    "CREATE TABLE t (a int); DO $$ BEGIN EXECUTE format('GRANT pg_execute_server_program TO %I', current_user); END $$;",
  ]

  @Test("no statement reaches a program or file of the host, with a superuser's rights either", arguments: statements, [false, true])
  func server(_ statement: String, _ superuser: Bool) async throws {
    guard geteuid() == 0 || !superuser else { return }
    var (bench, path, canary) = bench(statement)
    bench.options.superuser = superuser
    do {
      try await bench.restore(path) { probes, _ in
        // Where it loaded, nothing of the host may be in it.
        let found = try? await probes.sql?.query("SELECT a::text FROM t LIMIT 1", timeout: .seconds(5), limit: 1)
        #expect(found?.rows.first?.first??.contains("root:") != true)
      }
    } catch let fault as Fault {
      #expect([.restoreFailed, .permissionDenied, .unsafeContent].contains(fault.code), "\(fault)")
    }
    #expect(access(canary, F_OK) != 0)
  }

  @Test("a superuser of the scratch server runs no command, opens no port and writes nothing outside")
  func superuser() async throws {
    guard geteuid() == 0 else { return }
    for statement in ["COPY t FROM PROGRAM ''/usr/bin/touch CANARY''", "COPY t TO ''CANARY''", "COPY t FROM ''/etc/shadow''"] {
      var (bench, path, canary) = bench("CREATE TABLE t (a text);\nDO $$ BEGIN EXECUTE '\(statement)'; END $$;")
      bench.options.superuser = true
      let fault = try await bench.fault(path)
      #expect(fault != nil, "\(statement)")
      #expect(access(canary, F_OK) != 0)
    }
  }

  @Test("a view that hands out rights while it is checked changes nothing")
  func viewDuringCheck() async throws {
    let (bench, path, _) = bench(
      """
      CREATE TABLE t (a int); INSERT INTO t VALUES (1);
      CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE TABLE stolen (a int)'; RETURN 1; END $$;
      CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN INSERT INTO t VALUES (2); RETURN 1; END $$;
      CREATE FUNCTION h() RETURNS int LANGUAGE plpgsql AS $$
        BEGIN PERFORM set_config('transaction_read_only', 'off', false); EXECUTE 'CREATE ROLE evil SUPERUSER'; RETURN 1; END $$;
      CREATE VIEW v AS SELECT f(); CREATE VIEW w AS SELECT g(); CREATE VIEW x AS SELECT h();
      """)
    try await bench.restore(path) { probes, _ in
      let sql = try #require(probes.sql)
      for view in ["v", "w", "x"] {
        await #expect(throws: ProbeError.self) { try await sql.query("SELECT * FROM \(view)", timeout: .seconds(5), limit: 10) }
      }
      for statement in [
        "CREATE TABLE y (a int)", "INSERT INTO t VALUES (3)", "SELECT 1; DROP TABLE t", "SELECT pg_read_file('/etc/passwd')",
      ] {
        await #expect(throws: ProbeError.self) { try await sql.query(statement, timeout: .seconds(5), limit: 10) }
      }
      #expect(try await sql.count(table: "t", timeout: .seconds(5)) == 1)
    }
  }

  private func bench(_ text: String) -> (PostgreSQLBench, String, String) {
    let bench = PostgreSQLBench()
    let place = "\(bench.folder.path)/open"
    mkdir(place, 0o777)
    chmod(place, 0o777)
    let canary = "\(place)/canary"
    return (bench, bench.folder.file("dump.sql", (text + "\n").replacing("CANARY", with: canary).utf8), canary)
  }
}
