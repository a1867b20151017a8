internal import CLibPQ

/// A connection string, a libpq URI or keyword/value text, taken apart by libpq itself (PostgreSQL manual, "Connection Strings").
package struct Conninfo: Sendable {
  /// The values given, by libpq's keyword; defaults and the environment are not consulted.
  package let values: [String: String]

  /// - Throws: `ConninfoError`.
  package init(_ text: String) throws(ConninfoError) {
    var message: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(text, &message) else {
      defer { PQfreemem(message) }
      throw ConninfoError(libpq: message.map { String(cString: $0) } ?? "out of memory")
    }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    self.values = values
  }
}

/// Why libpq did not understand a connection string.
package struct ConninfoError: Error, Sendable, Hashable {
  /// libpq's words, which quote the string: never to be shown where it holds a secret.
  package let libpq: String

  /// The same without what stands in quotes.
  package var shown: String {
    let text = libpq.split(whereSeparator: \.isNewline).joined(separator: " ")
    guard let first = text.firstIndex(of: "\""), let last = text.lastIndex(of: "\"") else { return text }
    return "\(text[..<first])\"…\"\(text[text.index(after: last)...])"
  }
}
