import EngineKit

/// A table or view that was found by the name somebody wrote.
struct MySQLTableName: Sendable, Hashable {
  var database: String
  var name: String

  var quoted: String { "\(MySQLQuoting.identifier(database)).\(MySQLQuoting.identifier(name))" }
  /// For people.
  var text: String { "\(database).\(name)" }

  /// Finds it as it is spelled, then whatever its letters' case; without a database in the probe's own first, then anywhere.
  ///
  /// - Throws: `ProbeError.missing`, or `.invalid` when several databases have one of that name.
  static func resolve(_ text: String, timeout: Duration, probe: MySQLProbe) async throws -> MySQLTableName {
    // Comparing in lower case makes the server look at every table it has, so it comes last.
    for isExact in [true, false] {
      for (database, name) in spellings(text) {
        let found = try await find(database, name, isExact, timeout, probe)
        if let match = try choose(found, name, database ?? probe.endpoint.database, text) { return match }
      }
    }
    throw ProbeError.missing("there is no table or view \(text)")
  }

  private static func find(
    _ database: String?, _ name: String, _ isExact: Bool, _ timeout: Duration, _ probe: MySQLProbe
  ) async throws -> [MySQLTableName] {
    func equal(_ column: String, _ text: String) -> String {
      let value = MySQLQuoting.literal(text)
      return isExact ? "\(column) = \(value)" : "lower(\(column)) = lower(\(value))"
    }
    let place = database.map { equal("TABLE_SCHEMA", $0) } ?? SystemSchemas.excluded("TABLE_SCHEMA")
    let sql = "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE \(equal("TABLE_NAME", name)) AND \(place)"
    return try await probe.query(sql, timeout: timeout, limit: 1000).rows.compactMap { row in
      guard row.count == 2, let database = row[0], let name = row[1] else { return nil }
      return MySQLTableName(database: database, name: name)
    }
  }

  /// The one that is spelled so in the wanted database, else the only one that is.
  private static func choose(_ found: [MySQLTableName], _ name: String, _ database: String?, _ text: String) throws -> MySQLTableName? {
    for exact in [true, false] {
      let fitting = exact ? found.filter { $0.name == name } : found
      if let own = fitting.first(where: { $0.database == database }) { return own }
      if fitting.count == 1 { return fitting[0] }
    }
    guard found.count > 1 else { return nil }
    throw ProbeError.invalid("\(text) is ambiguous: \(found.map(\.text).joined(separator: ", "))")
  }

  /// The ways to read a name: whole, and split at a dot outside quotes.
  static func spellings(_ text: String) -> [(database: String?, name: String)] {
    var parts = [""]
    var quote: Character?
    for character in text {
      if character == quote {
        quote = nil
      } else if quote == nil, character == "`" || character == "\"" {
        quote = character
      } else if quote == nil, character == "." {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    var ways: [(String?, String)] = [(nil, text)]
    guard quote == nil else { return ways }
    if parts.count == 1, parts[0] != text { ways.append((nil, parts[0])) }
    if parts.count == 2 { ways.append((parts[0], parts[1])) }
    return ways
  }
}
