/// Describes tables, columns, keys, indexes, views and triggers by SQLite's pragmas and, for what those do not tell, by the
/// statements in sqlite_schema. Internal tables (`sqlite_…`) are left out.
struct SQLiteSchemaReader {
  private let connection: SQLiteConnection
  private var result: [String] = []

  init(connection: SQLiteConnection) { self.connection = connection }

  private struct Object {
    var type: String
    var name: String
    var table: String
    var sql: String?
  }

  mutating func lines() throws -> [String] {
    var objects: [Object] = []
    try connection.run("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name") { row in
      objects.append(Object(type: row[0] ?? "", name: row[1] ?? "", table: row[2] ?? "", sql: row[3]))
      return true
    }
    for object in objects where !object.name.lowercased().hasPrefix("sqlite_") || object.type == "index" {
      switch object.type {
      case "table": try table(object)
      case "view": result.append("view \(object.name) \(definition(object.sql, after: "AS"))")
      case "trigger": result.append("trigger \(object.name) on \(object.table) \(definition(object.sql, after: "TRIGGER"))")
      default: break
      }
    }
    return result.sorted()
  }

  private mutating func table(_ object: Object) throws {
    var tokens = SQLTokens(object.sql ?? "")
    let words = tokens.rest(limit: 100_000)
    if words.prefix(3).map(\.word) == ["CREATE", "VIRTUAL", "TABLE"] {
      result.append("virtual table \(object.name) \(definition(object.sql, after: "USING"))")
      return
    }
    let options = words.reversed().prefix { $0.word != ")" }.map(\.word)
    let suffix = (options.contains("STRICT") ? " strict" : "") + (options.contains("WITHOUT") ? " without rowid" : "")
    result.append("table \(object.name)\(suffix)")
    try columns(of: object.name)
    try keys(of: object.name)
    try indexes(of: object.name)
    for check in checks(in: words) { result.append("check on \(object.name) \(check)") }
  }

  private mutating func columns(of table: String) throws {
    var keys: [(Int64, String)] = []
    try connection.run("PRAGMA main.table_xinfo(\(table.quotedIdentifier))") { row in
      let name = row[1] ?? ""
      var line = "column \(table).\(name)"
      if let type = row[2], !type.isEmpty { line += " \(type.lowercased())" }
      if row.integer(3) == 1 { line += " not null" }
      if let value = row[4] { line += " default \(value)" }
      switch row.integer(6) {
      case 2: line += " generated virtual"
      case 3: line += " generated stored"
      case 1: line += " hidden"
      default: break
      }
      if let details = connection.metadata(table: table, column: name) {
        if details.collation.uppercased() != "BINARY" { line += " collate \(details.collation.lowercased())" }
        if details.autoincrement { line += " autoincrement" }
      }
      if let rank = row.integer(5), rank > 0 { keys.append((rank, name)) }
      result.append(line)
      return true
    }
    if !keys.isEmpty {
      result.append("primary key of \(table) (\(keys.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: ", ")))")
    }
  }

  private mutating func keys(of table: String) throws {
    var keys: [Int64: (parent: String, from: [String], to: [String], rules: String)] = [:]
    try connection.run("PRAGMA main.foreign_key_list(\(table.quotedIdentifier))") { row in
      let rules = "on update \((row[5] ?? "").lowercased()) on delete \((row[6] ?? "").lowercased())"
      var key = keys[row.integer(0) ?? 0] ?? (row[2] ?? "", [], [], rules)
      key.from.append(row[3] ?? "")
      if let to = row[4] { key.to.append(to) }
      keys[row.integer(0) ?? 0] = key
      return true
    }
    for key in keys.values {
      let to = key.to.isEmpty ? "" : " (\(key.to.joined(separator: ", ")))"
      result.append("foreign key of \(table) (\(key.from.joined(separator: ", "))) references \(key.parent)\(to) \(key.rules)")
    }
  }

  private mutating func indexes(of table: String) throws {
    var found: [(name: String, isUnique: Bool, origin: String, isPartial: Bool)] = []
    try connection.run("PRAGMA main.index_list(\(table.quotedIdentifier))") { row in
      found.append((row[1] ?? "", row.integer(2) == 1, row[3] ?? "", row.integer(4) == 1))
      return true
    }
    for index in found where index.origin != "pk" {
      let parts = try parts(of: index.name)
      if index.origin == "u" {
        result.append("unique on \(table) (\(parts))")
        continue
      }
      var condition = ""
      if index.isPartial || parts.contains("<expression>") { condition = " as \(try indexText(index.name))" }
      result.append("\(index.isUnique ? "unique index" : "index") \(index.name) on \(table) (\(parts))\(condition)")
    }
  }

  private func parts(of index: String) throws -> String {
    var parts: [String] = []
    try connection.run("PRAGMA main.index_xinfo(\(index.quotedIdentifier))") { row in
      guard row.integer(5) == 1 else { return true }
      var part = row[2] ?? "<expression>"
      if let collation = row[4], collation.uppercased() != "BINARY" { part += " collate \(collation.lowercased())" }
      if row.integer(3) == 1 { part += " desc" }
      parts.append(part)
      return true
    }
    return parts.joined(separator: ", ")
  }

  private func indexText(_ name: String) throws -> String {
    var text = ""
    let literal = "'" + name.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    try connection.run("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = \(literal)") { row in
      text = definition(row[0], after: "ON")
      return true
    }
    return text
  }

  /// The conditions of CHECK constraints, which no pragma tells.
  private func checks(in tokens: [SQLTokens.Token]) -> [String] {
    var checks: [String] = []
    var position = 0
    while position + 1 < tokens.count {
      defer { position += 1 }
      guard tokens[position].word == "CHECK", tokens[position + 1].word == "(" else { continue }
      var depth = 0
      var end = position + 1
      repeat {
        if tokens[end].word == "(" { depth += 1 }
        if tokens[end].word == ")" { depth -= 1 }
        end += 1
      } while depth > 0 && end < tokens.count
      checks.append(spaced(tokens[(position + 1)..<end]))
      position = end - 1
    }
    return checks
  }

  /// A statement from the given keyword on, with single spaces and unquoted words in lower case, so that layout is no difference.
  private func definition(_ sql: String?, after keyword: String) -> String {
    var reader = SQLTokens(sql ?? "")
    let tokens = reader.rest(limit: 100_000)
    let start = tokens.firstIndex { $0.word == keyword } ?? 0
    return spaced(tokens[start...])
  }

  private func spaced(_ tokens: ArraySlice<SQLTokens.Token>) -> String {
    tokens.map { token in
      let text = String(decoding: token.text, as: UTF8.self)
      return token.unquoted == nil ? text.lowercased() : text
    }.joined(separator: " ")
  }
}
