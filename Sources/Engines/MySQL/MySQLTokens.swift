/// Reads the words of one SQL statement's beginning as the server would, comments left out and conditional comments taken for code.
///
/// The source is MySQL's manual, "Comments" and "Schema Object Names", and MariaDB's on `/*M!`.
struct MySQLTokens {
  enum Token: Hashable, Sendable {
    /// A bare word; variables keep their `@@`.
    case word(String)
    /// What stands in quotes or backticks.
    case quoted(String)
    case symbol(UInt8)
  }

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The first words, in capitals, that are no quotes and no symbols.
  func words(_ count: Int) -> [String] {
    var (reader, found) = (self, [String]())
    while found.count < count, case .word(let word)? = reader.next() { found.append(word.uppercased()) }
    return found
  }

  /// The next token, or nil at the end.
  mutating func next() -> Token? {
    while position < bytes.count {
      let byte = bytes[position]
      if byte <= 32 {
        position += 1
      } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
        skipComment()
      } else if byte == UInt8(ascii: "*"), peek(1) == UInt8(ascii: "/") {
        position += 2
      } else if byte == UInt8(ascii: "#") || (byte == UInt8(ascii: "-") && peek(1) == byte && (peek(2) ?? 32) <= 32) {
        while position < bytes.count, bytes[position] != 10 { position += 1 }
      } else if [UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`")].contains(byte) {
        return .quoted(quoted(byte))
      } else if MySQLTokens.isWord(byte) {
        return .word(word())
      } else {
        position += 1
        return .symbol(byte)
      }
    }
    return nil
  }

  private func peek(_ offset: Int) -> UInt8? { position + offset < bytes.count ? bytes[position + offset] : nil }

  /// Passes a comment, or only the opening of a conditional one with its version.
  private mutating func skipComment() {
    let isConditional = peek(2) == UInt8(ascii: "!") || (peek(2) == UInt8(ascii: "M") && peek(3) == UInt8(ascii: "!"))
    if isConditional {
      position += peek(2) == UInt8(ascii: "!") ? 3 : 4
      while let digit = peek(0), (48...57).contains(digit) { position += 1 }
      return
    }
    position += 2
    while position < bytes.count, !(bytes[position] == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) { position += 1 }
    position = min(bytes.count, position + 2)
  }

  private mutating func quoted(_ quote: UInt8) -> String {
    var text: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      if byte == quote {
        guard peek(1) == quote else { break }
        position += 1
      } else if byte == UInt8(ascii: "\\"), quote != UInt8(ascii: "`"), let escaped = peek(1) {
        text.append(escaped)
        position += 2
        continue
      }
      text.append(byte)
      position += 1
    }
    position += 1
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func word() -> String {
    let start = position
    while position < bytes.count, MySQLTokens.isWord(bytes[position]) { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case 48...57, 65...90, 97...122, UInt8(ascii: "_"), UInt8(ascii: "$"), UInt8(ascii: "@"), UInt8(ascii: "."), 128...255: true
    default: false
    }
  }
}
