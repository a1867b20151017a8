/// Spellings of names and values for SQL and for connection strings, so that no name is ever read as SQL.
package enum Quoting {
  /// An SQL identifier in double quotes, whatever is in it.
  package static func identifier(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }

  /// An SQL string constant; backslashes are spelled as escapes so that it reads the same under any setting of the session.
  package static func literal(_ text: String) -> String {
    let doubled = text.replacing("'", with: "''")
    return doubled.contains("\\") ? " E'\(doubled.replacing("\\", with: "\\\\"))'" : "'\(doubled)'"
  }

  /// A value in libpq's `keyword=value` form (PostgreSQL manual, "Keyword/Value Connection Strings").
  package static func connectionValue(_ text: String) -> String {
    "'\(text.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))'"
  }

  /// A field of a password file, where colons and backslashes are escaped.
  package static func passwordFileField(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing(":", with: "\\:")
  }
}
