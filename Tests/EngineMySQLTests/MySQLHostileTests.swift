import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQL
import Foundation
import Testing

@Suite("Dumps that want more than to be loaded", .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
struct MySQLHostileTests {
  private static let table = "CREATE TABLE t(v TEXT);\nINSERT INTO t VALUES ('x');\n"

  /// A dump is refused or harmless, and the canary is never sung.
  @Test(
    "nothing runs on the host and nothing is read from it",
    arguments: [
      "\\! touch CANARY\n", "system touch CANARY\n", "  system touch CANARY\n;", "SELECT 1; \\! touch CANARY\n", "tee CANARY\nSELECT 1;\n",
      "pager touch CANARY\nSELECT 1;\n", "\\P touch CANARY\nSELECT 1;\n", "\\T CANARY\n", "source SECRET\n", "\\. SECRET\n", "edit\n",
      "LOAD DATA LOCAL INFILE 'SECRET' INTO TABLE t;\n", "LOAD DATA INFILE 'SECRET' INTO TABLE t;\n",
      "/*!50000 LOAD DATA INFILE 'SECRET' INTO TABLE t */;\n", "SELECT 'x' INTO OUTFILE 'CANARY';\n",
      "SELECT 'x' INTO DUMPFILE 'CANARY';\n",
      "CREATE FUNCTION f RETURNS STRING SONAME 'udf.so';\nSELECT f();\n", "INSTALL SONAME 'ha_connect';\n",
      "CREATE TABLE c(v TEXT) ENGINE=CONNECT TABLE_TYPE=DOS FILE_NAME='SECRET';\n",
      "SET GLOBAL general_log_file = 'CANARY';\nSET GLOBAL general_log = 1;\n", "CREATE TABLE d(v INT) DATA DIRECTORY='FOLDER';\n",
      "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1');\n", "SHUTDOWN;\n", "KILL 1;\n",
      "INSERT INTO mysql.plugin VALUES ('x', 'x.so');\n", "UPDATE mysql.global_priv SET Priv = '{\"access\":18446744073709551615}';\n",
      "USE mysql;\nDROP TABLE global_priv;\n", "DROP DATABASE mysql;\n", "USE `mysql`;\nDELETE FROM db;\nFLUSH PRIVILEGES;\n",
      "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 'x' INTO OUTFILE 'CANARY'; END//\nCALL p()//\n",
      "INSERT INTO t VALUES (load_file('SECRET'));\n",
      "SET @s = concat('SELECT 1 INTO OUT', 'FILE ''CANARY''');\nPREPARE p FROM @s;\nEXECUTE p;\n",
      "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.v = load_file('SECRET');\nINSERT INTO t VALUES ('y');\n",
    ])
  func canaries(_ text: String) async throws {
    let bench = try MySQLBench()
    try HostProgram.run("/bin/chmod", ["0777", bench.scratch.path])
    let (canary, folder) = ("\(bench.scratch.path)/canary", "\(bench.scratch.path)/open")
    let secret = try bench.scratch.file("secret", "CREATE TABLE leaked(v TEXT); -- TOP-SECRET\n".utf8)
    try HostProgram.run("/bin/mkdir", ["-m", "0777", folder])
    let dump =
      MySQLHostileTests.table + text.replacing("CANARY", with: canary).replacing("SECRET", with: secret).replacing("FOLDER", with: folder)
    do {
      try await bench.restore(Array(dump.utf8)) { (probes, _) async throws -> Void in
        #expect(try await probes.value("SELECT count(*) FROM t WHERE v LIKE '%TOP-SECRET%'") == "0")
        #expect(try await probes.value("SELECT count(*) FROM information_schema.TABLES WHERE TABLE_NAME IN ('leaked', 'c')") == "0")
        #expect(try await probes.findings(.quick).isEmpty)
      }
    } catch let fault as Fault {
      #expect(fault.code.verdict == .failed || [.toolTooOld, .toolMissing].contains(fault.code), "\(fault)")
      #expect(!fault.description.contains("TOP-SECRET"))
    }
    #expect(!FileManager.default.fileExists(atPath: canary))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test("files and commands of the host are told as what they are")
  func told() async throws {
    for text in ["system id\n", "\\! id\n", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t;\n", "SELECT 1 INTO OUTFILE '/tmp/x';\n"] {
      let fault = try await MySQLBench().fault(Array((MySQLHostileTests.table + text).utf8))
      #expect(fault?.code == .unsafeContent, "\(text): \(String(describing: fault))")
    }
  }

  @Test("code of the dump can no longer write when checks run it")
  func codeInChecks() async throws {
    let dump = """
      \(MySQLHostileTests.table)DELIMITER //
      CREATE DEFINER=`root`@`localhost` FUNCTION f() RETURNS INT MODIFIES SQL DATA BEGIN DELETE FROM t; RETURN 1; END//
      CREATE FUNCTION g() RETURNS INT MODIFIES SQL DATA BEGIN DELETE FROM t; RETURN 1; END//
      CREATE DEFINER=`root`@`localhost` VIEW v AS SELECT f()//
      """
    try await MySQLBench().restore(Array(dump.utf8)) { (probes, _) async throws -> Void in
      for query in ["SELECT f()", "SELECT g()", "SELECT * FROM v"] {
        await #expect(throws: ProbeError.self, "\(query)") { try await probes.value(query) }
      }
      #expect(try await probes.count("t") == 1)
    }
  }

  @Test("hostile names are names", arguments: ["<script>", "a`b", "x'; DROP TABLE t; --", "\u{202E}evil", "$(id)", "a\\nb"])
  func names(_ name: String) async throws {
    let quoted = "`\(name.replacing("`", with: "``"))`"
    let dump = "CREATE TABLE \(quoted)(v INT);\nINSERT INTO \(quoted) VALUES (1);\n"
    try await MySQLBench().restore(Array(dump.utf8)) { (probes, _) async throws -> Void in
      #expect(try await probes.count(name) == 1)
      #expect(try await probes.findings(.full).isEmpty)
    }
  }
}
