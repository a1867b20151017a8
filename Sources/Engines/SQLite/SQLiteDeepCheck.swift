import CSQLite
import EngineKit

/// quick_check; at `full` integrity_check (every row against every index) and foreign_key_check.
///
/// The pragmas' answers are read as text: sqlite3's exit status and SQLite's result code are success on a damaged file.
struct SQLiteDeepCheck {
  /// Findings are cut here; a damaged file can have millions.
  static let findingLimit = 100

  private let connection: SQLiteConnection
  private var findings: [String] = []
  private var uncheckable: [String] = []
  private var violations = 0

  init(connection: SQLiteConnection) { self.connection = connection }

  mutating func run(_ level: DeepLevel) throws -> DeepResult {
    let pragma = level == .full ? "integrity_check" : "quick_check"
    findings += try noting {
      var lines: [String] = []
      try connection.run("PRAGMA main.\(pragma)(\(Self.findingLimit + 1))") { row in
        lines.append(row[0] ?? "")
        return true
      }
      // The one line that is good.
      if lines == ["ok"] { return [] }
      return lines.isEmpty ? ["\(pragma) gave no answer"] : lines.flatMap { $0.split(separator: "\n").map { "\(pragma): \($0)" } }
    }
    if level == .full { try foreignKeys() }
    let scope = try noteScope(pragma, level)
    if findings.count > Self.findingLimit {
      findings = findings.prefix(Self.findingLimit) + ["and more"]
    }
    return DeepResult(findings: findings, scope: scope)
  }

  /// A damaged page that stops the check is a finding like any other.
  private func noting(_ body: () throws -> [String]) throws -> [String] {
    do { return try body() } catch let error as SQLiteError where error.isDamage { return [error.message] }
  }

  private mutating func foreignKeys() throws {
    var tables: [String] = []
    findings += try noting {
      try connection.run("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") { row in
        tables.append(row[0] ?? "")
        return true
      }
      return []
    }
    for table in tables {
      do { try foreignKeys(of: table) } catch let error as SQLiteError where error.primary == SQLITE_ERROR {
        // A mismatch in the declarations, or a module that is missing here: nothing that restoring could have broken.
        uncheckable.append("\(table) (\(error.message))")
      }
    }
    if violations > 20 { findings.append("\(violations) rows in all refer to missing rows") }
  }

  private mutating func foreignKeys(of table: String) throws {
    var lines: [String] = []
    var found = 0
    let earlier = violations
    findings += try noting {
      try connection.run("PRAGMA main.foreign_key_check(\(table.quotedIdentifier))") { row in
        found += 1
        if earlier + found <= 20 {
          let place = row.integer(1).map { "row \($0)" } ?? "a row"
          lines.append("\(row[0] ?? table) \(place) refers to a missing \(row[2] ?? "parent") row")
        }
        return true
      }
      return lines
    }
    violations += found
  }

  private mutating func noteScope(_ pragma: String, _ level: DeepLevel) throws -> String {
    var counts: [String: Int64] = [:]
    findings += try noting {
      try connection.run("SELECT type, count(*) FROM sqlite_schema GROUP BY type") { row in
        counts[row[0] ?? ""] = row.integer(1)
        return true
      }
      return []
    }
    let checks = level == .full ? "\(pragma) and foreign_key_check" : pragma
    let rest = uncheckable.isEmpty ? "" : "; foreign keys not checkable: \(uncheckable.prefix(5).joined(separator: ", "))"
    return "\(checks) of \(counts["table"] ?? 0) tables, \(counts["index"] ?? 0) indexes\(rest)"
  }
}
