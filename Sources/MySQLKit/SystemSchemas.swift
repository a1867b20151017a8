/// The databases that belong to the server and never to a backup's owner.
package enum SystemSchemas {
  package static let names = ["mysql", "information_schema", "performance_schema", "sys"]

  /// A condition that leaves them out.
  static func excluded(_ column: String) -> String { "\(column) NOT IN (\(names.map { "'\($0)'" }.joined(separator: ", ")))" }

  /// Whether a database is one of them, whatever the case of its letters.
  package static func contains(_ name: some StringProtocol) -> Bool { names.contains(name.lowercased()) }
}
