package import EngineKit

/// The tables and B-tree indexes of a restored database, for reading all that is stored.
struct StoredContent: Sendable {
  private let probe: DatabaseProbe
  private let tables: [RelationName]
  private let indexes: Int

  /// What reading everything showed.
  struct Reading: Sendable {
    var findings: [String] = []
    var bytes: Int64 = 0
  }

  /// - Parameter schema: One that is ours and not the backup's.
  init(_ probe: DatabaseProbe, without schema: String, timeout: Duration) async throws {
    self.probe = probe
    let sql = """
      SELECT n.nspname, c.relname, c.relkind IN ('r', 'm')
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
      WHERE (c.relkind = 'r' OR (c.relkind = 'm' AND c.relispopulated) OR (c.relkind = 'i' AND a.amname = 'btree'))
        AND n.nspname NOT IN ('pg_catalog', 'information_schema', '\(schema)')
        AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%' ORDER BY 1, 2
      """
    let rows = try await probe.lookUp(sql, [], timeout: timeout).rows
    tables = rows.compactMap { row in
      guard let schema = row[0], let name = row[1], row[2] == "t" else { return nil }
      return RelationName(schema: schema, name: name)
    }
    indexes = rows.count { $0[2] != "t" }
  }

  /// Reads and decodes every row of every table and materialized view.
  func read(until deadline: ContinuousClock.Instant, timeout: Duration) async throws -> Reading {
    var reading = Reading()
    for table in tables {
      let left = deadline - .now
      guard left > .zero else { throw ProbeError.timeout(timeout) }
      do {
        reading.bytes += try await probe.drain("COPY (SELECT * FROM ONLY \(table.quoted)) TO STDOUT", timeout: left)
      } catch ProbeError.damaged(let text) {
        reading.findings.append("\(table.schema).\(table.name) cannot be read whole: \(text)")
      }
    }
    return reading
  }

  func scope(_ reading: Reading?) -> String {
    "\(tables.count) tables, \(indexes) B-tree indexes\(reading.map { ", \($0.bytes) bytes of rows read" } ?? "")"
  }
}

/// What of the deep check a role without special rights can do: it reads every row. Indexes stay unproven, which is said and never green.
package struct ReadingCheck: DeepProbe {
  private let probe: DatabaseProbe

  package init(_ checker: ConnectionTarget) { probe = DatabaseProbe(checker) }

  package func check(_ level: DeepLevel, timeout: Duration) async throws -> DeepResult {
    let deadline = ContinuousClock.now + timeout
    let content = try await StoredContent(probe, without: DeepCheck.schema, timeout: timeout)
    var done = ""
    if level == .full {
      let reading = try await content.read(until: deadline, timeout: timeout)
      if !reading.findings.isEmpty { return DeepResult(findings: reading.findings, scope: content.scope(reading)) }
      done = "; every row was read and decoded (\(content.scope(reading)))"
    }
    throw ProbeError.unavailable("amcheck needs a superuser, which a given server does not get, so no index was looked into\(done)")
  }
}
