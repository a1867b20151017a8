/// One key of a mapping: its name, where its value goes, how it is written, and what it means.
package struct Key<Options: Sendable>: Sendable {
  package let row: KeyRow
  package let schema: SchemaJSON
  /// Reads the node into the options; false when it was refused (and reported).
  let assign: @Sendable (ConfigNode, inout Options, inout Diagnostics) -> Bool

  /// A key that is `required`, or that leaves the options as they are when it is not given.
  ///
  /// - Parameter fallback: What holds when the key is left out, as it would be written; documentation only.
  package init<Value: Sendable>(
    _ name: String, _ path: any WritableKeyPath<Options, Value> & Sendable, _ type: ValueType<Value>, required: Bool = false,
    default fallback: String? = nil, _ documentation: String
  ) {
    self.init(name, type, required: required, default: fallback, documentation) { $1[keyPath: path] = $0 }
  }

  /// The same for a place that is nil until the key is given.
  package init<Value: Sendable>(
    _ name: String, _ path: any WritableKeyPath<Options, Value?> & Sendable, _ type: ValueType<Value>, required: Bool = false,
    default fallback: String? = nil, _ documentation: String
  ) {
    self.init(name, type, required: required, default: fallback, documentation) { $1[keyPath: path] = $0 }
  }

  /// A key whose value is put into the options by `store`.
  package init<Value: Sendable>(
    _ name: String, _ type: ValueType<Value>, required: Bool = false, default fallback: String? = nil, _ documentation: String,
    store: @escaping @Sendable (Value, inout Options) -> Void
  ) {
    row = KeyRow(
      name: name, type: type.summary, isRequired: required, defaultText: fallback, documentation: documentation, rows: type.rows)
    schema = type.schema.with("description", .string(documentation))
    assign = { node, options, diagnostics in
      guard let value = type.read(node, &diagnostics) else { return false }
      store(value, &options)
      return true
    }
  }

  /// The same key of a part of larger options, with documentation of its own.
  init<Part: Sendable>(lifting key: Key<Part>, to path: any WritableKeyPath<Options, Part> & Sendable, _ documentation: String) {
    row = KeyRow(
      name: key.row.name, type: key.row.type, isRequired: key.row.isRequired, defaultText: key.row.defaultText,
      documentation: documentation, rows: key.row.rows)
    schema = key.schema.with("description", .string(documentation))
    assign = { node, options, diagnostics in key.assign(node, &options[keyPath: path], &diagnostics) }
  }
}
