import EngineKit

/// The tables and the columns of time in a schema, as far as their names are plain identifiers.
struct SchemaOutline {
  let tables: [String]
  /// Whose SQL it is, as the snapshot says it.
  private let engine: String
  /// One time column a table, the likeliest by its name.
  let timeColumns: [(table: String, column: String)]

  /// Reads the lines `table NAME …` and `column TABLE.NAME TYPE …` of a snapshot.
  init(_ schema: SchemaSnapshot) {
    engine = schema.engine
    var tables: [String] = []
    var columns: [(String, String)] = []
    for line in schema.lines {
      let words = line.split(separator: " ")
      guard words.count >= 2 else { continue }
      let name = String(words[1])
      if words[0] == "table", SchemaOutline.isPlain(name) { tables.append(name) }
      if words[0] == "column", words.count >= 3, let dot = name.lastIndex(of: ".") {
        let (table, column) = (String(name[..<dot]), String(name[name.index(after: dot)...]))
        let type = words[2...].joined(separator: " ").lowercased()
        if SchemaOutline.isPlain(table), SchemaOutline.isPlain(column), SchemaOutline.isTime(column.lowercased(), type) {
          columns.append((table, column))
        }
      }
    }
    self.tables = tables
    let ranked = columns.sorted { (SchemaOutline.rank($0.1), $0.0, $0.1) < (SchemaOutline.rank($1.1), $1.0, $1.1) }
    var seen: Set<String> = []
    timeColumns = ranked.filter { seen.insert($0.0).inserted }.map { (table: $0.0, column: $0.1) }
  }

  /// The newest of a column, as SQL of the schema's engine.
  func newest(of column: String, in table: String) -> String { "select max(\(quoted(column))) from \(quoted(table))" }

  /// A qualified name in the engine's quotes only where it needs them: letters that would be folded, and words of SQL.
  private func quoted(_ name: String) -> String {
    let quote = engine == "mysql" ? "`" : "\""
    return name.split(separator: ".").map { part in
      part.contains { $0.isUppercase } || SchemaOutline.words.contains(String(part)) ? "\(quote)\(part)\(quote)" : String(part)
    }.joined(separator: ".")
  }

  /// Words that no server takes for a name, of those that people give to tables and columns.
  private static let words: Set<String> = [
    "all", "analyze", "any", "as", "between", "by", "case", "change", "check", "column", "condition", "cross", "cube", "current", "default",
    "desc", "do", "end", "except", "exists", "for", "from", "function", "grant", "group", "groups", "index", "interval", "key", "keys",
    "kill",
    "lead", "limit", "lock", "match", "method", "offset", "on", "option", "or", "order", "out", "over", "partition", "primary", "range",
    "rank", "read", "recursive", "references", "release", "repeat", "require", "return", "row", "rows", "schema", "select", "session_user",
    "set", "signal", "sql", "system", "table", "then", "to", "trigger", "union", "unique", "update", "usage", "use", "user", "using",
    "values", "when", "where", "window", "with", "write",
  ]

  private static func isPlain(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(48...57).contains(first) else { return false }
    return name.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 95 || $0 == 46 }
  }

  private static func isTime(_ name: String, _ type: String) -> Bool {
    // A date of birth says nothing about when data arrived.
    if name.contains("birth") { return false }
    if type.hasPrefix("timestamp") || type.hasPrefix("datetime") || type.hasPrefix("date") { return true }
    return type.hasPrefix("text") && (name.hasSuffix("_at") || name.hasSuffix("timestamp"))
  }

  private static func rank(_ column: String) -> Int {
    let names = ["created_at", "updated_at", "changed_at", "taken_at", "last_update", "timestamp"]
    return names.firstIndex(of: column.lowercased()) ?? names.count
  }
}
