internal import EngineKit

/// A table or view that was found by the name somebody wrote.
struct RelationName: Sendable, Hashable {
  var schema: String
  var name: String

  var quoted: String { "\(Quoting.identifier(schema)).\(Quoting.identifier(name))" }

  /// Finds it as it is spelled, then in lower case as SQL would fold it; without a schema on the search path first, then anywhere.
  ///
  /// - Throws: `ProbeError.missing`, or `.invalid` when several schemas have one of that name.
  static func resolve(_ text: String, timeout: Duration, probe: DatabaseProbe) async throws -> RelationName {
    for (schema, name) in spellings(text) {
      let table = try await probe.lookUp(lookup, [schema, name], timeout: timeout)
      let found = table.rows.compactMap { row -> (RelationName, Bool)? in
        guard row.count == 3, let schema = row[0], let name = row[1] else { return nil }
        return (RelationName(schema: schema, name: name), row[2] == "t")
      }
      if let visible = found.first(where: \.1) { return visible.0 }
      if found.count == 1 { return found[0].0 }
      if found.count > 1 {
        let all = found.map { "\($0.0.schema).\($0.0.name)" }.joined(separator: ", ")
        throw ProbeError.invalid("\(text) is ambiguous, it is in several schemas: \(all)")
      }
    }
    throw ProbeError.missing("there is no table or view \(text)")
  }

  private static let lookup = """
    SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = $2 AND ($1::text IS NULL OR n.nspname = $1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND n.nspname NOT LIKE 'pg\\_toast%'
      AND ($1::text IS NOT NULL OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
    ORDER BY 1, 2
    """

  /// The ways to read a name: whole, split at a dot, each as written and in lower case.
  static func spellings(_ text: String) -> [(schema: String?, name: String)] {
    let parts = split(text)
    var ways: [(String?, String)] = [(nil, text)]
    if parts.count == 1 { ways.append((nil, parts[0])) }
    if parts.count == 2 { ways.append((parts[0], parts[1])) }
    ways += ways.map { ($0.0?.lowercased(), $0.1.lowercased()) }
    return ways
  }

  /// Splits at dots outside double quotes and takes the quotes off.
  private static func split(_ text: String) -> [String] {
    var parts: [String] = [""]
    var isQuoted = false
    for character in text {
      if character == "\"" {
        isQuoted.toggle()
      } else if character == ".", !isQuoted {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }
}
