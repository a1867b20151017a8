/// Text from outside (names, tool output, a stranger's answer) that can neither forge a line nor reorder or hide one, wherever it is shown.
package enum InertText {
  /// What acts on the text around it written as `\u{…}`, and the whole of the rest.
  package static func whole(_ text: String) -> String {
    if isPlain(text) { return text }
    var result = ""
    for scalar in text.unicodeScalars { result.unicodeScalars.append(contentsOf: shown(scalar)) }
    return result
  }

  /// The same, at most `limit` bytes of UTF-8, with a mark where it was cut.
  package static func of(_ text: String, limit: Int = 1000) -> String {
    if text.utf8.count <= limit, isPlain(text) { return text }
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      let shown = shown(scalar)
      count += String(shown).utf8.count
      if count > limit { return result + "…" }
      result.unicodeScalars.append(contentsOf: shown)
    }
    return result
  }

  /// One line of at most `limit` characters for the middle of a sentence: what acts on the text around it becomes a space.
  package static func line(_ text: some StringProtocol, limit: Int) -> String {
    let scalars = text.unicodeScalars.prefix(limit * 4).map { isActive($0) ? " " : $0 }
    let words = String(String.UnicodeScalarView(scalars)).split(separator: " ").joined(separator: " ")
    return words.count > limit ? words.prefix(limit - 1) + "…" : words
  }

  /// As `line`, of bytes that should be UTF-8.
  package static func line(_ bytes: some Sequence<UInt8>, limit: Int) -> String {
    line(String(decoding: Array(bytes.prefix(limit * 4)), as: UTF8.self), limit: limit)
  }

  /// Printable ASCII: typographic marks become plain ones, anything else a question mark.
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

  /// Whether a character controls, hides or reorders what stands around it: all that is no graphic character, no space and no mark, and
  /// those that are drawn as nothing.
  ///
  /// Source: Unicode Technical Report 36, section 2.1; general categories and `Default_Ignorable_Code_Point` of Unicode Standard Annex 44.
  /// Variation selectors are left out, which only choose how the emoji before them is drawn.
  package static func isActive(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: return true
    default: return scalar.properties.isDefaultIgnorableCodePoint && !(0xFE00...0xFE0F).contains(scalar.value)
    }
  }

  /// Nearly all text is printable ASCII, and a report of a year has millions of such pieces.
  private static func isPlain(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }

  /// A character as it may be shown.
  package static func shown(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
    isActive(scalar) ? "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars : String(scalar).unicodeScalars
  }
}
