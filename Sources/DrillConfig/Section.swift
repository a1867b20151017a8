/// The keys of one mapping. From this one declaration come reading, JSON Schema and documentation.
package struct Section<Options: Sendable>: Sendable {
  package let keys: [Key<Options>]
  package let rules: [KeyRule]

  package init(_ keys: [Key<Options>], rules: [KeyRule] = []) {
    self.keys = keys
    self.rules = rules
  }

  package var names: [String] { keys.map(\.row.name) }

  /// Reads a mapping over `options`, reporting everything that is wrong in it; nil when anything is.
  ///
  /// - Parameter alongside: Keys of the same mapping that somebody else reads; nil leaves unknown keys to somebody else altogether.
  package func read(
    _ node: ConfigNode, _ diagnostics: inout Diagnostics, into options: Options, alongside: [String]? = []
  ) -> Options? {
    guard let entries = node.entries else { return diagnostics.expected("a mapping", at: node) }
    var result = options
    var isWhole = true
    if let alongside { isWhole = reportUnknownKeys(entries, known: names + alongside, &diagnostics) }
    for entry in entries {
      guard let key = keys.first(where: { $0.row.name == entry.key }) else { continue }
      if !key.assign(entry.value, &result, &diagnostics) { isWhole = false }
    }
    for key in keys where key.row.isRequired && node.entry(key.row.name) == nil {
      diagnostics.error("the key \(key.row.name) is missing: \(key.row.documentation)", at: node.place)
      isWhole = false
    }
    for rule in rules where !rule.holds(in: node, &diagnostics) { isWhole = false }
    return isWhole ? result : nil
  }

  /// The JSON Schema of the mapping, without keys that it does not know.
  package var schema: SchemaJSON { schema(alongside: []) }

  /// The schema of a mapping that also holds the properties in `others`.
  package func schema(alongside others: [SchemaJSON.Member], required: [String] = []) -> SchemaJSON {
    let properties = keys.map { SchemaJSON.Member($0.row.name, $0.schema) } + others
    let needed = required + keys.filter(\.row.isRequired).map(\.row.name)
    let isOptional = needed.isEmpty && !rules.contains(where: \.demands)
    let kinds: SchemaJSON = isOptional ? ["object", "null"] : "object"
    var schema: SchemaJSON = ["type": kinds, "properties": .object(properties), "additionalProperties": false]
    if !needed.isEmpty { schema = schema.with("required", .array(needed.map { .string($0) })) }
    let conditions = rules.flatMap(\.schemas)
    return conditions.isEmpty ? schema : schema.with("allOf", .array(conditions))
  }

  /// A row a key, in the order of declaration.
  package var documentation: [KeyRow] { keys.map(\.row) }
}

/// Reports every key that is not among `known`, with the nearest one; false when there was one.
func reportUnknownKeys(_ entries: [ConfigNode.Entry], known: [String], _ diagnostics: inout Diagnostics) -> Bool {
  var isWhole = true
  for entry in entries where !known.contains(entry.key) {
    let near = nearestName(to: entry.key, among: known)
    let hint = near.map { "did you mean `\($0)`?" } ?? "known keys: \(known.joined(separator: ", "))"
    diagnostics.error("unknown key \(quoted(entry.key))", at: entry.keyPlace, suggestion: hint)
    isWhole = false
  }
  return isWhole
}

/// Which keys of a mapping go together.
package enum KeyRule: Sendable, Hashable {
  /// The keys exclude each other.
  case atMostOne([String])
  case atLeastOne([String])
  case exactlyOne([String])

  /// Whether an empty mapping breaks it.
  var demands: Bool { if case .atMostOne = self { false } else { true } }

  func holds(in node: ConfigNode, _ diagnostics: inout Diagnostics) -> Bool {
    let names =
      switch self {
      case .atMostOne(let names), .atLeastOne(let names), .exactlyOne(let names): names
      }
    let given = (node.entries ?? []).filter { names.contains($0.key) }
    if given.isEmpty, demands {
      diagnostics.error("one of the keys \(alternatives(names)) is needed", at: node.place)
      return false
    }
    if case .atLeastOne = self { return true }
    guard given.count > 1, let last = given.last else { return true }
    diagnostics.error("only one of the keys \(alternatives(given.map(\.key), "and")) can be given", at: last.keyPlace)
    return false
  }

  var schemas: [SchemaJSON] {
    switch self {
    case .atLeastOne(let names): [KeyRule.any(names)]
    case .atMostOne(let names): [["not": ["anyOf": .array(KeyRule.pairs(names))]]]
    case .exactlyOne(let names): [KeyRule.any(names), ["not": ["anyOf": .array(KeyRule.pairs(names))]]]
    }
  }

  private static func any(_ names: [String]) -> SchemaJSON { .anyOf(names.map { ["required": [.string($0)]] }) }

  private static func pairs(_ names: [String]) -> [SchemaJSON] {
    names.indices.flatMap { first in
      names[(first + 1)...].map { ["required": [.string(names[first]), .string($0)]] as SchemaJSON }
    }
  }
}
