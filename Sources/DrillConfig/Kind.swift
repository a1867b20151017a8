package import DrillModel

/// What the maker of an engine, a source or a check may know while a file is read, and how it reports what it finds.
package struct ReadContext: Sendable {
  /// The file being read; resolves relative paths.
  package let file: ConfigFile
  /// The drill's name as written, or an empty text while it is unknown.
  package let drill: String
  /// The mapping or value that is being read.
  package let node: ConfigNode
  /// The site's `aws` section, for what asks AWS.
  package let aws: AWSSettings
  package var diagnostics: Diagnostics

  package init(drill: String, node: ConfigNode, aws: AWSSettings = AWSSettings(), diagnostics: Diagnostics = Diagnostics()) {
    file = node.file
    self.drill = drill
    self.node = node
    self.aws = aws
    self.diagnostics = diagnostics
  }

  /// Reports an error at `key`, or at the whole mapping when there is no such key. What is made afterwards is not used.
  package mutating func report(_ message: String, at key: String? = nil, suggestion: String? = nil) {
    diagnostics.error(message, at: place(of: key), suggestion: suggestion)
  }

  /// Reports something doubtful that does not stop the file from being used.
  package mutating func warn(_ message: String, at key: String? = nil, suggestion: String? = nil) {
    diagnostics.warning(message, at: place(of: key), suggestion: suggestion)
  }

  /// Reports a fault at the whole mapping.
  package mutating func report(_ fault: Fault) { report(fault.message, suggestion: fault.advice) }

  private func place(of key: String?) -> Place { key.flatMap { node.entry($0)?.value.place } ?? node.place }
}

/// A short form of a check or an engine: a scalar or list in the place of the mapping.
package struct Shorthand<Options: Sendable>: Sendable {
  let schema: SchemaJSON
  let summary: String
  let assign: @Sendable (ConfigNode, inout Options, inout Diagnostics) -> Bool

  /// A value other than a mapping is read as if it were the value of the key at `path`.
  package init<Value: Sendable>(_ type: ValueType<Value>, _ path: any WritableKeyPath<Options, Value> & Sendable) {
    self.init(type) { $1[keyPath: path] = $0 }
  }

  /// The same for a place that is nil until given.
  package init<Value: Sendable>(_ type: ValueType<Value>, _ path: any WritableKeyPath<Options, Value?> & Sendable) {
    self.init(type) { $1[keyPath: path] = $0 }
  }

  private init<Value: Sendable>(_ type: ValueType<Value>, store: @escaping @Sendable (Value, inout Options) -> Void) {
    schema = type.schema
    summary = type.summary
    assign = { node, options, diagnostics in
      guard let value = type.read(node, &diagnostics) else { return false }
      store(value, &options)
      return true
    }
  }
}

/// One kind of engine or check: its name in files, its keys, and how they become the configured thing.
///
/// The initialiser erases the options' type, so a list of kinds needs no casts and no central switch.
package struct Kind<Product: Sendable>: Sendable {
  /// The name drill files use.
  package let name: String
  /// One sentence for the documentation.
  package let summary: String
  /// Its keys, for the documentation.
  package let rows: [KeyRow]
  /// What may stand in place of the mapping, for the documentation.
  package let shorthandSummary: String?
  /// The name of a product that the file gives none: `rows of orders`.
  package let title: @Sendable (Product) -> String
  let names: [String]
  /// The schema of its mapping with further properties of the same mapping.
  let schema: @Sendable (_ alongside: [SchemaJSON.Member], _ required: [String]) -> SchemaJSON
  /// Reads its node; `alongside` as for `Section.read`. Nil when anything was wrong, which the context's diagnostics say.
  package let read: @Sendable (_ context: inout ReadContext, _ alongside: [String]?) -> Product?

  /// - Parameters:
  ///   - initial: The options before any key is read.
  ///   - make: Gives the configured product; nil, a `Fault`, or an error reported to the context refuses the file.
  package init<Options: Sendable>(
    name: String, summary: String, section: Section<Options>, initial: Options, shorthand: Shorthand<Options>? = nil,
    title: (@Sendable (Product) -> String)? = nil,
    make: @escaping @Sendable (Options, inout ReadContext) throws -> Product?
  ) {
    self.name = name
    self.summary = summary
    self.title = title ?? { _ in name }
    rows = section.documentation
    names = section.names
    shorthandSummary = shorthand?.summary
    schema = { others, required in
      let mapping = section.schema(alongside: others, required: required)
      let described = mapping.with("description", .string(summary))
      return shorthand.map { .anyOf([$0.schema, described]) } ?? described
    }
    read = { context, alongside in
      guard let options = Kind.options(section, initial, shorthand, &context, alongside) else { return nil }
      return Kind.product(&context) { context in try make(options, &context) }
    }
  }

  private static func options<Options: Sendable>(
    _ section: Section<Options>, _ initial: Options, _ shorthand: Shorthand<Options>?, _ context: inout ReadContext,
    _ alongside: [String]?
  ) -> Options? {
    if let shorthand, context.node.entries == nil {
      var options = initial
      return shorthand.assign(context.node, &options, &context.diagnostics) ? options : nil
    }
    return section.read(context.node, &context.diagnostics, into: initial, alongside: alongside)
  }

  /// Makes the product and turns a fault or a reported error into nil.
  static func product(_ context: inout ReadContext, _ make: (inout ReadContext) throws -> Product?) -> Product? {
    let before = context.diagnostics.errorCount
    do {
      let product = try make(&context)
      return context.diagnostics.errorCount == before ? product : nil
    } catch let fault as Fault {
      context.report(fault)
      return nil
    } catch {
      context.report("these keys do not go together")
      return nil
    }
  }
}

/// One kind of backup source, chosen by the scheme of `backup.from`. Its own keys stand in `backup` beside the common ones.
package struct SourceKind<Source: Sendable>: Sendable {
  package let name: String
  /// In lower case; `file` also stands for a path without a scheme.
  package let schemes: [String]
  package let summary: String
  package let rows: [KeyRow]
  let names: [String]
  let properties: [SchemaJSON.Member]
  let required: [String]
  let conditions: [SchemaJSON]
  /// Reads its keys from `backup`, leaving all others alone. Nil when anything was wrong, which the context's diagnostics say.
  package let read: @Sendable (_ location: BackupLocation, _ context: inout ReadContext) -> Source?

  /// - Parameter make: Gives the configured source; nil, a `Fault`, or an error reported to the context refuses the file.
  package init<Options: Sendable>(
    name: String, schemes: [String], summary: String, section: Section<Options>, initial: Options,
    make: @escaping @Sendable (Options, BackupLocation, inout ReadContext) throws -> Source?
  ) {
    self.name = name
    self.schemes = schemes
    self.summary = summary
    rows = section.documentation
    names = section.names
    properties = section.keys.map { SchemaJSON.Member($0.row.name, $0.schema) }
    required = section.keys.filter(\.row.isRequired).map(\.row.name)
    conditions = section.rules.flatMap(\.schemas)
    read = { location, context in
      guard let options = section.read(context.node, &context.diagnostics, into: initial, alongside: nil) else { return nil }
      return Kind<Source>.product(&context) { context in try make(options, location, &context) }
    }
  }
}
