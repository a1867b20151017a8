extension ValueType {
  /// A list of `element`.
  package static func list<Element: Sendable>(of element: ValueType<Element>, atLeast count: Int = 0) -> ValueType<[Element]>
  where Value == [Element] {
    let kinds: SchemaJSON = count == 0 ? ["array", "null"] : "array"
    var schema: SchemaJSON = ["type": kinds, "items": element.schema]
    if count > 0 { schema = schema.with("minItems", .integer(count)) }
    return ValueType(summary: "list of \(element.summary)", schema: schema, rows: element.rows) { node, diagnostics in
      let expected = count == 0 ? "a list" : "a list of at least \(count)"
      guard let items = node.items, items.count >= count else { return diagnostics.expected(expected, at: node) }
      let values = items.map { element.read($0, &diagnostics) }
      return values.contains { $0 == nil } ? nil : values.compactMap(\.self)
    }
  }

  /// One `element` alone, or a list of them.
  package static func scalarOrList<Element: Sendable>(_ element: ValueType<Element>) -> ValueType<[Element]> where Value == [Element] {
    let many = ValueType<[Element]>.list(of: element, atLeast: 1)
    return element.map { [$0] }.or(many) { if case .sequence = $0.content { true } else { false } }
  }

  /// A mapping from names that the user chooses to `element`.
  package static func map<Element: Sendable>(of element: ValueType<Element>) -> ValueType<[String: Element]>
  where Value == [String: Element] {
    let schema: SchemaJSON = ["type": ["object", "null"], "additionalProperties": element.schema]
    let rows = element.rows.map { $0.under("NAME") }
    return ValueType(summary: "mapping of names that you choose", schema: schema, rows: rows) { node, diagnostics in
      guard let entries = node.entries else { return diagnostics.expected("a mapping", at: node) }
      var values: [String: Element] = [:]
      for entry in entries { values[entry.key] = element.read(entry.value, &diagnostics) }
      return values.count == entries.count ? values : nil
    }
  }

  /// One of the names of `Value`.
  package static func choice(_ type: Value.Type = Value.self) -> ValueType<Value>
  where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    let names = Value.allCases.map(\.rawValue)
    return choice(of: Dictionary(uniqueKeysWithValues: Value.allCases.map { ($0.rawValue, $0) }), named: names)
  }

  /// One of `values` by its name; `names` are the ones shown, in their order, and others are accepted in silence.
  package static func choice(of values: [String: Value], named names: [String]) -> ValueType<Value> {
    let accepted = names + values.keys.filter { !names.contains($0) }.sorted()
    let schema: SchemaJSON = ["type": "string", "enum": .array(accepted.map { .string($0) })]
    return ValueType(summary: alternatives(names.map { "`\($0)`" }), schema: schema) { node, diagnostics in
      if let scalar = node.scalar, let value = values[scalar.text] { return value }
      let near = node.scalar.flatMap { nearestName(to: $0.text, among: names) }
      return diagnostics.expected(alternatives(names), at: node, suggestion: near.map { "did you mean \($0)?" })
    }
  }

  /// A mapping with the keys of `section`, starting from `initial`.
  package static func section(_ section: Section<Value>, initial: @escaping @autoclosure @Sendable () -> Value) -> ValueType<Value> {
    ValueType(summary: "mapping", schema: section.schema, rows: section.documentation) { node, diagnostics in
      section.read(node, &diagnostics, into: initial())
    }
  }
}
