import DrillModel
import Testing

@testable import EngineMySQL

@Suite("The scanner of MySQL dumps")
struct MySQLScannerTests {
  private final class Collector: MySQLSink {
    var passed: [UInt8] = []
    var needs: [MySQLNeed] = []
    func pass(_ bytes: UnsafeBufferPointer<UInt8>) throws { passed += bytes }
    func needs(_ need: MySQLNeed) throws { needs.append(need) }
  }

  /// Scans text that comes in pieces of a size.
  private func scan(_ text: String, pieces: Int = 1 << 20, countsRows: Bool = true) throws -> (report: MySQLScanReport, sink: Collector) {
    let (sink, all) = (Collector(), Array(text.utf8))
    var scanner = MySQLScanner(countsRows: countsRows)
    var (pending, next) = ([UInt8](), 0)
    repeat {
      pending += all[next..<min(all.count, next + pieces)]
      next = min(all.count, next + pieces)
      let done = try pending.withUnsafeBufferPointer { try scanner.scan($0, from: 0, isLast: next == all.count, into: sink) }
      pending.removeFirst(done)
    } while next < all.count || !pending.isEmpty
    try scanner.finish(into: sink)
    return (scanner.report, sink)
  }

  private static let tricky = """
    /*M!999999\\- enable the sandbox mode */\u{20}
    -- MariaDB dump 10.19  Distrib 10.11.19-MariaDB
    /*!40101 SET NAMES utf8mb4 */;
    CREATE TABLE `a;'b` (id INT, v TEXT); # comment; 'x
    INSERT INTO `a;'b` VALUES (1,'it''s; \\'quoted\\' -- no\\\\'),(2,"(;"),(3,NULL /* ; ' */);
    INSERT INTO t (a, b) VALUES (1,(2)),(3,4);
    DELIMITER ;;
    /*!50003 CREATE*/ /*!50017 DEFINER=`own``er`@`%`*/ /*!50003 TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = 1; END */;;
    DELIMITER ;
    CREATE DEFINER=bob@localhost VIEW v AS SELECT 1;
    CREATE DEFINER=CURRENT_USER VIEW w AS SELECT 1;
    -- Dump completed on 2026-11-21  9:44:05

    """

  @Test("gives the same whatever pieces the bytes come in", arguments: [1, 2, 3, 7, 33, 64, 1000])
  func pieces(_ size: Int) throws {
    let (report, sink) = try scan(MySQLScannerTests.tricky, pieces: size)
    #expect(String(decoding: sink.passed, as: UTF8.self) == MySQLScannerTests.tricky)
    #expect(report.truncation == nil && report.rows == 5 && report.hasContent)
    #expect(report.completed == CivilTime(year: 2026, month: 11, day: 21, hour: 9, minute: 44, second: 5))
    #expect(
      sink.needs == [
        .account(.init(user: "own`er", host: "%")), .account(.init(user: "bob", host: "localhost")),
      ])
    #expect(report.kind(at: 5) == "INSERT INTO" && report.kind(at: 8) == "CREATE DEFINER")
  }

  @Test("the line for the client's sandbox hides no header behind it")
  func sandbox() throws {
    let cut = MySQLScannerTests.tricky.split(separator: "-- Dump completed")[0]
    #expect(try scan(String(cut)).report.truncation != nil)
  }

  @Test("what is left out leaves its newlines, so that lines keep their numbers")
  func leftOut() throws {
    let text = "CREATE USER\n'a'@'b';\nUSE `mysql`;\nINSERT INTO user\nVALUES ('x;\n');\nUSE shop;\nCREATE TABLE t(\nid INT);\n"
    let (report, sink) = try scan(text)
    #expect(String(decoding: sink.passed, as: UTF8.self) == "\n\n\n\n\n\nUSE shop;\nCREATE TABLE t(\nid INT);\n")
    #expect(report.leftOut == [.accounts: 1, .system: 2])
  }

  @Test(
    "sees where an end is missing",
    arguments: [
      ("CREATE TABLE t(id INT)", true), ("INSERT INTO t VALUES ('a", true), ("SELECT 1 /* ", true), ("SET a = 1", false), ("COMMIT", false),
      ("SET a = 'x", true), ("-- MySQL dump 10.13\nSET a = 1;\n", true), ("-- MySQL dump 10.13\nSET a = 1;\n-- Dump completed\n", false),
      ("-- MySQL dump 10.13\n-- Dump completed\n-- MySQL dump 10.13\n", true), ("-- MySQL dump 9.11\nSET a = 1;\n", false),
      ("-- MySQL dump 10.13\nINSERT INTO t VALUES ('\n-- Dump completed\n');\n", true), ("", false),
    ])
  func truncation(_ text: String, _ isCut: Bool) throws { #expect((try scan(text).report.truncation != nil) == isCut) }

  @Test(
    "sees by settings, transactions and views which part of a dump without a trailer is missing",
    arguments: [
      ("/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\nCREATE TABLE t(a INT);\n", true),
      ("/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\nSELECT 1;\n/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n", false),
      ("SET @OLD_SQL_MODE=@@SQL_MODE;\nSELECT 1;\nSET SQL_MODE=IF(@OLD_SQL_MODE IS NULL, '', @OLD_SQL_MODE);\n", false),
      ("SET @OLD_SQL_MODE=@@SQL_MODE;\nUSE `mysql`;\nSELECT 1;\nSET SQL_MODE=@OLD_SQL_MODE;\n", false),
      ("SELECT 1;\n/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n", true), ("SET @old_mode = @@sql_mode;\nINSERT INTO t VALUES (1);\n", false),
      ("SET autocommit=0;\nINSERT INTO t VALUES (1);\n", true), ("SET autocommit=0;\nINSERT INTO t VALUES (1);\nCOMMIT", false),
      ("START TRANSACTION;\nINSERT INTO t VALUES (1);\n", true), ("BEGIN;\nDELETE FROM t;\nALTER TABLE t ADD KEY(a);\n", false),
      ("START TRANSACTION;\nCREATE TABLE t(a INT);\nINSERT INTO t VALUES (1);\n", false),
      ("SET autocommit=0;\nINSERT INTO t VALUES (1);\nSET autocommit=1;\n", false),
      ("-- Temporary table structure for view `v`\nSELECT 1;\n", true),
      ("-- Temporary view structure for view `v`\nSELECT 1;\n-- Final view structure for view `v`\n", false),
      ("-- MySQL dump 10.13\n-- Dumping data for ta-- MySQL dump 10.13\n-- Dump completed\n", true),
    ])
  func ends(_ text: String, _ isCut: Bool) throws { #expect((try scan(text).report.truncation != nil) == isCut) }

  @Test("strings follow the session's SQL mode and character set")
  func strings() throws {
    let plain = try scan("SET SQL_MODE='NO_BACKSLASH_ESCAPES';\nINSERT INTO t VALUES ('\\');\nINSERT INTO t VALUES (2);\n").report
    #expect(plain.truncation == nil && plain.rows == 2)
    #expect(try scan("INSERT INTO t VALUES ('\\');\nINSERT INTO t VALUES (2);\n").report.truncation != nil)
  }

  @Test(
    "what reaches for the host is refused at its line",
    arguments: ["source x", "SYSTEM x", "LOAD DATA INFILE 'x'", "\\! x", "/*!50000 LOAD XML */"])
  func host(_ text: String) throws {
    let fault = #expect(throws: Fault.self) { try scan("SELECT 1;\n\(text);\n") }
    #expect(fault?.code == .unsafeContent && fault?.message.contains("line 2") == true)
  }

  @Test("names of mydumper's files say what they are")
  func files() {
    #expect(MyDumperDirectory.file("shop-schema-create.sql")?.kind == .database)
    #expect(MyDumperDirectory.file("shop.orders-schema.sql.gz")?.table == .init(database: "shop", name: "orders"))
    #expect(MyDumperDirectory.file("shop.orders.00012.sql")?.table == .init(database: "shop", name: "orders"))
    #expect(MyDumperDirectory.file("shop.or.der.sql")?.table == .init(database: "shop", name: "or.der"))
    #expect(MyDumperDirectory.file("shop-schema-post.sql")?.kind == .code)
    #expect(MyDumperDirectory.file("notes.txt") == nil)
  }
}
