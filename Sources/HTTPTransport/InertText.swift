/// Text of a stranger's, made fit for a message of ours.
package enum InertText {
  /// One line of at most `limit` characters: control characters, line breaks and marks of writing direction become spaces.
  package static func line(_ text: some StringProtocol, limit: Int) -> String {
    let scalars = text.unicodeScalars.prefix(limit * 4).map { scalar -> Unicode.Scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: " "
      default: scalar
      }
    }
    let words = String(String.UnicodeScalarView(scalars)).split(separator: " ").joined(separator: " ")
    return words.count > limit ? words.prefix(limit - 1) + "…" : words
  }

  /// As `line`, of bytes that should be UTF-8.
  package static func line(_ bytes: some Sequence<UInt8>, limit: Int) -> String {
    line(String(decoding: Array(bytes.prefix(limit * 4)), as: UTF8.self), limit: limit)
  }
}
