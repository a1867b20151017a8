import MySQLKit

/// What one statement of a dump is for, as far as a drill must know before it is passed on.
struct MySQLStatement: Sendable, Hashable {
  /// Two words for people: `CREATE TABLE`.
  var kind: String
  var effect: Effect
  /// Accounts and roles (`host` nil) that it names as definer.
  var definers: [Definer] = []
  /// The database that it makes.
  var creates: String?
  /// What a SET statement says of how strings are written from here on.
  var backslashEscapes: Bool?
  /// The character set that the client sends from here on.
  var characterSet: String?
  /// Whether a SET statement keeps settings of the session for later (`@OLD_… = @@…`), or puts kept ones back.
  var settings: Settings?
  /// What a SET statement says of whether each statement commits from here on.
  var commitsItself: Bool?
  /// Whether rows in parentheses follow a list of columns in parentheses.
  var hasColumnList = false

  /// Whether it is the client's command `\C`, which changes nothing but the session's character set.
  var setsCharacterSet: Bool { effect == .hostAccess("a client command") && characterSet != nil }

  struct Definer: Sendable, Hashable {
    var user: String
    var host: String?
  }

  enum Settings: Sendable, Hashable { case kept, putBack }

  enum Effect: Sendable, Hashable {
    /// Makes or fills something.
    case content
    /// Rows of one INSERT or REPLACE.
    case rows
    /// Settings of the session and the like.
    case plain
    case enter(String)
    /// Means the server and not what is in databases; the reason, for a note.
    case leaveOut(LeftOut)
    /// Reads a file or runs a command of whoever loads it.
    case hostAccess(String)
  }

  enum LeftOut: String, Sendable, Hashable, CaseIterable {
    case accounts = "accounts and rights"
    case replication = "replication"
    case settings = "settings of the whole server"
    case libraries = "libraries to load into the server"
    case system = "the server's own databases"
  }

  /// Reads a statement from its beginning, which may be cut.
  init(_ beginning: [UInt8]) {
    var reader = MySQLTokens(beginning)
    var written: [MySQLTokens.Token] = []
    while written.count < 64, let token = reader.next() { written.append(token) }
    let tokens = written.map { if case .word(let word) = $0 { MySQLTokens.Token.word(word.uppercased()) } else { $0 } }
    let words = tokens.prefix(16).compactMap { if case .word(let word) = $0 { word } else { nil } }
    let first = words.first ?? ""
    kind = MySQLStatement.name(words)
    effect = .plain
    if tokens.first == .symbol(UInt8(ascii: "\\")) {
      effect = .hostAccess("a client command")
      if written.dropFirst().first == .word("C") { characterSet = MySQLStatement.name(at: 2, of: written)?.lowercased() }
      return
    }
    switch first {
    case "SET": readSet(tokens, words, written)
    case "USE": if let name = MySQLStatement.name(at: 1, of: tokens) { effect = .enter(name) }
    case "INSERT", "REPLACE":
      effect = .rows
      hasColumnList = MySQLStatement.hasColumnList(tokens)
    case "CREATE", "ALTER", "DROP", "RENAME": readDefinition(tokens, words, written)
    case "GRANT", "REVOKE", "FLUSH": effect = .leaveOut(.accounts)
    case "CHANGE", "RESET", "PURGE": effect = .leaveOut(.replication)
    case "START", "STOP":
      if ["SLAVE", "REPLICA", "ALL", "GROUP_REPLICATION"].contains(words.dropFirst().first ?? "") { effect = .leaveOut(.replication) }
    case "INSTALL", "UNINSTALL": effect = .leaveOut(.libraries)
    case "LOAD": effect = .hostAccess("LOAD \(words.dropFirst().first ?? "")")
    case "SOURCE", "SYSTEM", "TEE", "PAGER", "EDIT", "CONNECT", "NOTEE", "NOPAGER":
      effect = .hostAccess("the client command \(first.lowercased())")
    case "DELETE", "UPDATE", "TRUNCATE", "CALL": effect = .content
    default: break
    }
  }

  private mutating func readSet(_ tokens: [MySQLTokens.Token], _ words: [String], _ written: [MySQLTokens.Token]) {
    let second = words.dropFirst().first ?? ""
    if ["GLOBAL", "PERSIST", "PERSIST_ONLY"].contains(second) || second.hasPrefix("@@GLOBAL.") || second.hasPrefix("@@PERSIST") {
      effect = .leaveOut(.settings)
    } else if ["PASSWORD", "ROLE", "DEFAULT"].contains(second) {
      effect = .leaveOut(.accounts)
    }
    readSettings(tokens, written)
    if second == "NAMES" { characterSet = MySQLStatement.name(at: 2, of: tokens)?.lowercased() }
    for (index, token) in tokens.enumerated() {
      guard case .word(let word) = token, word.hasSuffix("SQL_MODE"), !word.hasPrefix("@OLD"), index + 2 < tokens.count,
        tokens[index + 1] == .symbol(UInt8(ascii: "="))
      else { continue }
      switch tokens[index + 2] {
      case .quoted(let modes): backslashEscapes = !modes.uppercased().contains("NO_BACKSLASH_ESCAPES")
      // As binary logs give it (sql_mode.h: MODE_NO_BACKSLASH_ESCAPES).
      case .word(let number): if let bits = UInt64(number) { backslashEscapes = bits & 1 << 20 == 0 }
      case .symbol: continue
      }
    }
  }

  private mutating func readSettings(_ tokens: [MySQLTokens.Token], _ written: [MySQLTokens.Token]) {
    for (index, token) in tokens.enumerated() {
      guard case .word(let word) = token else { continue }
      let isSet = index + 2 < tokens.count && tokens[index + 1] == .symbol(UInt8(ascii: "="))
      if case .word(let name) = written[index], name.hasPrefix("@OLD_") {
        if !isSet, settings == nil { settings = .putBack }
        if isSet, case .word(let value) = tokens[index + 2], value.hasPrefix("@@") { settings = .kept }
      } else if isSet, word == "AUTOCOMMIT" || word.hasSuffix("@AUTOCOMMIT") || word.hasSuffix(".AUTOCOMMIT") {
        commitsItself = !["0", "OFF", "FALSE"].contains { tokens[index + 2] == .word($0) }
      }
    }
  }

  private mutating func readDefinition(_ tokens: [MySQLTokens.Token], _ words: [String], _ written: [MySQLTokens.Token]) {
    // What is only removed is no content.
    effect = words.first == "DROP" ? .plain : .content
    definers = MySQLStatement.definers(tokens, written)
    let what = words.dropFirst().first { !["OR", "REPLACE", "AGGREGATE", "TEMPORARY", "IF", "NOT", "EXISTS"].contains($0) } ?? ""
    switch what {
    case "USER", "ROLE": effect = .leaveOut(.accounts)
    case "SERVER", "INSTANCE", "TABLESPACE", "LOGFILE": effect = .leaveOut(.settings)
    case "DATABASE", "SCHEMA":
      let noise = ["CREATE", "ALTER", "DROP", "OR", "REPLACE", "IF", "NOT", "EXISTS", what].map { MySQLTokens.Token.word($0) }
      let named = tokens.firstIndex { !noise.contains($0) }.flatMap { MySQLStatement.name(at: $0, of: written) }
      if words.first == "CREATE" { creates = named }
      effect = named.map { SystemSchemas.contains($0) } == true ? .leaveOut(.system) : .plain
    case "FUNCTION" where words.contains("SONAME"): effect = .leaveOut(.libraries)
    default: break
    }
  }

  private static func name(_ words: [String]) -> String {
    // What begins with another word is no statement, and may be anything.
    guard let first = words.first, verbs.contains(first) else { return "a statement" }
    let known = words.prefix(2).filter { word in word.count <= 20 && word.utf8.allSatisfy { (65...90).contains($0) || $0 == 95 } }
    return known.joined(separator: " ")
  }

  private static let verbs: Set<String> = [
    "ALTER", "ANALYZE", "BEGIN", "BINLOG", "CALL", "CHANGE", "CHECK", "COMMIT", "CREATE", "DELETE", "DO", "DROP", "EXECUTE", "FLUSH",
    "GRANT", "HANDLER", "INSERT", "INSTALL", "KILL", "LOAD", "LOCK", "OPTIMIZE", "PREPARE", "PURGE", "RENAME", "REPAIR", "REPLACE", "RESET",
    "REVOKE", "ROLLBACK", "SELECT", "SET", "SHOW", "SHUTDOWN", "START", "STOP", "TRUNCATE", "UNINSTALL", "UNLOCK", "UPDATE", "USE", "WITH",
    "XA",
  ]

  /// The name that stands at a place, quoted or bare.
  private static func name(at index: Int, of tokens: [MySQLTokens.Token]) -> String? {
    guard index < tokens.count else { return nil }
    switch tokens[index] {
    case .word(let word): return word
    case .quoted(let name): return name
    case .symbol: return nil
    }
  }

  /// `DEFINER = user@host`, where the host may be missing for a role, and the account may be the session's own.
  private static func definers(_ tokens: [MySQLTokens.Token], _ written: [MySQLTokens.Token]) -> [Definer] {
    guard let place = tokens.firstIndex(of: .word("DEFINER")), place + 2 < tokens.count, tokens[place + 1] == .symbol(UInt8(ascii: "="))
    else { return [] }
    switch written[place + 2] {
    case .quoted(let user):
      guard place + 3 < tokens.count, tokens[place + 3] == .word("@") else { return [Definer(user: user)] }
      return [Definer(user: user, host: name(at: place + 4, of: written) ?? "%")]
    case .word(let word):
      // `CURRENT_USER` is whoever loads.
      let parts = word.split(separator: "@", maxSplits: 1).map(String.init)
      guard let user = parts.first, !["CURRENT_USER", "CURRENT_ROLE"].contains(user.uppercased()) else { return [] }
      let host = parts.count > 1 ? parts[1] : word.hasSuffix("@") ? name(at: place + 3, of: written) : nil
      return [Definer(user: user, host: host)]
    case .symbol: return []
    }
  }

  private static func hasColumnList(_ tokens: [MySQLTokens.Token]) -> Bool {
    let values = tokens.firstIndex { $0 == .word("VALUES") || $0 == .word("VALUE") } ?? tokens.endIndex
    return tokens[..<values].contains(.symbol(UInt8(ascii: "(")))
  }
}
