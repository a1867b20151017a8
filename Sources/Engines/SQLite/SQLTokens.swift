/// Reads SQL text token by token, comments and white space left out (sqlite.org/lang.html; the rules of SQLite's tokenizer).
struct SQLTokens {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  init(_ text: String) { bytes = Array(text.utf8) }

  /// A word, a quoted text with its quotes, or one other character.
  struct Token: Hashable {
    var text: [UInt8]

    /// Upper case, for comparing keywords; quoted text keeps its quotes and so is never taken for one.
    var word: String { String(decoding: text, as: UTF8.self).uppercased() }

    /// The content of a quoted token, doubled quotes made single; nil when it is not quoted.
    var unquoted: [UInt8]? {
      guard text.count >= 2, let open = text.first, let close = SQLTokens.closing(open), text.last == close else { return nil }
      var content: [UInt8] = []
      var skip = false
      for byte in text[1..<text.count - 1] {
        if byte == close, !skip, open != UInt8(ascii: "[") {
          skip = true
          content.append(byte)
        } else if skip {
          skip = false
        } else {
          content.append(byte)
        }
      }
      return content
    }
  }

  static func closing(_ open: UInt8) -> UInt8? {
    switch open {
    case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): open
    case UInt8(ascii: "["): UInt8(ascii: "]")
    default: nil
    }
  }

  static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, 36, 95, 128...255: true
    default: false
    }
  }

  mutating func next() -> Token? {
    skipSpaceAndComments()
    guard position < bytes.count else { return nil }
    let start = position
    let byte = bytes[position]
    position += 1
    if let close = Self.closing(byte) {
      readQuoted(close, doubling: byte == close)
    } else if Self.isWord(byte) {
      while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
    }
    return Token(text: Array(bytes[start..<position]))
  }

  /// All tokens that are left, at most `limit`.
  mutating func rest(limit: Int = .max) -> [Token] {
    var tokens: [Token] = []
    while tokens.count < limit, let token = next() { tokens.append(token) }
    return tokens
  }

  private mutating func readQuoted(_ close: UInt8, doubling: Bool) {
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      guard byte == close else { continue }
      guard doubling, position < bytes.count, bytes[position] == close else { return }
      position += 1
    }
  }

  private mutating func skipSpaceAndComments() {
    while position < bytes.count {
      let byte = bytes[position]
      let next = position + 1 < bytes.count ? bytes[position + 1] : 0
      if byte == 32 || (9...13).contains(byte) {
        position += 1
      } else if byte == UInt8(ascii: "-"), next == byte {
        while position < bytes.count, bytes[position] != 10 { position += 1 }
      } else if byte == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
        position += 2
        while position < bytes.count, !bytes[position...].starts(with: "*/".utf8) { position += 1 }
        position = min(position + 2, bytes.count)
      } else {
        return
      }
    }
  }
}
