import DrillModel

/// What AWS's shared `config` and `credentials` files say, merged ("Shared config and credentials files", AWS SDKs and Tools
/// Reference Guide).
package struct SharedConfig: Sendable, Hashable {
  /// Keys are in lower case. A key with sub-keys holds them as lines after a line break.
  package private(set) var profiles: [String: [String: String]] = [:]
  package private(set) var ssoSessions: [String: [String: String]] = [:]
  package private(set) var services: [String: [String: String]] = [:]
  /// Profiles whose access key stands in the credentials file, which beats a `credential_process`; one in the config file does not.
  package private(set) var keysInCredentialsFile: Set<String> = []

  package init() {}

  /// Reads the two files' texts. In both, the last of two equal keys counts; between them, the credentials file's.
  ///
  /// Throws a fault with file and line for what cannot be read; sections of unknown kinds and names are left out.
  package init(config: String, credentials: String, configPath: String = "config", credentialsPath: String = "credentials") throws {
    try merge(SharedConfigSections(config, path: configPath).sections, isConfig: true)
    try merge(SharedConfigSections(credentials, path: credentialsPath).sections, isConfig: false)
  }

  /// The sub-keys of a key, as `s3` and the entries of a `[services]` section have them; empty when it has none.
  package static func subkeys(_ value: String) -> [String: String] {
    var result: [String: String] = [:]
    for line in value.split(whereSeparator: \.isNewline) {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { continue }
      result[SharedConfigSections.trimmed(parts[0]).lowercased()] = SharedConfigSections.trimmed(parts[1])
    }
    return result
  }

  private mutating func merge(_ sections: [SharedConfigSections.Section], isConfig: Bool) {
    // Within the config file, [profile default] makes every [default] void.
    let hasPrefixedDefault = isConfig && sections.contains { $0.words == ["profile", "default"] }
    for section in sections {
      switch (section.words.count, section.words.first, isConfig) {
      case (2, "profile", true): add(section.keys, to: \.profiles, section.words[1])
      case (2, "sso-session", true): add(section.keys, to: \.ssoSessions, section.words[1])
      case (2, "services", true): add(section.keys, to: \.services, section.words[1])
      case (1, "default", true) where !hasPrefixedDefault: add(section.keys, to: \.profiles, "default")
      case (1, .some(let name), false):
        add(section.keys, to: \.profiles, name)
        if section.keys["aws_access_key_id"] != nil { keysInCredentialsFile.insert(name) }
      default: continue
      }
    }
  }

  private mutating func add(_ keys: [String: String], to group: WritableKeyPath<SharedConfig, [String: [String: String]]>, _ name: String) {
    self[keyPath: group][name, default: [:]].merge(keys.filter { SharedConfig.isName($0.key) }) { _, last in last }
  }

  /// What the SDKs take for the name of a key; they leave others out.
  private static func isName(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "_-/.%@:+".unicodeScalars.contains(scalar))
    }
  }
}

/// One file's sections in their order.
struct SharedConfigSections {
  struct Section {
    /// The words of its heading; a quoted text is one word.
    var words: [String]
    var keys: [String: String] = [:]
  }

  private(set) var sections: [Section] = []
  private let path: String
  /// The key that an indented line goes on with.
  private var current: String?

  init(_ text: String, path: String) throws {
    self.path = path
    // Editors of other systems begin a file with a byte order mark.
    let plain = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    for (index, line) in plain.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      try read(line, number: index + 1)
    }
  }

  static func trimmed(_ text: some StringProtocol) -> String {
    var rest = Substring(text)
    while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
    return String(rest)
  }

  private mutating func read(_ line: Substring, number: Int) throws {
    let text = SharedConfigSections.trimmed(line)
    if text.isEmpty || text.hasPrefix("#") || text.hasPrefix(";") { return }
    if let first = line.first, first == " " || first == "\t" { return try goOn(text, number) }
    if line.hasPrefix("[") { return try readHeading(text, number) }
    try readKey(text, number)
  }

  private mutating func readHeading(_ text: String, _ number: Int) throws {
    let heading = text.prefix { $0 != "#" && $0 != ";" }
    guard let end = heading.lastIndex(of: "]"), SharedConfigSections.trimmed(heading[heading.index(after: end)...]).isEmpty else {
      throw fault(number, "Profile definition must end with ']'")
    }
    sections.append(Section(words: SharedConfigSections.words(heading[..<end].dropFirst())))
    current = nil
  }

  /// Words apart by blanks; quotes hold one together. No words for quotes that do not close.
  private static func words(_ text: some StringProtocol) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "\"" || character == "'" {
        quote = character
        word = word ?? ""
      } else if character == " " || character == "\t" {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    return quote == nil ? words + (word.map { [$0] } ?? []) : []
  }

  private mutating func readKey(_ text: String, _ number: Int) throws {
    guard !sections.isEmpty else { throw fault(number, "Expected a profile definition") }
    guard let equals = text.firstIndex(of: "=") else { throw fault(number, "Expected an '=' sign defining a property") }
    let name = SharedConfigSections.trimmed(text[..<equals]).lowercased()
    guard !name.isEmpty else { throw fault(number, "Property did not have a name") }
    let value = SharedConfigSections.trimmed(text[text.index(after: equals)...])
    current = name
    sections[sections.count - 1].keys[name] = SharedConfigSections.withoutComment(value)
  }

  private mutating func goOn(_ text: String, _ number: Int) throws {
    guard !sections.isEmpty else { throw fault(number, "Expected a profile definition") }
    guard let current, let value = sections[sections.count - 1].keys[current] else { throw fault(number, "Expected a property definition") }
    if value.isEmpty || value.hasPrefix("\n") {
      guard text.contains("=") else { throw fault(number, "Expected an '=' sign defining a sub-property") }
      guard !text.hasPrefix("=") else { throw fault(number, "Sub-property did not have a name") }
    }
    sections[sections.count - 1].keys[current] = value + "\n" + text
  }

  /// A comment after a value needs a blank before its sign.
  private static func withoutComment(_ value: String) -> String {
    var previous: Character = " "
    for index in value.indices {
      if value[index] == "#" || value[index] == ";", previous == " " || previous == "\t" { return trimmed(value[..<index]) }
      previous = value[index]
    }
    return value
  }

  private func fault(_ line: Int, _ message: String) -> Fault {
    Fault(.credentials, "\(path), line \(line): \(message)", advice: "Correct the file; `aws configure list` reads the same one")
  }
}
