import Glibc

/// A POSIX extended regular expression (regex(7)), found anywhere in a text.
package struct Pattern: Sendable, Hashable {
  package let text: String

  /// Nil when `text` is no such expression.
  package init?(_ text: String) {
    self.text = text
    var compiled = regex_t()
    guard regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB) == 0 else { return nil }
    regfree(&compiled)
  }

  /// Whether it matches somewhere in `value`.
  package func isFound(in value: String) -> Bool {
    var compiled = regex_t()
    guard regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB) == 0 else { return false }
    defer { regfree(&compiled) }
    return regexec(&compiled, value, 0, nil, 0) == 0
  }
}
