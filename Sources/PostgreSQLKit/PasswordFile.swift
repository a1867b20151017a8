internal import Foundation

/// A password file of libpq.
///
/// Source: PostgreSQL manual, "The Password File": lines of `host:port:database:user:password` in which a backslash stands before a colon
/// or a backslash that means itself, and comments behind `#`.
package enum PasswordFile {
  /// A line that is good for any host, with its end: for the file of one program that reaches one server.
  package static func line(_ target: ConnectionTarget) -> String {
    "*:*:*:\(Quoting.passwordFileField(target.user)):\(Quoting.passwordFileField(target.password))\n"
  }

  /// Every password in a file, whatever server it is for, as written and as meant; none for a file that cannot be read. Blocks.
  package static func passwords(at path: String) -> [String] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
    return passwords(in: text)
  }

  /// The same for the file's text.
  static func passwords(in text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.flatMap { line -> [String] in
      let written = rest(of: line, behind: 4)
      let meant = unescaped(written)
      return meant == written ? [written] : [written, meant]
    }.filter { !$0.isEmpty }
  }

  private static func rest(of line: Substring, behind colons: Int) -> String {
    var left = colons
    var isEscaped = false
    for index in line.indices {
      if left == 0 { return String(line[index...]) }
      if line[index] == ":", !isEscaped { left -= 1 }
      isEscaped = line[index] == "\\" && !isEscaped
    }
    return ""
  }

  private static func unescaped(_ text: String) -> String {
    var result = ""
    var isEscaped = false
    for character in text {
      isEscaped = character == "\\" && !isEscaped
      if !isEscaped { result.append(character) }
    }
    return result
  }
}
