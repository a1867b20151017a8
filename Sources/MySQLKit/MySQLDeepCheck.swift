import DrillModel
package import EngineKit
import ToolRunner

/// The server's own deep check: `CHECK TABLE` over every table and view of every database, and at `full` with `EXTENDED` and every row read.
package struct MySQLDeepCheck: DeepProbe {
  private let probe: MySQLProbe
  private let server: MySQLServer?

  /// - Parameters:
  ///   - endpoint: An account that may read every table.
  ///   - server: The server where it is ours, whose end in the middle of a check says something about the data.
  package init(_ endpoint: MySQLEndpoint, vendor: MySQLVendor, server: MySQLServer?) {
    probe = MySQLProbe(endpoint.entering(nil), vendor: vendor)
    self.server = server
  }

  package func check(_ level: DeepLevel, timeout: Duration) async throws -> DeepResult {
    let deadline = ContinuousClock.now + timeout
    if case .network = probe.endpoint.place { try await confirmSight(timeout) }
    var report = MySQLCheckReport()
    for table in try await tables(timeout) {
      let left = deadline - .now
      guard left > .zero else { throw ProbeError.timeout(timeout) }
      try await check(table, level, left, &report)
    }
    // Nothing could be unsound where nothing is, and it is the worst restore of all.
    if report.tables + report.views == 0 { report.findings.append("the restored server holds no table") }
    return DeepResult(findings: report.findings, scope: report.scope(level))
  }

  /// A server of somebody else's hides from an account what it may not read, and a check of the rest would pass for one of everything.
  private func confirmSight(_ timeout: Duration) async throws {
    let grants = try await probe.query("SHOW GRANTS", timeout: timeout, limit: 1000).rows.compactMap { $0.first.flatMap(\.self) }
    guard MySQLDeepCheck.seesEverything(grants) else {
      throw ProbeError.unavailable(
        "\(probe.endpoint.user) has no right to read every database (SELECT ON *.*), so nobody knows which tables were not looked at")
    }
  }

  /// Whether these lines of `SHOW GRANTS` let an account read every table. RDS for MySQL gives its master user's rights by a role.
  static func seesEverything(_ grants: [String]) -> Bool {
    grants.contains { grant in
      let text = grant.uppercased()
      guard let place = text.firstRange(of: " ON *.* TO ") else { return text.hasPrefix("GRANT `RDS_SUPERUSER_ROLE`@") }
      let rights = text[..<place.lowerBound].dropFirst("GRANT ".count).split(separator: ",").map { $0.drop { $0 == " " } }
      return rights.contains("SELECT") || rights.contains("ALL PRIVILEGES")
    }
  }

  private struct Subject: Sendable {
    var name: MySQLTableName
    var isView: Bool
  }

  private func tables(_ timeout: Duration) async throws -> [Subject] {
    let sql = """
      SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE LIKE '%VIEW' FROM information_schema.TABLES
      WHERE \(SystemSchemas.excluded("TABLE_SCHEMA")) AND TABLE_TYPE <> 'SEQUENCE' ORDER BY 1, 2
      """
    return try await probe.query(sql, timeout: timeout, limit: .max).rows.compactMap { row in
      guard row.count == 3, let database = row[0], let name = row[1] else { return nil }
      return Subject(name: MySQLTableName(database: database, name: name), isView: row[2] == "1")
    }
  }

  private func check(_ subject: Subject, _ level: DeepLevel, _ left: Duration, _ report: inout MySQLCheckReport) async throws {
    let name = subject.name
    do {
      // CHECK TABLE is no reading statement to the server, so it is asked outside the read-only transaction.
      let sql = "CHECK TABLE \(name.quoted)\(level == .full ? " EXTENDED" : "")"
      let lines = try await probe.ask(left) { connection throws(MySQLError) in
        try connection.execute("COMMIT")
        return try connection.query(sql).rows
      }
      report.take(lines, of: name.text, isView: subject.isView)
      guard level == .full, !subject.isView else { return }
      let read = try await probe.ask(left) { connection throws(MySQLError) in try connection.drain("SELECT * FROM \(name.quoted)") }
      report.rows += read.rows
      report.bytes += read.bytes
    } catch ProbeError.damaged(let text) {
      report.findings.append("\(name.text) cannot be read whole: \(text)")
    } catch ProbeError.unavailable(let text) {
      guard let server else { throw ProbeError.unavailable(text) }
      // The notice of the server's end comes a moment after its connections broke.
      for _ in 0..<100 where server.exit == nil && text.hasPrefix("20") { try await Task.sleep(for: .milliseconds(20)) }
      guard let exit = server.exit else { throw ProbeError.unavailable(text) }
      throw ProbeError.damaged("the server ended (\(exit.status)) while it checked \(name.text): \(server.lastWords)")
    }
  }
}

/// What `CHECK TABLE` answered: columns Table, Op, Msg_type and Msg_text (MariaDB's knowledge base and MySQL's manual, "CHECK TABLE").
struct MySQLCheckReport: Sendable {
  private(set) var tables = 0
  private(set) var views = 0
  var rows: Int64 = 0
  var bytes: Int64 = 0
  var findings: [String] = []
  /// Warnings of tables that are sound nevertheless.
  private(set) var warnings: [String] = []
  /// Tables whose engine has no check.
  private(set) var unsupported: [String] = []

  /// Takes every line about one table. One without a good last word is a finding, whatever else was said.
  mutating func take(_ lines: [[String?]], of name: String, isView: Bool) {
    if isView { views += 1 } else { tables += 1 }
    var isGood = false
    var warned: [String] = []
    for line in lines {
      guard line.count >= 4, let kind = line[2]?.lowercased(), let text = line[3] else { continue }
      let said = MySQLError.withoutValues(text)
      switch kind {
      case "status" where ["OK", "Table is already up to date"].contains(text): isGood = true
      case "note" where text.contains("doesn't support check"):
        unsupported.append(name)
        isGood = true
      case "warning": warned.append("\(name): \(said)")
      // Error 1449, followed by `Corrupt`: such a view answered nobody where it was backed up either.
      case "error" where isView && text.contains("specified as a definer"):
        warnings.append("\(name): \(said)")
        return
      case "note", "info": break
      default: add("\(name): \(kind): \(said)")
      }
    }
    if isGood, !lines.isEmpty {
      warnings += warned
    } else {
      for warning in warned { add(warning) }
      if lines.isEmpty || warned.isEmpty, !findings.contains(where: { $0.hasPrefix("\(name): ") }) {
        add("\(name): CHECK TABLE gave no verdict")
      }
    }
  }

  private mutating func add(_ finding: String) {
    if findings.count < 1000 { findings.append(finding) }
  }

  func scope(_ level: DeepLevel) -> String {
    var parts = ["\(tables) tables", "\(views) views"]
    if level == .full { parts.append("\(rows) rows, \(bytes) bytes read") }
    if !unsupported.isEmpty { parts.append("no check in the engines of \(MySQLCheckReport.some(unsupported))") }
    if !warnings.isEmpty { parts.append("warnings about sound tables: \(MySQLCheckReport.some(warnings))") }
    return parts.joined(separator: ", ")
  }

  private static func some(_ texts: [String]) -> String {
    texts.prefix(5).joined(separator: "; ") + (texts.count > 5 ? " and \(texts.count - 5) more" : "")
  }
}
