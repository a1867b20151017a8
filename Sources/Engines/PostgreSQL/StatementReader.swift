/// Reads the meaning of one statement from its tokens.
struct StatementReader {
  private let tokens: [DumpToken]

  init(_ tokens: [DumpToken]) { self.tokens = tokens }

  /// Everything in the statement that matters; empty for most.
  var meanings: [DumpStatement] {
    let ordinary = withinDatabase
    return serverWide.map { ordinary + [.serverWide($0)] } ?? ordinary
  }

  private var withinDatabase: [DumpStatement] {
    switch tokens.first {
    case .word("copy"): copyMeanings
    case .word("set"), .word("select"): settingMeanings
    case .word("create"): createMeanings
    case .word("alter"): roles(after: ["owner", "to"], from: 0) + defaultPrivileges + namedRole
    case .word("grant"), .word("revoke"): grantMeanings
    case .word("reassign"): roles(after: ["to"], from: 0)
    default: []
    }
  }

  /// The beginning of a statement that reaches beyond its database, as it would be said.
  private var serverWide: String? {
    guard tokens.count > 2, case .word(let verb) = tokens[0], case .word(let object) = tokens[1] else { return nil }
    let said = "\(verb) \(object)".uppercased()
    switch verb {
    case "create", "alter", "drop":
      if object == "user", tokens[2].isWord("mapping") { return nil }
      if verb == "drop", object == "owned" { return said }
      return ["database", "role", "user", "group", "tablespace", "subscription", "system"].contains(object) ? said : nil
    case "comment":
      guard case .word(let kind) = tokens[2] else { return nil }
      return ["database", "role", "tablespace", "subscription"].contains(kind) ? "\(said) \(kind.uppercased())" : nil
    case "grant", "revoke":
      guard let on = tokens.firstIndex(where: { $0.isWord("on") }) else { return "\(verb.uppercased()) of a role" }
      return on + 1 < tokens.count && tokens[on + 1].isWord("database") ? "\(verb.uppercased()) ON DATABASE" : nil
    case "reassign", "security": return said
    case "prepare": return object == "transaction" ? said : nil
    default: return nil
    }
  }

  private var copyMeanings: [DumpStatement] {
    var depth = 0
    for (index, token) in tokens.enumerated() {
      if token.isSign("(") { depth += 1 }
      if token.isSign(")") { depth -= 1 }
      guard depth == 0, token.isWord("from") || token.isWord("to"), index + 1 < tokens.count else { continue }
      switch tokens[index + 1] {
      case .word("stdin") where token.isWord("from"): return [.copyIn]
      case .word("program"): return [.hostAccess("COPY … PROGRAM, which runs a command")]
      case .string: return [.hostAccess("COPY with a file of the server")]
      default: continue
      }
    }
    return []
  }

  private var settingMeanings: [DumpStatement] {
    if tokens.count > 2, tokens[1].isWord("pg_catalog") || tokens[1].isWord("set_config") {
      let strings = tokens.compactMap { if case .string(let text) = $0 { text } else { nil } }
      return strings.count >= 2 && strings[0] == "search_path" ? [.searchPath(strings[1])] : []
    }
    guard tokens.count > 2, tokens[0].isWord("set") else { return [] }
    if tokens[1].isWord("session"), tokens[2].isWord("authorization") { return role(at: 3) }
    if tokens[1].isWord("role") { return role(at: 2) }
    guard tokens.count > 3, let value = tokens[3].name else { return [] }
    switch tokens[1] {
    case .word("standard_conforming_strings"): return [.escapes(["off", "false", "0"].contains(value.lowercased()))]
    case .word("search_path"): return [.searchPath(value)]
    case .word("client_encoding"): return [.encoding(value)]
    default: return []
    }
  }

  private var createMeanings: [DumpStatement] {
    guard tokens.count > 2 else { return [] }
    switch tokens[1] {
    case .word("role"), .word("user"), .word("group"):
      return tokens[2].isWord("mapping") ? roles(after: ["for"], from: 3) : role(at: 2)
    case .word("policy"): return roles(after: ["to"], from: 3)
    case .word("schema"): return roles(after: ["authorization"], from: 1)
    case .word("database"), .word("tablespace"): return roles(after: ["owner"], from: 2)
    case .word("extension"): return installs
    case .word("table"): return table(at: 2)
    case .word("unlogged") where tokens[2].isWord("table"): return table(at: 3)
    default: return []
    }
  }

  private var installs: [DumpStatement] {
    let start = tokens.count > 5 && tokens[2].isWord("if") ? 5 : 2
    guard start < tokens.count, let name = tokens[start].name else { return [] }
    let schema = tokens.indices.first { $0 > start && tokens[$0].isWord("schema") }.flatMap {
      $0 + 1 < tokens.count ? tokens[$0 + 1].name : nil
    }
    return [.installExtension(name: name, schema: schema)]
  }

  private func table(at position: Int) -> [DumpStatement] {
    var position = position
    if tokens.count > position + 3, tokens[position].isWord("if") { position += 3 }
    guard position < tokens.count, let first = tokens[position].name else { return [] }
    guard position + 2 < tokens.count, tokens[position + 1].isSign("."), let second = tokens[position + 2].name else {
      return [.createTable(schema: nil, name: first)]
    }
    return [.createTable(schema: first, name: second)]
  }

  private var grantMeanings: [DumpStatement] {
    let keyword = tokens[0].isWord("grant") ? "to" : "from"
    guard let last = tokens.lastIndex(where: { $0.isWord(keyword) }) else { return [] }
    // Without ON it is a membership, where both sides are roles.
    let isMembership = !tokens[..<last].contains { $0.isWord("on") }
    return (isMembership ? names(from: 1) : []) + names(from: last + 1)
  }

  private var defaultPrivileges: [DumpStatement] {
    guard tokens.count > 5, tokens[1].isWord("default"), tokens[2].isWord("privileges") else { return [] }
    let owners = tokens[3].isWord("for") ? names(from: 5) : []
    guard let to = tokens.lastIndex(where: { $0.isWord("to") || $0.isWord("from") }) else { return owners }
    return owners + names(from: to + 1)
  }

  private var namedRole: [DumpStatement] {
    guard tokens.count > 2, tokens[1].isWord("role") || tokens[1].isWord("user") || tokens[1].isWord("group") else { return [] }
    return role(at: 2)
  }

  private func roles(after words: [String], from start: Int) -> [DumpStatement] {
    guard tokens.count >= start + words.count + 1 else { return [] }
    for position in start...(tokens.count - words.count - 1)
    where words.indices.allSatisfy({ tokens[position + $0].isWord(words[$0]) }) {
      return names(from: position + words.count)
    }
    return []
  }

  private func role(at position: Int) -> [DumpStatement] {
    guard position < tokens.count, let name = tokens[position].name else { return [] }
    return StatementReader.isStandIn(tokens[position]) ? [.role(name)] : []
  }

  /// A list of names separated by commas, with the words that may stand before a name left out.
  private func names(from start: Int) -> [DumpStatement] {
    var found: [DumpStatement] = []
    var position = start
    while position < tokens.count {
      if tokens[position].isWord("group") || tokens[position].isSign("=") { position += 1 }
      found += role(at: position)
      guard position + 1 < tokens.count, tokens[position + 1].isSign(",") else { break }
      position += 2
    }
    return found
  }

  /// Names that mean a role of the server's own, or whoever runs the statement, need no stand-in.
  private static func isStandIn(_ token: DumpToken) -> Bool {
    let builtIn: Set<String> = ["public", "current_user", "session_user", "current_role", "user", "none", "default", "all"]
    if case .word(let word) = token, builtIn.contains(word) { return false }
    guard let name = token.name, !name.isEmpty, name != "public", name != "none" else { return false }
    return !name.hasPrefix("pg_")
  }
}
