/// An element of an AWS answer: names without their namespace, text with its character references resolved.
package struct XMLElement: Sendable, Hashable {
  package let name: String
  package internal(set) var text: String = ""
  package internal(set) var children: [XMLElement] = []

  init(name: String) { self.name = name }

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

extension String {
  fileprivate var trimmingSpace: String {
    guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(self[start...end])
  }
}
