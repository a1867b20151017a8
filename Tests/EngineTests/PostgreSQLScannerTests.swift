import DrillModel
import Testing

@testable import EnginePostgreSQL

@Suite("Telling statements from data in plain SQL")
struct PostgreSQLScannerTests {
  /// What psql gets, section by section, and what was found; scanned in pieces of `size` bytes.
  private func scan(_ text: String, size: Int) throws -> (
    sections: [String], connects: [String], found: [DumpStatement], scanner: DumpScanner
  ) {
    var scanner = DumpScanner()
    let sink = RecordingSink()
    var (sections, connects): ([String], [String]) = ([], [])
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      let piece = Array(bytes[start..<min(start + size, bytes.count)])
      var position = 0
      while position < piece.count {
        position = try piece.withUnsafeBufferPointer { try scanner.scan($0, from: position, into: sink) }
        if let name = scanner.connect {
          connects.append(name)
          sections.append(String(decoding: sink.bytes, as: UTF8.self))
          sink.bytes = []
          scanner.connect = nil
        }
      }
    }
    sections.append(String(decoding: sink.bytes, as: UTF8.self))
    return (sections, connects, sink.found, scanner)
  }

  /// The same, whatever the pieces; a mistake at a piece's edge shows here.
  private func scan(_ text: String) throws -> (sections: [String], connects: [String], found: [DumpStatement], scanner: DumpScanner) {
    let whole = try scan(text, size: 1 << 20)
    for size in [1, 2, 3, 7] {
      let pieces = try scan(text, size: size)
      #expect(pieces.sections == whole.sections, "pieces of \(size)")
      #expect(pieces.connects == whole.connects)
      #expect(pieces.found == whole.found)
      #expect(pieces.scanner.line == whole.scanner.line)
    }
    return whole
  }

  @Test("rows that look like commands pass as they are")
  func rowsPass() throws {
    let text = "COPY public.t (a) FROM stdin;\n\\restrict abc\n\\connect x\n\\N\n\\\\. not the end\n\\.\nSELECT 1;\n"
    let result = try scan(text)
    #expect(result.sections == [text])
    #expect(result.found == [.copyIn])
    #expect(result.scanner.line == 8)
  }

  @Test("the dump's own restriction is dropped, with its own token only")
  func restriction() throws {
    #expect(try scan("--\n\\restrict tok\nSELECT 1;\n\\unrestrict tok\n").sections == ["--\n\nSELECT 1;\n\n"])
    #expect(throws: Fault.self) { try scan("\\restrict a\n\\unrestrict b\n", size: 100) }
    #expect(throws: Fault.self) { try scan("\\unrestrict a\n", size: 100) }
  }

  @Test(
    "every other command is refused with its line",
    arguments: [
      "\\! id", "\\o |id", "\\copy t from program 'id'", "\\i /etc/passwd", "\\w x", "\\set x `id`", "  \\gexec", "\\lo_import /etc/passwd",
    ])
  func refused(_ command: String) throws {
    let fault = #expect(throws: Fault.self) { try scan("SELECT 1;\n\(command)\n", size: 100) }
    #expect(fault?.code == .unsafeContent)
    #expect(fault?.message.contains("line 2") == true)
  }

  @Test(
    "a backslash inside a statement is refused, inside quotes it is text",
    arguments: [
      ("SELECT 1 \\g |id\n", false), ("SELECT '\\! id';\n", true), ("SELECT \"\\! id\";\n", true), ("SELECT $$\n\\! id\n$$;\n", true),
      ("SELECT $a$ $$ \\! $a$;\n", true), ("-- \\! id\n", true), ("/* \\! /* \\! */ \\! */ SELECT 1;\n", true),
      ("SELECT E'\\' \\! ';\n", true),
      ("SELECT '\\' \\! ';\n", false), ("SELECT E'a''\\' \\! ';\n", true), ("SELECT 'a''\n\\! id\n';\n", true), ("SELECT $1\\! x\n", false),
      ("SELECT a$b$ \\! c$b$;\n", false), ("SELECT 1 /*/ \\! */;\n", true), ("SELECT type'\\' \\! ';\n", false),
    ])
  func quotes(_ text: String, _ isFine: Bool) throws {
    if isFine { #expect(try scan(text).sections == [text]) } else { #expect(throws: Fault.self) { try scan(text, size: 1000) } }
  }

  @Test("old strings with backslash escapes are read as their setting says")
  func escapes() throws {
    let text = "SET standard_conforming_strings = off;\nINSERT INTO t VALUES ('it\\'s \\\\! fine');\n"
    #expect(try scan(text).sections == [text])
  }

  @Test(
    "a connection is a new section when it names a database and nothing else",
    arguments: [
      ("\\connect orders", "orders"), ("\\c chinook;", "chinook"), ("\\connect \"odd \"\"name\"\"\"", "odd \"name\""),
      ("\\connect -reuse-previous=on \"dbname='it\\'s odd'\"", "it's odd"), ("\\connect -reuse-previous=on \"dbname=plain\"", "plain"),
    ])
  func connects(_ line: String, _ name: String) throws {
    let result = try scan("SELECT 1;\n\(line)\nSELECT 2;\n")
    #expect(result.connects == [name])
    #expect(result.sections == ["SELECT 1;\n", "SELECT 2;\n"])
  }

  @Test(
    "a connection string, a user or a host is refused",
    arguments: [
      "\\connect \"dbname=x host=prod\"", "\\connect orders bob", "\\connect - bob", "\\connect postgresql://prod/x", "\\connect",
      "\\connect -reuse-previous=on \"dbname='x' host='prod'\"", "\\connect `id`", "\\connect :name", "\\connect 'x'",
    ])
  func refusedConnections(_ line: String) {
    #expect(throws: Fault.self) { try scan("\(line)\n", size: 100) }
  }

  @Test(
    "roles are found wherever a statement needs them",
    arguments: [
      ("ALTER TABLE public.t OWNER TO bob;", ["bob"]), ("ALTER FUNCTION f(a integer) OWNER TO \"Odd \"\"Bob\";", ["Odd \"Bob"]),
      ("GRANT SELECT ON TABLE t TO alice,bob WITH GRANT OPTION;", ["alice", "bob"]), ("GRANT ALL ON SCHEMA public TO PUBLIC;", []),
      ("REVOKE ALL ON TABLE t FROM bob;", ["bob"]), ("CREATE POLICY p ON t FOR SELECT TO bob, carol USING (true);", ["bob", "carol"]),
      ("ALTER DEFAULT PRIVILEGES FOR ROLE dave IN SCHEMA s GRANT SELECT ON TABLES TO erin;", ["dave", "erin"]),
      ("SET SESSION AUTHORIZATION 'frank';", ["frank"]), ("CREATE ROLE gina;", ["gina"]), ("ALTER ROLE gina WITH LOGIN;", ["gina"]),
      ("GRANT gina TO hugo GRANTED BY postgres;", ["gina", "hugo"]), ("CREATE SCHEMA s AUTHORIZATION ida;", ["ida"]),
      ("CREATE TABLE t (owner text, \"to\" text);", []), ("INSERT INTO t VALUES ('OWNER TO bob');", []),
      ("GRANT pg_monitor TO jim;", ["jim"]), ("CREATE USER MAPPING FOR kim SERVER s;", ["kim"]),
    ])
  func roles(_ text: String, _ roles: [String]) throws {
    let found = try scan(text + "\n").found.compactMap { if case .role(let name) = $0 { name } else { nil } }
    #expect(found == roles)
  }

  @Test(
    "a COPY that asks the server for a program or a file is refused",
    arguments: ["FROM PROGRAM 'id'", "TO PROGRAM 'id'", "FROM '/etc/passwd'"])
  func hostAccess(_ what: String) {
    #expect(throws: Fault.self) { try scan("COPY t (a, \"from stdin\") \(what);\n", size: 1000) }
  }

  @Test("COPY to standard output and odd column names begin no data")
  func copyOut() throws {
    #expect(try scan("COPY (SELECT * FROM stdin) TO stdout;\nSELECT 1;\n").found.isEmpty)
    #expect(try scan("COPY t (\"from\", \"stdin\") FROM stdin WITH (FORMAT csv);\n1,2\n\\.\n").found == [.copyIn])
  }

  @Test("a table's name is found as it is, quotes and all")
  func tables() throws {
    let found = try scan("CREATE TABLE \"od\"\"d\".\"T\nx\" (a int);\nCREATE UNLOGGED TABLE IF NOT EXISTS t (a int);\n").found
    #expect(found == [.createTable(schema: "od\"d", name: "T\nx"), .createTable(schema: nil, name: "t")])
  }

  @Test("the end is judged by trailer, quotes and COPY data")
  func ends() throws {
    let dump = "--\n-- PostgreSQL database dump\n--\n\nSELECT 1;\n"
    #expect(try scan(dump).scanner.openDumps == 1)
    #expect(try scan(dump + "-- PostgreSQL database dump complete\n").scanner.openDumps == 0)
    #expect(try scan("\(dump)SELECT '\n-- PostgreSQL database dump complete\n';\n").scanner.openDumps == 1)
    #expect(try scan("COPY t FROM stdin;\n1\n-- PostgreSQL database dump complete\n").scanner.unfinished != nil)
    #expect(try scan("SELECT 'a").scanner.unfinished != nil)
    #expect(try scan("INSERT INTO t VALUES (1),\n(2").scanner.unfinished != nil)
    #expect(try scan("SELECT 1;\n").scanner.unfinished == nil)
  }

  @Test("a mark at the beginning and carriage returns do no harm")
  func oddLines() throws {
    let result = try scan("\u{FEFF}COPY t FROM stdin;\r\n1\r\n\\.\r\n\\connect x\r\nSELECT 1;\r\n", size: 1000)
    #expect(result.connects == ["x"])
    #expect(result.sections.first?.hasPrefix("COPY") == true)
  }
}

private final class RecordingSink: DumpSink {
  var bytes: [UInt8] = []
  var found: [DumpStatement] = []

  func pass(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes += bytes }
  func found(_ statement: DumpStatement, line: Int) { found.append(statement) }
}
