internal import DrillModel
package import EngineKit
internal import Synchronization

/// Digests tables of PostgreSQL in the server: the SHA-256 of each row's text under fixed settings, summed up, so that neither the order of
/// rows nor of columns counts. Since version 12 a floating-point number's text gives the number exactly.
package final class TableDigests: DigestProbe {
  private let probe: DatabaseProbe
  /// By the name that is told.
  private let known = Mutex<[String: RelationName]>([:])

  private static let settings = [
    "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "TimeZone": "UTC", "extra_float_digits": "3", "bytea_output": "hex",
    "lc_monetary": "C", "search_path": "pg_catalog", "jit": "off", "row_security": "off",
  ]

  /// - Parameter target: A role that reads everything and may nothing else.
  package init(_ target: ConnectionTarget) { probe = DatabaseProbe(target.setting(TableDigests.settings)) }

  package func origin(timeout: Duration) async throws -> DigestOrigin {
    let rows = try await probe.query("SELECT current_setting('server_version_num')", timeout: timeout, limit: 1).rows
    guard let number = rows.first?.first.flatMap({ $0 }).flatMap({ Int($0) }) else {
      throw ProbeError.unavailable("the server does not say its version")
    }
    guard number >= 120_000 else {
      throw ProbeError.unavailable("tables are digested by PostgreSQL 12 and later, and this is \(number / 10_000)")
    }
    return DigestOrigin(
      method: "postgresql-rows-1", system: "postgresql", version: "\(number / 10_000).\(number % 10_000)", significant: 1)
  }

  package func tables(timeout: Duration) async throws -> [String] {
    let sql = """
      SELECT n.nspname, c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname)
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't' AND \(SchemaDescription.own("n", "c"))
      """
    var names: [String: RelationName] = [:]
    for row in try await probe.query(sql, timeout: timeout, limit: .max).rows {
      guard row.count == 3, let schema = row[0], let name = row[1], let text = row[2] else { continue }
      names[text] = RelationName(schema: schema, name: name)
    }
    let found = names
    known.withLock { $0 = found }
    return Array(found.keys)
  }

  package func digest(of table: String, timeout: Duration) async throws -> TableDigest {
    guard let relation = known.withLock({ $0[table] }) else { throw ProbeError.missing("there is no table \(table)") }
    let columns = try await columns(of: relation, timeout)
    let values = columns.map { column in
      // A long value's hexadecimal digits might not fit a text.
      let name = Quoting.identifier(column.name)
      return column.type == "bytea" ? "sha256(\(name))" : name
    }
    let source = columns.isInherited ? "ONLY \(relation.quoted)" : relation.quoted
    let sql = """
      SELECT count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(ROW(\(values.joined(separator: ", ")))::text, 'UTF8')), 'hex'), 16))
        ::bit(64)::bigint), 0)
      FROM \(source)
      """
    let row: [String?]
    do { row = try await probe.query(sql, timeout: timeout, limit: 1).rows.first ?? [] } catch ProbeError.damaged(let text) {
      // A row that is too long to be written as one text is sound.
      guard !["invalid memory alloc request size", "out of memory", "54000"].contains(where: { text.contains($0) }) else {
        throw ProbeError.unavailable(text)
      }
      throw ProbeError.damaged(text)
    }
    guard row.count == 2, let count = row[0].flatMap({ Int64($0) }), let sum = row[1] else {
      throw ProbeError.unavailable("the digest of \(table) gave no number")
    }
    return TableDigest(rows: count, columns: columns.names, contents: sum)
  }

  private struct Columns {
    var list: [(name: String, type: String)]
    /// Whether other tables inherit from it whose rows it would show.
    var isInherited: Bool
    var names: [String] { list.map(\.name) }
    func map(_ transform: ((name: String, type: String)) -> String) -> [String] { list.map(transform) }
  }

  /// What is computed from other columns is no content of a backup.
  private func columns(of relation: RelationName, _ timeout: Duration) async throws -> Columns {
    let sql = """
      SELECT a.attname, t.typname, c.relkind = 'r' FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      """
    let rows = try await probe.lookUp(sql, [relation.schema, relation.name], timeout: timeout).rows
    let list = rows.compactMap { row -> (name: String, type: String)? in
      guard row.count == 3, let name = row[0], let type = row[1] else { return nil }
      return (name, type)
    }
    return Columns(
      list: list.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }, isInherited: rows.first?[2] == "t")
  }
}
