/// Text from outside (names, tool output) that can neither forge a line nor reorder or hide one, wherever it is shown.
package enum InertText {
  /// Control, format and line-separating characters written as `\u{…}`, and at most `limit` bytes of UTF-8 kept, with a mark where it
  /// was cut.
  package static func of(_ text: String, limit: Int = 1000) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      let shown = isActive(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
      count += shown.utf8.count
      if count > limit { return result + "…" }
      result += shown
    }
    return result
  }

  /// The same in printable ASCII: typographic marks become plain ones, anything else a question mark.
  package static func ascii(_ text: String, limit: Int) -> String {
    let plain = text.unicodeScalars.flatMap { scalar -> String in
      switch scalar {
      case "\u{201C}", "\u{201D}": "\""
      case "\u{2018}", "\u{2019}": "'"
      case "\u{2013}", "\u{2014}": "-"
      case "\u{2026}": "..."
      case "\u{20}"..."\u{7E}": String(scalar)
      default: "?"
      }
    }
    return plain.count <= limit ? String(plain) : String(plain.prefix(max(0, limit - 3))) + "..."
  }

  /// General categories Cc, Cf, Zl and Zp (Unicode TR 44), which hold the marks that reorder text, and unassigned specials.
  private static func isActive(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: return true
    default: return scalar.properties.isNoncharacterCodePoint
    }
  }
}
