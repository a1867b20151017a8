/// Spellings of names and values for SQL, so that no name is ever read as SQL.
package enum MySQLQuoting {
  /// An identifier in backticks, whatever is in it.
  package static func identifier(_ name: String) -> String { "`\(name.replacing("`", with: "``"))`" }

  /// A string constant that reads the same under every SQL mode and character set: its bytes in hexadecimal.
  package static func literal(_ text: String) -> String {
    text.isEmpty ? "''" : "_utf8mb4 0x\(text.utf8.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined())"
  }

  /// A string constant for where grammar wants quotes, as in `IDENTIFIED BY`. Only for text of ours without quotes and backslashes.
  static func plain(_ text: String) -> String { "'\(text.filter { $0 != "'" && $0 != "\\" })'" }

  /// An account as `user@host`.
  ///
  /// Grammar takes identifiers in backticks for both parts (MariaDB's knowledge base, "CREATE USER", account names).
  package static func account(_ user: String, host: String) -> String { "\(identifier(user))@\(identifier(host))" }
}
