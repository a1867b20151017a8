/// One file of ours on disk: how people see its name, and where relative paths in it start.
package struct ConfigFile: Sendable, Hashable {
  /// The name as messages show it, usually relative to where the program was started.
  package let shown: String
  /// The absolute directory that holds it.
  package let directory: String

  package init(shown: String, directory: String) {
    self.shown = shown
    self.directory = directory
  }

  /// `path` made absolute: relative ones start at this file's directory. `~` and variables are not expanded.
  ///
  /// `..` is kept, because taking it away on paper goes wrong where a directory is a symbolic link.
  package func resolve(_ path: String) -> String {
    let joined = path.hasPrefix("/") ? path : "\(directory)/\(path)"
    let parts = joined.split(separator: "/").filter { $0 != "." }
    return "/" + parts.joined(separator: "/")
  }
}

/// A position in a file; lines and columns count from 1, columns in Unicode scalars.
package struct Place: Sendable, Hashable {
  package var file: ConfigFile
  package var line: Int
  package var column: Int

  package init(file: ConfigFile, line: Int, column: Int) {
    self.file = file
    self.line = line
    self.column = column
  }
}

/// A parsed YAML node with its place. Nobody outside this module sees the YAML library.
package struct ConfigNode: Sendable, Hashable {
  package var place: Place
  package var content: Content

  package indirect enum Content: Sendable, Hashable {
    case scalar(Scalar)
    case sequence([ConfigNode])
    case mapping([Entry])
  }

  /// A scalar as written; its type is decided by the key that reads it, never guessed.
  package struct Scalar: Sendable, Hashable {
    package var text: String
    /// Written without quotes and not as a block (`|`, `>`).
    package var isPlain: Bool

    package init(text: String, isPlain: Bool) {
      self.text = text
      self.isPlain = isPlain
    }

    /// Whether the scalar stands for nothing: left empty, `~` or `null`.
    package var isNull: Bool { isPlain && ["", "~", "null", "Null", "NULL"].contains(text) }
  }

  /// One key of a mapping with its value.
  package struct Entry: Sendable, Hashable {
    package var key: String
    package var keyPlace: Place
    package var value: ConfigNode

    package init(key: String, keyPlace: Place, value: ConfigNode) {
      self.key = key
      self.keyPlace = keyPlace
      self.value = value
    }
  }

  package init(place: Place, content: Content) {
    self.place = place
    self.content = content
  }
}

extension ConfigNode {
  /// The file this node was read from.
  package var file: ConfigFile { place.file }

  /// The scalar, or nil for a list or mapping.
  package var scalar: Scalar? { if case .scalar(let scalar) = content { scalar } else { nil } }

  /// Whether nothing was written here.
  package var isNull: Bool { scalar?.isNull ?? false }

  /// The keys of a mapping in their order; nil for a scalar or list. A key left empty counts as an empty mapping.
  package var entries: [Entry]? {
    switch content {
    case .mapping(let entries): entries
    case .scalar(let scalar): scalar.isNull ? [] : nil
    case .sequence: nil
    }
  }

  /// The items of a list; nil for a scalar or mapping. A key left empty counts as an empty list.
  package var items: [ConfigNode]? {
    switch content {
    case .sequence(let items): items
    case .scalar(let scalar): scalar.isNull ? [] : nil
    case .mapping: nil
    }
  }

  /// The entry of that key, or nil.
  package func entry(_ key: String) -> Entry? { entries?.first { $0.key == key } }

  /// What stands here, for messages: the scalar itself, cut and escaped, or only what kind of thing it is.
  package var found: String {
    switch content {
    case .scalar(let scalar): scalar.isNull ? "nothing" : quoted(scalar.text)
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

/// Text from a file in the form messages show it: at most 60 characters, control characters escaped, credentials in URLs left out.
package func quoted(_ text: String) -> String {
  let start = String(text.unicodeScalars.prefix(1000))
  let masked = start.utf8.contains(UInt8(ascii: "@")) ? withoutCredentials(start) : start
  let cut = masked.unicodeScalars.prefix(60)
  let isCut = cut.endIndex < masked.unicodeScalars.endIndex
  return "\"\(printable(String(cut)))\(isCut ? "…" : "")\""
}

/// The text with control and formatting characters escaped as `\u{9}`, so that it stays one line and cannot steer a terminal.
func printable(_ text: String) -> String {
  if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
  var shown = ""
  for scalar in text.unicodeScalars {
    if [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory) {
      shown += "\\u{\(String(scalar.value, radix: 16))}"
    } else {
      shown.unicodeScalars.append(scalar)
    }
  }
  return shown
}

private func withoutCredentials(_ text: String) -> String {
  guard let scheme = text.firstRange(of: "://") else { return text }
  let authority = text[scheme.upperBound...].prefix { $0 != "/" }
  guard let at = authority.lastIndex(of: "@") else { return text }
  return text[..<scheme.upperBound] + "…" + text[at...]
}
