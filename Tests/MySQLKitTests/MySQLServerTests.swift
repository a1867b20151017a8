import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Glibc
import MySQLKit
import Testing
import ToolRunner

@Suite("A scratch server of MariaDB or MySQL", .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
struct MySQLServerTests {
  private static let shop = [
    "CREATE DATABASE shop", "CREATE TABLE shop.orders(id INT PRIMARY KEY, note TEXT)", "INSERT INTO shop.orders VALUES (1, 'a'), (2, NULL)",
    "CREATE DATABASE other", "CREATE TABLE other.Mixed(id INT)", "CREATE VIEW shop.v AS SELECT id FROM shop.orders",
  ]

  /// Runs statements as our own administrator.
  private static func run(_ statements: [String], on server: MySQLServer) async throws {
    let target = server.administrator
    try await onThread("statements") {
      let connection = try MySQLConnection(target)
      for statement in statements { try connection.execute(statement) }
    }
  }

  @Test("starts, answers, and leaves nothing behind")
  func whole() async throws {
    let pid = try await SampleMySQL.withServer(durability: .production) { server in
      try await MySQLServerTests.run(MySQLServerTests.shop, on: server)
      let accounts = try await onThread("accounts") { try MySQLAccounts(server) }
      let probe = MySQLProbe(accounts.checker.entering("shop"), vendor: server.installation.vendor)
      #expect(try await probe.count(table: "orders", timeout: .seconds(10)) == 2)
      let table = try await probe.query("SELECT id, note FROM orders ORDER BY id", timeout: .seconds(10), limit: 1)
      #expect(table == SQLTable(columns: ["id", "note"], rows: [["1", "a"]], isCut: true))
      return Int32(TextFile.read("\(server.socket)/pid").split(separator: "\n").first ?? "") ?? 0
    }
    #expect(pid > 0 && kill(pid, 0) != 0)
  }

  @Test("the checker reads and does nothing else; the loader stays out of the server's own databases")
  func rights() async throws {
    try await SampleMySQL.withServer { server in
      try await MySQLServerTests.run(MySQLServerTests.shop, on: server)
      let accounts = try await onThread("accounts") { try MySQLAccounts(server) }
      let probe = MySQLProbe(accounts.checker.entering("shop"), vendor: server.installation.vendor)
      for statement in [
        "INSERT INTO orders VALUES (3, '')", "CREATE TABLE t(id INT)", "SELECT * FROM mysql.user", "SET GLOBAL read_only = 0",
      ] {
        await #expect(throws: ProbeError.self, "\(statement)") {
          try await probe.query(statement, timeout: .seconds(10), limit: 1)
        }
      }
      let loader = accounts.loader
      try await onThread("loader") {
        let connection = try MySQLConnection(loader)
        try connection.execute("CREATE DATABASE mine")
        for statement in [
          "DROP TABLE mysql.plugin", "INSERT INTO mysql.plugin VALUES ('a', 'b')", "SELECT 1 INTO OUTFILE '/tmp/drillmark-x'",
          "CREATE USER x", "GRANT FILE ON *.* TO CURRENT_USER", "SET GLOBAL general_log = 1", "INSTALL PLUGIN x SONAME 'x.so'",
          "LOAD DATA INFILE '/etc/passwd' INTO TABLE shop.orders", "SHUTDOWN",
        ] { #expect(throws: MySQLError.self, "\(statement)") { try connection.execute(statement) } }
        try accounts.lock()
        #expect(throws: MySQLError.self) { try MySQLConnection(loader) }
      }
    }
  }

  @Test("a table is found by the name people write, and a missing one is missing")
  func names() async throws {
    try await SampleMySQL.withServer { server in
      try await MySQLServerTests.run(MySQLServerTests.shop, on: server)
      let probe = MySQLProbe(server.administrator.entering("shop"), vendor: server.installation.vendor)
      for name in ["orders", "shop.orders", "`shop`.`orders`", "ORDERS", "v"] {
        #expect(try await probe.count(table: name, timeout: .seconds(10)) == 2, "\(name)")
      }
      #expect(try await probe.count(table: "mixed", timeout: .seconds(10)) == 0)
      for name in ["nothing", "orders; DROP TABLE orders", "shop.`orders", "''", "other.orders"] {
        await #expect(throws: ProbeError.missing("there is no table or view \(name)")) {
          try await probe.count(table: name, timeout: .seconds(10))
        }
      }
    }
  }

  @Test("a question that takes too long ends at its time, and a cancelled one at once")
  func slow() async throws {
    try await SampleMySQL.withServer { server in
      let probe = MySQLProbe(server.administrator, vendor: server.installation.vendor)
      let endless = "SELECT count(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c"
      await #expect(throws: ProbeError.timeout(.seconds(1))) { try await probe.query(endless, timeout: .seconds(1), limit: 1) }
      let question = Task { try await probe.query(endless, timeout: .seconds(300), limit: 1) }
      try await Task.sleep(for: .milliseconds(500))
      let start = ContinuousClock.now
      question.cancel()
      await #expect(throws: CancellationError.self) { try await question.value }
      #expect(ContinuousClock.now - start < .seconds(20))
    }
  }

  @Test("a server that cannot start is quoted")
  func refuses() async throws {
    let fault = await #expect(throws: Fault.self) { try await SampleMySQL.withServer(extra: ["--innodb-page-size=12345"]) { _ in } }
    #expect(fault?.code == .toolFailed && fault?.message.contains("ended while it started") == true, "\(String(describing: fault))")
  }

  @Test("the deep check looks at all databases, names engines without one, and finds a broken view and a damaged table")
  func deep() async throws {
    try await SampleMySQL.withServer { server in
      try await MySQLServerTests.run(MySQLServerTests.shop + ["CREATE TABLE other.m(id INT) ENGINE=MEMORY"], on: server)
      let check = MySQLDeepCheck(server.administrator, vendor: server.installation.vendor, server: server)
      for level in DeepLevel.allCases {
        let sound = try await check.check(level, timeout: .seconds(60))
        #expect(sound.findings.isEmpty && sound.scope.hasPrefix("3 tables, 1 views"), "\(sound)")
        #expect(sound.scope.contains("other.m"), "\(sound)")
      }
      try await MySQLServerTests.run(
        [
          "CREATE TABLE other.a(id INT PRIMARY KEY, t TEXT) ENGINE=MyISAM", "INSERT INTO other.a VALUES (1, 'x'), (2, 'y')",
          "DROP TABLE shop.orders", "FLUSH TABLES",
        ], on: server)
      let file = "\(server.data)/other/a.MYD"
      try #require(truncate(file, 10) == 0)
      let broken = try await check.check(.full, timeout: .seconds(60))
      #expect(broken.findings.contains { $0.hasPrefix("shop.v: error: ") }, "\(broken)")
      #expect(broken.findings.contains { $0.hasPrefix("other.a: error: ") }, "\(broken)")
    }
  }

  @Test("the schema is the same lines whatever the database is called")
  func schema() async throws {
    try await SampleMySQL.withServer { server in
      var snapshots: [[String]] = []
      for name in ["one", "two"] {
        try await MySQLServerTests.run(
          [
            "CREATE DATABASE \(name)", "CREATE TABLE \(name).p(id INT PRIMARY KEY, t VARCHAR(10) DEFAULT 'x')",
            "CREATE TABLE \(name).c(id INT, p INT, KEY k (p), CONSTRAINT f FOREIGN KEY (p) REFERENCES \(name).p(id))",
            "CREATE VIEW \(name).v AS SELECT id FROM \(name).p",
          ], on: server)
        let probe = MySQLProbe(server.administrator.entering(name), vendor: server.installation.vendor)
        snapshots.append(try await MySQLSchema(probe).schema(timeout: .seconds(10)).lines)
        try await MySQLServerTests.run(["DROP DATABASE \(name)"], on: server)
      }
      #expect(snapshots[0] == snapshots[1])
      #expect(snapshots[0].contains { $0.hasPrefix("foreign key c.f (p) references p (id)") }, "\(snapshots[0])")
      #expect(snapshots[0].contains { $0.hasPrefix("column p.t varchar(10) default 'x'") }, "\(snapshots[0])")
    }
  }
}
