import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQL
import Foundation
import Testing

@Suite("Sabotaged dumps", .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
struct MySQLSabotageTests {
  @Test("cut between two statements, where the client says nothing")
  func cutBetweenStatements() async throws {
    let dump = try await SampleMySQL.dumps().plain
    for marker in ["UNLOCK TABLES;\n", ";\n/*!40000 ALTER TABLE `orders` ENABLE", "-- Dump completed", "-- Dumping events"] {
      let place = try #require(dump.firstRange(of: marker), "\(marker)")
      let fault = try await MySQLBench().fault(Array(dump[..<place.upperBound.advanced(by: marker.hasPrefix("--") ? -marker.count : 0)]))
      #expect(fault?.code == .backupTruncated, "\(marker): \(String(describing: fault))")
    }
  }

  @Test("cut behind a row and before the semicolon, also where no header says what wrote it")
  func cutBehindRow() async throws {
    let dump = Array("CREATE TABLE t(id INT);\nINSERT INTO t VALUES (1),(2)".utf8)
    let fault = try await MySQLBench().fault(dump)
    #expect(fault?.code == .backupTruncated && fault?.message.contains("INSERT INTO") == true, "\(String(describing: fault))")
  }

  @Test("the first of two dumps is cut")
  func firstOfTwo() async throws {
    let dump = try await SampleMySQL.dumps().plain
    let place = try #require(dump.firstRange(of: "-- Dump completed"))
    #expect(try await MySQLBench().fault(Array(dump[..<place.lowerBound]) + dump)?.code == .backupTruncated)
  }

  @Test("an error stops the load and is told with its line and kind, and without any value")
  func error() async throws {
    let dump = Array(
      "CREATE TABLE t(id INT PRIMARY KEY, mail VARCHAR(99) UNIQUE);\n\nINSERT INTO t VALUES\n(1,'anna@example.com'),\n(2,'anna@example.com');\nCREATE TABLE later(id INT);\n"
        .utf8)
    let fault = try #require(try await MySQLBench().fault(dump))
    #expect(fault.code == .restoreFailed && fault.message.contains("INSERT INTO at line 3"), "\(fault)")
    #expect(!fault.description.contains("anna"), "\(fault)")
  }

  @Test(
    "content that is not what it should be",
    arguments: [
      (
        "-- MySQL dump 10.13  Distrib 5.7.44, for Linux\nmysqldump: Got error: 1045: Access denied when trying to connect\n",
        FaultCode.backupTruncated
      ),
      ("-- MySQL dump 10.13  Distrib 5.7.44, for Linux\n-- Dump completed on 2026-11-21  9:44:05\n", .backupEmpty),
      ("-- MySQL dump 10.13  Distrib 5.7.44, for Linux\n-- Server version\t5.7.44\n", .backupTruncated),
      ("-- PostgreSQL database dump\n\nSET statement_timeout = 0;\n", .backupWrongFormat),
      ("PRAGMA foreign_keys=OFF;\nBEGIN;\n", .backupWrongFormat),
      ("The backup failed, see the log\n", .backupWrongFormat), ("Salted__12345678", .backupEncrypted), ("SET NAMES utf8;\n", .backupEmpty),
      ("CREATE TABLE t(id INT);\nINSERT INTO t VALUES (1);\nINSERT INTO gone VALUES (1);\n", .restoreFailed),
      ("CREATE TABLE t(id INT);\nINSERT INTO t VALUES (1,2);\n", .restoreFailed),
      ("CREATE TABLE t(id INT);\nINSERT INTO t VALUES ('x\u{0}y');\n", .backupDamaged),
      ("CREATE TABLE t(v VARCHAR(3));\nINSERT INTO t VALUES ('too long');\n", .restoreFailed),
      ("CREATE TABLE t(id INT);\nINSERT INTO t VALUES (1);\n/* not closed", .backupTruncated),
      ("CREATE TABLE t(id INT) ENGINE=NoSuchEngine;\n", .toolMissing), ("DROP TABLE IF EXISTS t;\n", .backupEmpty),
      ("CREATE TABLE t(id INT);\n/*!40103 SET TIME_ZONE=@OLD_TIME_ZONE */;\n-- Dump completed on 2026-11-21  9:44:05\n", .backupTruncated),
      ("/*!40111 SET @OLD_SQL_NOTES=@@SQL_NOTES, SQL_NOTES=0 */;\nCREATE TABLE t(id INT);\n/*!40111 SET SQL_NO", .backupTruncated),
      (
        "-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n-- Server version\t8.0.36\nCREATE TABLE t(v TEXT) COLLATE utf8mb4_0900_zz_ci;\n",
        .toolTooOld
      ),
      (
        "-- MariaDB dump 10.19  Distrib 10.6.1-MariaDB, for Linux\n-- Server version\t10.6.1-MariaDB\nCREATE TABLE t(v INT) ENGINE=NoSuchEngine;\n",
        .toolMissing
      ),
    ])
  func content(_ text: String, _ code: FaultCode) async throws {
    let fault = try await MySQLBench().fault(Array(text.utf8))
    #expect(fault?.code == code, "\(String(describing: fault))")
  }

  @Test("a dump of mysqldump that lost its views, or its beginning, fails although its trailer is there")
  func holes() async throws {
    let dump = try await SampleMySQL.dumps().plain
    let (views, end) = (
      try #require(dump.firstRange(of: "-- Final view structure")), try #require(dump.firstRange(of: "/*!40103 SET TIME_ZONE=@OLD"))
    )
    let lacking = try await MySQLBench().fault(Array(dump[..<views.lowerBound] + dump[end.lowerBound...]))
    #expect(lacking?.code == .backupTruncated && lacking?.message.contains("view") == true, "\(String(describing: lacking))")
    let tables = try #require(dump.firstRange(of: "-- Table structure for table `orders`"))
    let headless = try await MySQLBench().fault(Array(dump[tables.lowerBound...]))
    #expect(headless?.code.verdict == .failed, "\(String(describing: headless))")
  }

  @Test("a flipped quote in the middle is found")
  func flipped() async throws {
    let dump = try await SampleMySQL.dumps().plain.replacing("'customer 20 ", with: "customer 20 ")
    let fault = try await MySQLBench().fault(dump)
    #expect(fault?.code.verdict == .failed || fault?.code == .toolTooOld, "\(String(describing: fault))")
  }
}
