import DrillModel
import EngineKit
import Foundation
import MySQLKit

/// What the beginning of a plain SQL dump says of itself.
struct MySQLDumpHeader: Sendable, Hashable {
  /// What wrote it, for people: `mariadb-dump`, `phpMyAdmin`; nil where nothing says so.
  var tool: String?
  /// Whose tool or server it was, where it says so.
  var vendor: MySQLVendor?
  /// The version of the server that was dumped: `8.0.36`.
  var serverVersion: String?
  /// The one database that was dumped, where the dump names it without entering it.
  var database: String?
  /// When it was written, where the header has a zone.
  var takenAt: Timestamp?

  /// Whether mysqldump or mariadb-dump wrote it, whose ways are known.
  var isVendors: Bool { tool == "mysqldump" || tool == "mariadb-dump" }

  /// For the record: `mariadb-dump of MariaDB 10.11.19`.
  var description: String {
    let server = serverVersion.map { " of \(vendor?.title ?? "server") \($0)" } ?? ""
    return "\(tool ?? "SQL statements")\(server)"
  }

  /// Reads the comments that a dump begins with.
  ///
  /// - Throws: `Fault` with code `backup_wrong_format` for text that is no SQL of this family.
  init(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes.prefix(32 << 10), as: UTF8.self)
    let lines = text.split(whereSeparator: \.isNewline).prefix(60)
    for line in lines { read(line) }
    let isForeign = KnownFormat.name(of: bytes).map { !$0.hasPrefix("a MySQL") } ?? false
    guard tool != nil || (!isForeign && MySQLDumpHeader.isSQL(bytes)) else { throw MySQLDumpHeader.foreign(bytes, text) }
  }

  private mutating func read(_ line: Substring) {
    let line = line.trimmingPrefix("\u{FEFF}")
    if let match = line.firstMatch(of: /^-- (MySQL|MariaDB) dump [\d.]+ +Distrib ([\d.]+)(-MariaDB)?/) {
      vendor = match.1 == "MariaDB" || match.3 != nil ? .mariadb : .mysql
      tool = match.1 == "MariaDB" ? "mariadb-dump" : "mysqldump"
    } else if let match = line.firstMatch(of: /^-- Host: .*? {2,}Database: (.+?)\s*$/) {
      database = String(match.1)
    } else if let match = line.firstMatch(of: /^-- Server version\s+([\d.]+)(\S*)/) {
      serverVersion = String(match.1)
      if match.2.contains("MariaDB") { vendor = .mariadb }
    } else if line.hasPrefix("-- Dump created by MySQL pump utility") {
      (tool, vendor) = ("mysqlpump", .mysql)
    } else if let match = line.firstMatch(of: /^(?:--|#) (phpMyAdmin|Sequel (?:Pro|Ace)|Adminer|HeidiSQL|Navicat|SQLyog)\b/) {
      tool = String(match.1)
    } else if let match = line.firstMatch(of: /^# Generation Time: (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d{4})/) {
      takenAt = Timestamp(rfc3339: "\(match.1)T\(match.2)\(match.3.prefix(3)):\(match.3.suffix(2))")
    }
  }

  /// Whether the first thing that is no comment is a word that a dump may begin with.
  private static func isSQL(_ bytes: [UInt8]) -> Bool {
    let words = MySQLTokens(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes).words(2)
    guard let first = words.first else { return words.isEmpty && bytes.starts(with: Array("/*".utf8)) }
    return beginnings.contains(first)
  }

  private static let beginnings: Set<String> = [
    "SET", "CREATE", "DROP", "INSERT", "REPLACE", "USE", "LOCK", "START", "BEGIN", "ALTER", "DELETE", "TRUNCATE", "DELIMITER", "COMMIT",
    "UPDATE", "CHANGE", "GRANT", "FLUSH", "SOURCE", "SYSTEM", "LOAD",
  ]

  /// What the content is instead.
  private static func foreign(_ bytes: [UInt8], _ text: String) -> Fault {
    let what = KnownFormat.name(of: bytes) ?? (text.hasPrefix("PRAGMA") ? "a SQLite dump" : "no SQL of MySQL or MariaDB")
    return Fault(
      .backupWrongFormat, "the backup is \(what), not a dump of MySQL or MariaDB",
      advice: "Check `engine` and `match`, or what wrote the file")
  }
}
