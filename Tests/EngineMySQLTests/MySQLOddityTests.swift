import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQL
import Foundation
import Testing

@Suite("Odd dumps that are good", .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
struct MySQLOddityTests {
  private static let header =
    "-- MySQL dump 10.13  Distrib 5.7.44, for Linux (x86_64)\n--\n-- Host: h    Database: shop\n-- Server version\t5.7.44\n"
  private static let table = "CREATE TABLE t(id INT PRIMARY KEY, v VARCHAR(100));\nINSERT INTO t VALUES (1,'a'),(2,'b');\n"
  private static let trailer = "-- Dump completed on 2026-11-21  9:44:05\n"

  @Test("a whole dump keeps its values, its code and its own database's name")
  func whole() async throws {
    try await MySQLBench().restore(try await SampleMySQL.dumps().plain) { (probes, report) async throws -> Void in
      #expect(try await probes.count("orders") == 1000)
      #expect(try await probes.count("shop.customers") == 50)
      // The view's definer exists nowhere but as a stand-in.
      #expect(try await probes.count("recent") == 10)
      #expect(try await probes.value("SELECT hex(picture) FROM customers WHERE id = 7") == "00FF0A0D1A27225C")
      #expect(try await probes.value("SELECT name FROM customers WHERE id = 7") == "customer 7 it's; -- \\ \"quoted\" 😀")
      #expect(try await probes.value("SELECT doubled(21)") == "42")
      #expect(try await probes.value("SELECT born FROM customers WHERE id = 1") == "0000-00-00")
      #expect(report.completed != nil && report.notes.isEmpty, "\(report)")
      #expect(try await probes.findings(.full).isEmpty)
      let lines = try await probes.schema?.schema(timeout: .seconds(30)).lines ?? []
      for line in ["trigger orders_made after insert on orders", "event nightly", "procedure tidy", "foreign key orders.orders_customer"] {
        #expect(lines.contains { $0.hasPrefix(line) }, "\(line)")
      }
    }
  }

  @Test("a dump with --databases, and one of all databases, whose system tables are left out and said so")
  func databases() async throws {
    let dumps = try await SampleMySQL.dumps()
    try await MySQLBench(database: "shop").restore(dumps.databases) { (probes, _) async throws -> Void in
      let found = try await probes.count("orders")
      #expect(found == 1000)
    }
    try await MySQLBench().restore(dumps.all) { (probes, report) async throws -> Void in
      #expect(try await probes.count("orders") == 1000)
      #expect(report.notes.contains { $0.contains("the server's own databases") }, "\(report.notes)")
    }
  }

  @Test(
    "comments, settings and statements that no restore needs",
    arguments: [
      "/*M!999999\\- enable the sandbox mode */ \n", "SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ 'a-b:1-5';\n",
      "CHANGE MASTER TO MASTER_LOG_FILE='b.000001', MASTER_LOG_POS=4;\n", "-- CHANGE MASTER TO MASTER_LOG_FILE='b', MASTER_LOG_POS=4;\n",
      "SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;\nSET @@SESSION.SQL_LOG_BIN= 0;\n", "/*! FLUSH PRIVILEGES */;\n",
      "CREATE USER 'app'@'%' IDENTIFIED BY 'x';\nGRANT ALL PRIVILEGES ON *.* TO 'app'@'%';\n", "INSTALL PLUGIN x SONAME 'x.so';\n",
      "\u{FEFF}", ";;\n;\n", "# a comment; with ' quotes\n/* and ; another ' */\n", "SET NAMES latin1;\n",
      "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT ';'; END$$\nDELIMITER ;\n", "CREATE TABLE `a;b'c` (`x\"y` INT);\n",
      "CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO DELETE FROM t;\n", "SET GLOBAL max_connections = 5;\n",
      "CREATE DEFINER=`gone`@`10.%` VIEW w AS SELECT 1 AS x;\n", "CREATE DEFINER=`a role` PROCEDURE q() SELECT 1;\n",
    ])
  func harmless(_ text: String) async throws {
    let isMark = text == "\u{FEFF}"
    let dump = (isMark ? text : "") + MySQLOddityTests.header + (isMark ? "" : text) + MySQLOddityTests.table + MySQLOddityTests.trailer
    try await MySQLBench().restore(Array(dump.utf8)) { (probes, _) async throws -> Void in
      let found = try await probes.count("t")
      #expect(found == 2)
    }
  }

  @Test("Windows line ends, no last newline, no date in the trailer, two dumps behind each other")
  func ends() async throws {
    let (header, table) = (MySQLOddityTests.header, MySQLOddityTests.table)
    let second = header + "CREATE TABLE u(id INT);\nINSERT INTO u VALUES (1);\n" + MySQLOddityTests.trailer
    let whole = header + table + MySQLOddityTests.trailer
    for dump in [
      whole.replacing("\n", with: "\r\n"), header + table + "-- Dump completed", whole + second, "SET autocommit=0;\n" + whole + "COMMIT",
    ] {
      try await MySQLBench().restore(Array(dump.utf8)) { (probes, _) async throws -> Void in
        let found = try await probes.count("t")
        #expect(found == 2, "\(dump)")
      }
    }
  }

  @Test("a trailer, a header and a command inside a value are values")
  func values() async throws {
    let value = "x\n-- Dump completed on 2026-11-21  9:44:05\n-- MySQL dump 10.13\ndelimiter ;;\nsource /etc/passwd\n\\! id\nUSE mysql;"
    let dump =
      MySQLOddityTests.header + "CREATE TABLE t(id INT, v TEXT);\nINSERT INTO t VALUES (1,'\(value.replacing("\\", with: "\\\\"))');\n"
      + MySQLOddityTests.trailer
    try await MySQLBench().restore(Array(dump.utf8)) { (probes, report) async throws -> Void in
      #expect(try await probes.value("SELECT v FROM t") == value)
      #expect(report.notes.isEmpty, "\(report.notes)")
    }
  }

  @Test("a dump of another tool has no trailer, and the record says what that means; one with a zone in its header is dated by it")
  func otherTools() async throws {
    let head = "# ************\n# Sequel Pro SQL dump\n# Version 4541\n#\n# Generation Time: 2018-09-26 21:33:23 +0000\n# ************\n\n"
    let identity = try MySQLEngine().inspect(ContentHead(name: "d", bytes: Array((head + MySQLOddityTests.table).utf8)))
    #expect(identity.takenAt == Timestamp(rfc3339: "2018-09-26T21:33:23Z") && identity.format == "Sequel Pro")
    try await MySQLBench().restore(Array((head + MySQLOddityTests.table).utf8)) { (probes, report) async throws -> Void in
      #expect(try await probes.count("t") == 2)
      #expect(report.notes.contains { $0.contains("no signature") })
    }
  }

  @Test("a dump without a row says so, and one without a table leaves nothing for the deep check to call sound")
  func hollow() async throws {
    try await MySQLBench().restore(Array("CREATE TABLE t(id INT);\n".utf8)) { (probes, report) async throws -> Void in
      #expect(report.notes.contains { $0.contains("no row") }, "\(report.notes)")
      #expect(try await probes.findings(.full).isEmpty)
    }
    try await MySQLBench().restore(Array("CREATE PROCEDURE p() SELECT 1;\n".utf8)) { (probes, _) async throws -> Void in
      #expect(try await probes.findings(.quick) == ["the restored server holds no table"])
    }
  }

  @Test("a dump without comments proves its end by the settings that it puts back, and needs no note")
  func uncommented() async throws {
    let dump = String(decoding: try await SampleMySQL.dumps().plain, as: UTF8.self)
    let bare = dump.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("--") }.joined(separator: "\n")
    try await MySQLBench().restore(Array(bare.utf8)) { (probes, report) async throws -> Void in
      #expect(try await probes.count("orders") == 1000 && report.notes.isEmpty, "\(report.notes)")
    }
    let place = try #require(bare.range(of: "UNLOCK TABLES;\n", options: .backwards))
    #expect(try await MySQLBench().fault(Array(bare[..<place.upperBound].utf8))?.code == .backupTruncated)
  }

  @Test("a long line and a value of many megabytes pass")
  func large() async throws {
    let value = String(repeating: "0123456789abcdef", count: 1_200_000)
    let dump =
      MySQLOddityTests.header + "CREATE TABLE t(id INT, v LONGTEXT);\nINSERT INTO t VALUES (1,'\(value)');\n" + MySQLOddityTests.trailer
    try await MySQLBench().restore(Array(dump.utf8)) { (probes, _) async throws -> Void in
      #expect(try await probes.value("SELECT length(v) FROM t") == "19200000")
    }
  }
}
