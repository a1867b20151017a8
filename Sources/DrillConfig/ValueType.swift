/// How one kind of value is written in a file: what reads it, its JSON Schema and its name in the documentation.
package struct ValueType<Value: Sendable>: Sendable {
  /// For the documentation: `duration`, `list of paths`.
  package var summary: String
  /// Its JSON Schema (draft 2020-12) fragment.
  package var schema: SchemaJSON
  /// The keys of a mapping, for the documentation; empty for anything else.
  package var rows: [KeyRow]
  /// Reads a node, or reports why not and gives nil.
  package var read: @Sendable (ConfigNode, inout Diagnostics) -> Value?

  package init(
    summary: String, schema: SchemaJSON, rows: [KeyRow] = [], read: @escaping @Sendable (ConfigNode, inout Diagnostics) -> Value?
  ) {
    self.summary = summary
    self.schema = schema
    self.rows = rows
    self.read = read
  }

  /// The same written form, made into another value. `nil` from `transform` must have been reported by it.
  package func map<Other: Sendable>(_ transform: @escaping @Sendable (Value, ConfigNode, inout Diagnostics) -> Other?) -> ValueType<Other> {
    ValueType<Other>(summary: summary, schema: schema, rows: rows) { node, diagnostics in
      read(node, &diagnostics).flatMap { transform($0, node, &diagnostics) }
    }
  }

  /// The same written form, made into another value, which cannot fail.
  package func map<Other: Sendable>(_ transform: @escaping @Sendable (Value) -> Other) -> ValueType<Other> {
    map { value, _, _ in transform(value) }
  }

  /// This form or `other`: a mapping or list goes to the one that is made of it, a scalar to the one that is.
  ///
  /// `isOther` decides by the node alone, so that a fault is reported by the form that was meant.
  package func or(_ other: ValueType<Value>, when isOther: @escaping @Sendable (ConfigNode) -> Bool) -> ValueType<Value> {
    ValueType(
      summary: "\(summary), or \(other.summary)", schema: .anyOf([schema, other.schema]), rows: rows + other.rows
    ) { node, diagnostics in
      isOther(node) ? other.read(node, &diagnostics) : read(node, &diagnostics)
    }
  }
}

/// One documented key.
package struct KeyRow: Sendable, Hashable {
  package var name: String
  /// What is written, for people: `duration`.
  package var type: String
  package var isRequired: Bool
  /// What holds when the key is left out, as it would be written; nil when nothing does.
  package var defaultText: String?
  package var documentation: String
  /// The keys of the mapping that this key holds.
  package var rows: [KeyRow]

  /// The same key inside a mapping of that name.
  func under(_ name: String) -> KeyRow {
    var row = self
    row.name = "\(name).\(self.name)"
    return row
  }
}
