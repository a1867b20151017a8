/// One word, name, string or sign of a statement; the longer ones are cut.
enum DumpToken: Hashable, Sendable {
  /// Outside quotes, in lower case.
  case word(String)
  case quoted(String)
  case string(String)
  case sign(UInt8)

  /// The name this token spells, where it can be one.
  var name: String? {
    switch self {
    case .word(let text), .quoted(let text), .string(let text): text
    case .sign: nil
    }
  }

  func isWord(_ text: String) -> Bool { self == .word(text) }
  func isSign(_ character: Unicode.Scalar) -> Bool { self == .sign(UInt8(ascii: character)) }
}

/// Collects the tokens of those statements that may matter, and nothing of the others (rows come as INSERT).
struct TokenCollector {
  private(set) var tokens: [DumpToken] = []
  private(set) var isCollecting = true
  private var text: [UInt8] = []
  private var size = 0

  private static let heads: Set<String> = [
    "copy", "alter", "grant", "revoke", "create", "set", "select", "reassign", "drop", "comment", "security", "prepare",
  ]
  private static let limit = 256 << 10

  mutating func reset() {
    tokens.removeAll(keepingCapacity: true)
    text.removeAll(keepingCapacity: true)
    isCollecting = true
    size = 0
  }

  mutating func append(_ byte: UInt8) {
    guard isCollecting, text.count < 300 else { return }
    text.append(byte)
  }

  mutating func endWord() {
    guard isCollecting, !text.isEmpty else { return }
    let word = String(decoding: text, as: UTF8.self).lowercased()
    if tokens.isEmpty && !Self.heads.contains(word) { return stop() }
    if tokens.count == 1, tokens[0].isWord("select"), word != "pg_catalog", word != "set_config" { return stop() }
    add(.word(word))
  }

  mutating func endQuoted() {
    // One that is not UTF-8 keeps its place, with a replacement character for what cannot be read, as it has in answers of the server.
    if isCollecting { add(.quoted(String(decoding: text, as: UTF8.self))) }
    text.removeAll(keepingCapacity: true)
  }

  mutating func endString() {
    if isCollecting { add(.string(String(decoding: text, as: UTF8.self))) }
    text.removeAll(keepingCapacity: true)
  }

  /// Forgets the word in progress, which turned out to be the prefix of a string.
  mutating func dropWord() { text.removeAll(keepingCapacity: true) }

  /// Goes on with the quoted text that just seemed to end, for the doubled quote in it.
  mutating func reopen(_ quote: UInt8) {
    guard isCollecting else { return }
    switch tokens.last {
    case .quoted(let earlier), .string(let earlier):
      tokens.removeLast()
      text = Array(earlier.utf8) + [quote]
    default: break
    }
  }

  mutating func sign(_ byte: UInt8) {
    if isCollecting { add(.sign(byte)) }
  }

  private mutating func add(_ token: DumpToken) {
    size += text.count + 16
    text.removeAll(keepingCapacity: true)
    if size > Self.limit { return stop() }
    tokens.append(token)
  }

  private mutating func stop() {
    isCollecting = false
    text.removeAll(keepingCapacity: true)
  }
}
