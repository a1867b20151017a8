/// An element of an AWS answer: names without their namespace, text with its character references resolved.
package struct XMLElement: Sendable, Hashable {
  package let name: String
  package fileprivate(set) var text: String = ""
  package fileprivate(set) var children: [XMLElement] = []

  /// The first child of that name; nil when there is none.
  package subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

  /// The text at a path of names from here, without space around it; nil when there is no such element.
  package func text(_ path: String...) -> String? {
    var element = self
    for name in path {
      guard let next = element[name] else { return nil }
      element = next
    }
    return element.text.trimmingSpace
  }
}

/// Reads the subset of XML 1.0 that AWS answers in, strictly and within limits.
///
/// A reader of our own, because the system's resolves entities: this one refuses every document type declaration, so that neither
/// entity bombs nor external entities exist. Attributes are read and left out; comments and processing instructions too.
package enum XMLReader {
  package static let byteLimit = 4 << 20
  package static let depthLimit = 64

  /// The root element; nil for anything that is not well formed, too large or too deep, or that declares a document type.
  package static func read(_ bytes: [UInt8]) -> XMLElement? {
    guard bytes.count <= byteLimit, String(validating: bytes, as: UTF8.self) != nil else { return nil }
    var scanner = XMLScanner(bytes)
    return scanner.document()
  }
}

private struct XMLScanner {
  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes }

  mutating func document() -> XMLElement? {
    guard skipBetween() else { return nil }
    var open: [XMLElement] = []
    while at < bytes.count {
      if starts("</") {
        guard let done = open.popLast(), closes(done.name) else { return nil }
        guard !open.isEmpty else { return skipBetween() && at == bytes.count ? done : nil }
        open[open.count - 1].children.append(done)
      } else if starts("<!--") || starts("<?") {
        guard skipAside() else { return nil }
      } else if starts("<![CDATA[") {
        guard !open.isEmpty, let text = upTo("]]>", from: at + 9) else { return nil }
        open[open.count - 1].text += text
      } else if bytes[at] == UInt8(ascii: "<") {
        guard let (element, isClosed) = opening(), open.count < XMLReader.depthLimit else { return nil }
        if !isClosed {
          open.append(element)
        } else if open.isEmpty {
          return skipBetween() && at == bytes.count ? element : nil
        } else {
          open[open.count - 1].children.append(element)
        }
      } else {
        guard !open.isEmpty, let text = characters() else { return nil }
        open[open.count - 1].text += text
      }
    }
    return nil
  }

  private func starts(_ text: StaticString) -> Bool {
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    return bytes.count - at >= wanted.count && bytes[at..<at + wanted.count].elementsEqual(wanted)
  }

  /// Space, comments and processing instructions around the root. False for what does not end, and for a document type.
  private mutating func skipBetween() -> Bool {
    while at < bytes.count {
      if bytes[at].isSpace { at += 1 } else if starts("<!--") || starts("<?") { if !skipAside() { return false } } else { break }
    }
    return !starts("<!")
  }

  private mutating func skipAside() -> Bool { (starts("<?") ? upTo("?>", from: at + 2) : upTo("-->", from: at + 4)) != nil }

  /// The text before the next `end`, which is passed.
  private mutating func upTo(_ end: String, from start: Int) -> String? {
    let wanted = Array(end.utf8)
    var index = start
    while index + wanted.count <= bytes.count {
      if bytes[index] == wanted[0], bytes[index..<index + wanted.count].elementsEqual(wanted) {
        at = index + wanted.count
        return String(decoding: bytes[start..<index], as: UTF8.self)
      }
      index += 1
    }
    return nil
  }

  private mutating func name() -> String? {
    let start = at
    while at < bytes.count, bytes[at].isNamePart { at += 1 }
    let full = String(decoding: bytes[start..<at], as: UTF8.self)
    guard let local = full.split(separator: ":", omittingEmptySubsequences: false).last, !local.isEmpty else { return nil }
    return String(local)
  }

  private mutating func closes(_ expected: String) -> Bool {
    at += 2
    guard name() == expected else { return false }
    skipSpace()
    return take(">")
  }

  private mutating func opening() -> (XMLElement, isClosed: Bool)? {
    at += 1
    guard let name = name() else { return nil }
    while true {
      skipSpace()
      if take(">") { return (XMLElement(name: name), false) }
      if take("/") { return take(">") ? (XMLElement(name: name), true) : nil }
      guard attribute() else { return nil }
    }
  }

  private mutating func attribute() -> Bool {
    guard name() != nil else { return false }
    skipSpace()
    guard take("=") else { return false }
    skipSpace()
    guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") || bytes[at] == UInt8(ascii: "'") else { return false }
    guard let value = upTo(bytes[at] == UInt8(ascii: "'") ? "'" : "\"", from: at + 1) else { return false }
    return !value.contains("<")
  }

  private mutating func characters() -> String? {
    var text: [UInt8] = []
    while at < bytes.count, bytes[at] != UInt8(ascii: "<") {
      if bytes[at] == UInt8(ascii: "&") {
        guard let scalar = reference() else { return nil }
        text += Array(String(scalar).utf8)
      } else {
        text.append(bytes[at])
        at += 1
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// A character reference or one of the five entities of XML itself; no other exists.
  private mutating func reference() -> Unicode.Scalar? {
    guard let end = bytes[at...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { return nil }
    let name = String(decoding: bytes[(at + 1)..<end], as: UTF8.self)
    at = end + 1
    let known: [String: Unicode.Scalar] = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'"]
    if let scalar = known[name] { return scalar }
    let value = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
    return value.flatMap { $0 == 0 ? nil : Unicode.Scalar($0) }
  }

  private mutating func skipSpace() { while at < bytes.count, bytes[at].isSpace { at += 1 } }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }
}

extension UInt8 {
  fileprivate var isSpace: Bool { self == 32 || (9...13).contains(self) }
  fileprivate var isNamePart: Bool {
    switch self {
    case 97...122, 65...90, 48...57, 45, 46, 58, 95, 128...255: true
    default: false
    }
  }
}

extension String {
  fileprivate var trimmingSpace: String {
    guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(self[start...end])
  }
}
