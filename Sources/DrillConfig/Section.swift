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
    if diagnostics.isFull { return nil }
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
  let names = Set(known)
  for entry in entries where !names.contains(entry.key) {
    isWhole = false
    if diagnostics.isFull { break }
    let near = nearestName(to: entry.key, among: known)
    let hint = near.map { "did you mean `\($0)`?" } ?? "known keys: \(known.joined(separator: ", "))"
    diagnostics.error("unknown key \(quoted(entry.key))", at: entry.keyPlace, suggestion: hint)
  }
  return isWhole
}
