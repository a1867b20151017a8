/// Which keys of a mapping go together.
package enum KeyRule: Sendable, Hashable {
  /// The keys exclude each other.
  case atMostOne([String])
  case atLeastOne([String])
  case exactlyOne([String])
  /// Two places, each a path of keys, of which only one may be used.
  case once([String], [String])

  /// Whether an empty mapping breaks it.
  var demands: Bool {
    switch self {
    case .atMostOne, .once: false
    case .atLeastOne, .exactlyOne: true
    }
  }

  func holds(in node: ConfigNode, _ diagnostics: inout Diagnostics) -> Bool {
    switch self {
    case .atMostOne(let names), .exactlyOne(let names): countHolds(names, most: 1, in: node, &diagnostics)
    case .atLeastOne(let names): countHolds(names, most: names.count, in: node, &diagnostics)
    case .once(let first, let second): KeyRule.onceHolds(first, second, in: node, &diagnostics)
    }
  }

  private func countHolds(_ names: [String], most: Int, in node: ConfigNode, _ diagnostics: inout Diagnostics) -> Bool {
    let given = (node.entries ?? []).filter { names.contains($0.key) }
    if given.isEmpty, demands {
      diagnostics.error("one of the keys \(alternatives(names)) is needed", at: node.place)
      return false
    }
    guard given.count > most, let last = given.last else { return true }
    diagnostics.error("only one of the keys \(alternatives(given.map(\.key), "and")) can be given", at: last.keyPlace)
    return false
  }

  private static func onceHolds(_ first: [String], _ second: [String], in node: ConfigNode, _ diagnostics: inout Diagnostics) -> Bool {
    guard let one = node.entry(at: first), let other = node.entry(at: second) else { return true }
    let isOneEarlier = (one.keyPlace.line, one.keyPlace.column) < (other.keyPlace.line, other.keyPlace.column)
    let (early, late) = isOneEarlier ? (first, second) : (second, first)
    let (earlyEntry, lateEntry) = isOneEarlier ? (one, other) : (other, one)
    let taken = "\(early.joined(separator: ".")) in line \(earlyEntry.keyPlace.line)"
    diagnostics.error("\(late.joined(separator: ".")) cannot stand beside \(taken); keep one of them", at: lateEntry.keyPlace)
    return false
  }

  var schemas: [SchemaJSON] {
    switch self {
    case .atLeastOne(let names): [.anyOf(names.map(KeyRule.requires))]
    case .atMostOne(let names): [["not": ["anyOf": .array(KeyRule.pairs(names))]]]
    case .exactlyOne(let names): [["oneOf": .array(names.map(KeyRule.requires))]]
    case .once(let first, let second): [["not": ["allOf": [KeyRule.has(first[...]), KeyRule.has(second[...])]]]]
    }
  }

  private static func requires(_ name: String) -> SchemaJSON { ["required": [.string(name)]] }

  private static func pairs(_ names: [String]) -> [SchemaJSON] {
    names.indices.flatMap { first in
      names[(first + 1)...].map { ["required": [.string(names[first]), .string($0)]] as SchemaJSON }
    }
  }

  private static func has(_ path: ArraySlice<String>) -> SchemaJSON {
    guard let name = path.first else { return [:] }
    let inner = SchemaJSON.object([SchemaJSON.Member(name, has(path.dropFirst()))])
    return ["type": "object", "required": [.string(name)], "properties": inner]
  }
}

extension ConfigNode {
  /// The entry at the end of a path of keys, or nil.
  func entry(at path: [String]) -> Entry? {
    guard let name = path.first, case .mapping = content, let found = entry(name) else { return nil }
    return path.count == 1 ? found : found.value.entry(at: Array(path.dropFirst()))
  }
}
