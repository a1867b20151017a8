import EngineKit

/// The tables and the columns of time in a schema, as far as their names are plain identifiers.
struct SchemaOutline {
  let tables: [String]
  /// One time column a table, the likeliest by its name.
  let timeColumns: [(table: String, column: String)]

  /// Reads the lines `table NAME …` and `column TABLE.NAME TYPE …` of a snapshot.
  init(_ schema: SchemaSnapshot) {
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

  /// The newest of a column, as SQL that both engines read.
  static func newest(of column: String, in table: String) -> String { "select max(\(quoted(column))) from \(quoted(table))" }

  /// A qualified name in SQL quotes only where it needs them.
  private static func quoted(_ name: String) -> String {
    name.split(separator: ".").map { part in
      part.contains { $0.isUppercase } ? "\"\(part)\"" : String(part)
    }.joined(separator: ".")
  }

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
