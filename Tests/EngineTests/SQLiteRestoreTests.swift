import DrillModel
import DrillTestSupport
import EngineKit
import EngineSQLite
import Foundation
import Testing

extension SQLiteBench {
  /// The code of the fault that restoring ends in.
  fileprivate func fault(_ bytes: some Sequence<UInt8>, limits: UnpackLimits = UnpackLimits()) async throws -> Fault {
    let path = try scratch.file("bad", bytes)
    return try #require(await #expect(throws: Fault.self) { try await restore(path, limits: limits) })
  }
}

extension Probes {
  fileprivate func value(_ sql: String) async throws -> String? {
    try await self.sql?.query(sql, timeout: SQLiteBench.minute, limit: 10).rows.first?[0]
  }

  fileprivate func findings(_ level: DeepLevel = .full) async throws -> [String] {
    try await deep?.check(level, timeout: SQLiteBench.minute).findings ?? ["no deep check"]
  }
}

private let table = "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES(1,'x'),(2,'y;z'),(3,'it''s');"

@Suite("SQLite database files")
struct SQLiteDatabaseTests {
  @Test(
    "harmless oddities restore and pass the full check",
    arguments: [
      "PRAGMA page_size=512; VACUUM;", "PRAGMA page_size=65536; VACUUM;", "PRAGMA encoding='UTF-16'; CREATE TABLE u(a);",
      "PRAGMA auto_vacuum=FULL; VACUUM;", "PRAGMA journal_mode=WAL;", "CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID;",
      "CREATE TABLE s(a INTEGER, b TEXT) STRICT;", "CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES('hello');",
      "CREATE VIRTUAL TABLE r USING rtree(id, a, b);", "CREATE VIEW v AS SELECT * FROM nowhere;",
      "CREATE TABLE g(a, b AS (a + 1) STORED, c AS (a * 2) VIRTUAL);", "CREATE INDEX i ON t(a COLLATE NOCASE) WHERE a > 'b';",
      "CREATE TABLE \"odd \"\"name\"(\"a;b\" TEXT); CREATE TRIGGER tr AFTER INSERT ON t BEGIN DELETE FROM t WHERE id < 0; END;",
      "CREATE TABLE e(a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO e VALUES(9); DELETE FROM e;",
    ])
  func oddities(_ sql: String) async throws {
    let bench = try SQLiteBench()
    let first = sql.hasPrefix("PRAGMA") ? sql + table : table + sql
    let (probes, _) = try await bench.restore(try bench.database(first))
    #expect(try await probes.sql?.count(table: "t", timeout: SQLiteBench.minute) == 3)
    #expect(try await probes.findings() == [])
    #expect(try await probes.schema?.schema(timeout: SQLiteBench.minute).lines.isEmpty == false)
  }

  @Test("a database without tables is whole, and noted as empty")
  func noTables() async throws {
    let bench = try SQLiteBench()
    let (probes, notes) = try await bench.restore(try bench.database("PRAGMA user_version=1;"))
    #expect(try await probes.findings() == [])
    #expect(notes.contains { $0.contains("no tables") })
  }

  @Test("a WAL-mode file is restored without its sidecar, and noted")
  func wal() async throws {
    let bench = try SQLiteBench()
    let (_, notes) = try await bench.restore(try bench.database("PRAGMA journal_mode=WAL;" + table))
    #expect(notes.contains { $0.contains("WAL") })
  }

  @Test("a file cut anywhere is told to be cut, with the figures", arguments: [50, 99, 4096, 5000])
  func cut(_ count: Int) async throws {
    let bench = try SQLiteBench()
    let whole = try Data(contentsOf: URL(fileURLWithPath: try bench.database(table)))
    let fault = try await bench.fault(whole.prefix(count))
    #expect(fault.code == .backupTruncated)
    if count > 100 { #expect(fault.message.contains("\(count)")) }
  }

  @Test("a damaged header is told from an encrypted file")
  func header() async throws {
    let bench = try SQLiteBench()
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: try bench.database(table))))
    bytes[3] ^= 0x20
    #expect(try await bench.fault(bytes).code == .backupDamaged)
    let random = (0..<8192).map { _ in UInt8.random(in: 0...255) }
    #expect(try await bench.fault(random).code == .backupEncrypted)
    #expect(try await bench.fault(Array("Salted__".utf8) + random).code == .backupEncrypted)
    bytes[3] ^= 0x20
    bytes[16] = 3
    #expect(try await bench.fault(bytes).code == .backupDamaged)
  }

  @Test("a flipped byte in a page is found by the full check or by the query that meets it")
  func flipped() async throws {
    let bench = try SQLiteBench()
    let many = "WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, 'row ' || i FROM n;"
    let path = try bench.database(table + many + "CREATE INDEX ta ON t(a);")
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    for page in [1, whole.count / 8192, whole.count / 4096 - 1] {
      var bytes = whole
      for offset in 0..<16 { bytes[page * 4096 + offset] ^= 0xFF }
      let damaged = try bench.scratch.file("bad", bytes)
      let other = try SQLiteBench()
      #expect(try await !other.restore(damaged).probes.findings().isEmpty)
    }
  }

  @Test("an index that lost a row is found at level full, not only a damaged page")
  func index() async throws {
    let bench = try SQLiteBench()
    let path = try bench.database(
      table
        + "CREATE INDEX ta ON t(a); PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql='CREATE INDEX ta ON t(a DESC)' WHERE name='ta';"
    )
    let (probes, _) = try await bench.restore(path)
    #expect(try await probes.findings().isEmpty == false)
  }

  @Test("an orphaned row is named with its table, row and parent")
  func orphan() async throws {
    let bench = try SQLiteBench()
    let path = try bench.database(
      "CREATE TABLE users(id INTEGER PRIMARY KEY); CREATE TABLE notes(id INTEGER PRIMARY KEY, u REFERENCES users(id)); INSERT INTO notes VALUES(3, 9);"
    )
    let (probes, _) = try await bench.restore(path)
    #expect(try await probes.findings() == ["notes row 3 refers to a missing users row"])
    #expect(try await probes.findings(.quick) == [])
  }

  @Test("pages beyond the unpack limit are refused")
  func limit() async throws {
    let bench = try SQLiteBench()
    let whole = try Data(contentsOf: URL(fileURLWithPath: try bench.database(table)))
    #expect(try await bench.fault(whole, limits: UnpackLimits(bytes: 4096)).code == .unsafeContent)
  }

  @Test("other programs' files are named for what they are")
  func foreign() async throws {
    let bench = try SQLiteBench()
    for (text, name) in [("PGDMP\u{1}", "pg_dump"), ("-- MySQL dump 10.13\n", "MySQL"), ("<html>", "HTML"), ("\u{7F}ELF", "ELF")] {
      let fault = try await bench.fault(text.utf8)
      #expect(fault.code == .backupWrongFormat)
      #expect(fault.message.contains(name))
    }
    #expect(try await bench.fault([0xFF, 0xFE, 0x50, 0, 0x52, 0]).message.contains("UTF-16"))
  }

  @Test(
    "real databases give what is known of them",
    .enabled(if: ConformanceData.folder("data/sqlite") != nil, Comment(rawValue: ConformanceData.absence)))
  func real() async throws {
    let folder = try #require(ConformanceData.folder("data/sqlite"))
    for (name, table, rows, findings) in [
      ("Chinook_Sqlite.sqlite", "Track", 3503, []), ("chef_valid.db", "notes", 2, []),
      ("chef_badforeignkey.db", "users", 2, ["notes row 3 refers to a missing users row"]),
    ] as [(String, String, Int64, [String])] {
      let bench = try SQLiteBench()
      let probes = try await bench.restore("\(folder)/\(name)").probes
      #expect(try await probes.sql?.count(table: table, timeout: SQLiteBench.minute) == rows)
      #expect(try await probes.findings() == findings)
    }
    let bench = try SQLiteBench()
    let corrupt = try await bench.restore("\(folder)/chef_corrupt.db").probes
    #expect(try await !corrupt.findings().isEmpty)
  }
}

@Suite("SQLite dumps")
struct SQLiteDumpTests {
  @Test("what .dump writes comes back, virtual tables, triggers, sequences and odd texts included")
  func whole() async throws {
    let bench = try SQLiteBench()
    let text = try bench.dump(
      table + "CREATE VIRTUAL TABLE f USING fts5(body); INSERT INTO f VALUES('hello world');"
        + "CREATE TABLE e(a INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO e VALUES(41);"
        + "CREATE TRIGGER tr AFTER INSERT ON t BEGIN UPDATE t SET a = ';' WHERE id < 0; DELETE FROM t WHERE id < 0; END;"
        + "INSERT INTO t VALUES(4, '-- no comment; /* neither */' || char(10) || '.quit'); CREATE VIEW v AS SELECT a FROM t; ANALYZE;")
    let (probes, _) = try await bench.restore(text: text.utf8)
    #expect(try await probes.value("select count(*) from t") == "4")
    #expect(try await probes.value("select count(*) from f where f match 'world'") == "1")
    #expect(try await probes.value("select seq from sqlite_sequence where name = 'e'") == "41")
    #expect(try await probes.findings() == [])
  }

  @Test("a dump cut anywhere fails as cut", arguments: Array(stride(from: 0.02, to: 1.0, by: 0.07)))
  func cut(_ part: Double) async throws {
    let bench = try SQLiteBench()
    let text = Array(try bench.dump(table + "CREATE VIEW v AS SELECT 1;").utf8)
    let fault = try await bench.fault(text.prefix(Int(Double(text.count) * part)))
    #expect(fault.code == .backupTruncated || fault.code == .backupWrongFormat && part < 0.05)
  }

  @Test("only the last semicolon missing is no cut")
  func lastSemicolon() async throws {
    let bench = try SQLiteBench()
    let text = "BEGIN; CREATE TABLE t(a); INSERT INTO t VALUES(1); COMMIT"
    #expect(try await bench.restore(text: text.utf8).probes.value("select count(*) from t") == "1")
  }

  @Test(
    "a dump that asks for more than a database is refused, and nothing is written",
    arguments: [
      "ATTACH 'CANARY' AS other; CREATE TABLE other.x(a);", ".shell touch CANARY", ".output CANARY\n", "SELECT writefile('CANARY', 'x');",
      "SELECT load_extension('CANARY');", "VACUUM INTO 'CANARY';", "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql='x';",
      "PRAGMA writable_schema=ON; INSERT INTO sqlite_schema VALUES('table','x','x',2,'CREATE TABLE x(a)');",
      "PRAGMA writable_schema=ON; INSERT INTO \"SQLite_Schema\" VALUES('table','x','x',2,'CREATE TABLE x(a)');",
      "CREATE TABLE t(a); CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT load_extension('CANARY'); END; INSERT INTO t VALUES(1);",
      "PRAGMA temp_store_directory='CANARY';", "CREATE TABLE t(a);\n.import CANARY t\n",
      "INSERT INTO sqlite_schema(type,name,tbl_name,rootpage,sql)VALUES('table','x','x',5,'CREATE VIRTUAL TABLE x USING fts5(a)');",
    ])
  func hostile(_ template: String) async throws {
    let bench = try SQLiteBench()
    let canary = bench.scratch.path + "/canary"
    let text = "CREATE TABLE first(a);\n" + template.split(separator: "CANARY", omittingEmptySubsequences: false).joined(separator: canary)
    let fault = try await bench.fault(text.utf8)
    #expect(fault.code == .unsafeContent, "\(fault)")
    #expect(!FileManager.default.fileExists(atPath: canary))
  }

  @Test("a dump whose writer met errors is damaged")
  func errorMarks() async throws {
    let bench = try SQLiteBench()
    let marked = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(a);\n/****** CORRUPTION ERROR *******/\nCOMMIT;\n"
    #expect(try await bench.fault(marked.utf8).code == .backupDamaged)
    let rolled = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t(a);\nROLLBACK; -- due to errors\n"
    #expect(try await bench.fault(rolled.utf8).code == .backupDamaged)
    let harmless = "BEGIN;\nCREATE TABLE t(a);\nINSERT INTO t VALUES('/****** CORRUPTION ERROR *******/');\nCOMMIT;\n"
    #expect(try await bench.restore(text: harmless.utf8).probes.value("select count(*) from t") == "1")
  }

  @Test("a statement that SQLite refuses fails with its line and without the customer's value")
  func broken() async throws {
    let bench = try SQLiteBench()
    let fault = try await bench.fault("CREATE TABLE t(a);\n\nINSERT INTO t VALUES(1) 'geheim' x;\n".utf8)
    #expect(fault.code == .restoreFailed)
    #expect(fault.message.contains("line 3"))
    #expect(!fault.message.contains("geheim"))
    #expect(try await bench.fault("CREATE TABLE t(a);\nINSERT INTO t VALUES('x\u{0}y');\n".utf8).code == .backupDamaged)
  }

  @Test("hand-made dumps with comments, a byte order mark, CRLF and no transaction load")
  func handmade() async throws {
    let bench = try SQLiteBench()
    let text =
      "\u{FEFF}-- a; comment\r\n# shell comment\r\n/* another;\r\n one */ select 6 /* c */* 7; create table [t;](a);\r\ninsert into [t;] values ('a''b;'), (\"x\");;\r\n"
    let (probes, _) = try await bench.restore(text: text.utf8)
    #expect(try await probes.value("select count(*) from [t;]") == "2")
  }

  @Test("a dump that never ends a statement's work ends when the run is stopped")
  func endless() async throws {
    let bench = try SQLiteBench()
    let text = "CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;"
    let path = try bench.scratch.file("b.sql", text.utf8)
    let restore = Task { try await bench.restore(path) }
    try await Task.sleep(for: .milliseconds(300))
    restore.cancel()
    await #expect(throws: CancellationError.self) { try await restore.value }
  }
}

@Suite("SQLite probes")
struct SQLiteProbeTests {
  @Test("a missing table is a finding, a wrong statement is not")
  func errors() async throws {
    let bench = try SQLiteBench()
    let sql = try #require(try await bench.restore(try bench.database(table)).probes.sql)
    func answer(_ text: String) async throws -> ProbeError? {
      await #expect(throws: ProbeError.self) { try await sql.query(text, timeout: SQLiteBench.minute, limit: 5) }
    }
    guard case .missing = try await answer("select * from nope") else {
      Issue.record("no such table is not missing")
      return
    }
    guard case .invalid = try await answer("selec 1") else {
      Issue.record("a syntax error is not invalid")
      return
    }
    guard case .invalid = try await answer("delete from t") else {
      Issue.record("writing is not refused")
      return
    }
    guard case .invalid = try await answer("select 1; select 2") else {
      Issue.record("two statements are not refused")
      return
    }
    await #expect(throws: ProbeError.self) { try await sql.count(table: "t\"; drop table t; --", timeout: SQLiteBench.minute) }
  }

  @Test("views that unfold into too much are refused before SQLite unfolds them, and ordinary ones are not")
  func unfolding() async throws {
    let bench = try SQLiteBench()
    func views(_ length: Int, _ body: (Int) -> String) throws -> String {
      let chain = (1...length).map { "CREATE VIEW v\($0) AS SELECT 1 AS a FROM \(body($0 - 1));" }.joined()
      return try bench.database("BEGIN; CREATE TABLE t(a); CREATE VIEW v0 AS SELECT a FROM t;" + chain + "COMMIT;", "\(length)")
    }
    let usual = try await bench.restore(try views(40) { "v\($0)" }).probes
    #expect(try await usual.sql?.count(table: "v40", timeout: SQLiteBench.minute) == 0)
    for path in [try views(9000) { "v\($0)" }, try views(30) { "v\($0), \"V\($0)\" AS x" }, try views(10_500) { _ in "t" }] {
      let other = try SQLiteBench()
      let fault = await #expect(throws: Fault.self) { try await other.restore(path) }
      #expect(fault?.code == .unsafeContent)
    }
  }

  @Test("a question that never ends is ended at its deadline")
  func deadline() async throws {
    let bench = try SQLiteBench()
    let endless = "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;"
    let sql = try #require(try await bench.restore(try bench.database(table + endless)).probes.sql)
    let limit = Duration.milliseconds(200)
    await #expect(throws: ProbeError.timeout(limit)) { try await sql.count(table: "v", timeout: limit) }
  }

  @Test("rows beyond the limit are cut, blobs described, names found in any case")
  func values() async throws {
    let bench = try SQLiteBench()
    let sql = try #require(
      try await bench.restore(
        try bench.database(table + "CREATE TABLE b(x); INSERT INTO b VALUES(x'00ff'),(zeroblob(100)),(9007199254740993),(NULL);")
      ).probes.sql)
    let rows = try await sql.query("select x from b", timeout: SQLiteBench.minute, limit: 10)
    #expect(rows.rows == [["x'00ff'"], ["blob of 100 bytes"], ["9007199254740993"], [nil]])
    #expect(try await sql.query("select * from t", timeout: SQLiteBench.minute, limit: 2).isCut)
    #expect(try await sql.count(table: "main.T", timeout: SQLiteBench.minute) == 3)
  }

  @Test("the schema names keys, checks, indexes and views, and not their layout")
  func schema() async throws {
    let sql =
      "CREATE TABLE p(id INTEGER PRIMARY KEY AUTOINCREMENT, price REAL NOT NULL DEFAULT 1 CHECK (price  >  0), c TEXT COLLATE NOCASE UNIQUE, q REFERENCES p(id) ON DELETE CASCADE); CREATE INDEX i ON p(price DESC) WHERE price > 2; CREATE VIEW v AS SELECT id\nFROM p;"
    let bench = try SQLiteBench()
    let lines = try #require(try await bench.restore(try bench.database(sql)).probes.schema?.schema(timeout: SQLiteBench.minute)).lines
    for line in [
      "table p", "column p.id integer autoincrement", "column p.price real not null default 1", "primary key of p (id)",
      "check on p ( price > 0 )", "unique on p (c collate nocase)",
      "foreign key of p (q) references p (id) on update no action on delete cascade",
      "view v as select id from p", "index i on p (price desc) as on p ( price desc ) where price > 2",
    ] { #expect(lines.contains(line), "\(lines)") }
    #expect(lines == lines.sorted())
  }
}
