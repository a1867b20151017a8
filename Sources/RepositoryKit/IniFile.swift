/// A configuration file of sections with `key = value` lines, as pgBackRest and Barman read theirs. Values stay as they were written.
struct IniFile: Sendable {
  struct Section: Sendable {
    var name: String
    /// In their order; a key may come more than once.
    var entries: [(key: String, value: String)]

    func value(_ key: String) -> String? { entries.last { $0.key == key }?.value }
  }

  var sections: [Section] = []

  init() {}

  /// - Parameter separators: What may stand between a key and its value.
  init(_ text: String, separators: [Character] = ["="]) {
    for raw in text.split(omittingEmptySubsequences: true, whereSeparator: \.isNewline) {
      let line = raw.trimmed
      guard let first = line.first, first != "#", first != ";" else { continue }
      if first == "[", line.last == "]" {
        sections.append(Section(name: String(line.dropFirst().dropLast()), entries: []))
        continue
      }
      guard !sections.isEmpty else { continue }
      let last = sections.count - 1
      if raw.first?.isWhitespace == true, separators.count > 1, let open = sections[last].entries.indices.last {
        // Python's files go on with a value on lines that are indented.
        sections[last].entries[open].value += " \(line)"
        continue
      }
      guard let separator = line.firstIndex(where: { separators.contains($0) }) else { continue }
      let key = String(line[..<separator].trimmed)
      sections[last].entries.append((key, String(line[line.index(after: separator)...].trimmed)))
    }
  }

  /// What the last of some sections says, the later ones first.
  func value(_ key: String, in names: [String]) -> String? {
    for name in names.reversed() {
      for section in sections.reversed() where section.name == name { if let value = section.value(key) { return value } }
    }
    return nil
  }

  var text: String {
    sections.map { section in "[\(section.name)]\n" + section.entries.map { "\($0.key)=\($0.value)\n" }.joined() }.joined()
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var rest = drop { $0.isWhitespace }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return rest
  }
}
