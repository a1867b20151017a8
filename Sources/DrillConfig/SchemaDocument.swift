/// The JSON Schemas (draft 2020-12) of both files, made from the same declarations that read them.
///
/// A document that the schema refuses is refused by the parser too; what only the parser sees is listed in `docs/schema-limits.md`.
package enum SchemaDocument {
  /// The schema of `drillmark.yaml`.
  package static var site: SchemaJSON { document("Drillmark site file", siteKeys.schema) }

  /// The schema of a file in `drills/`.
  package static func drill<Engine, Source, Check>(_ vocabulary: Vocabulary<Engine, Source, Check>) -> SchemaJSON {
    let parts: [SchemaJSON.Member] = [
      SchemaJSON.Member("backup", backup(vocabulary)), SchemaJSON.Member("restore", restore(vocabulary)),
      SchemaJSON.Member("checks", checks(vocabulary)),
    ]
    return document("Drillmark drill file", drillKeys.schema(alongside: parts, required: ["backup", "restore"]))
  }

  private static func document(_ title: String, _ schema: SchemaJSON) -> SchemaJSON {
    let head: SchemaJSON = ["$schema": "https://json-schema.org/draft/2020-12/schema", "title": .string(title)]
    guard case .object(let first) = head, case .object(let rest) = schema else { return schema }
    return .object(first + rest)
  }

  private static func backup<Engine, Source, Check>(_ vocabulary: Vocabulary<Engine, Source, Check>) -> SchemaJSON {
    let logs = SchemaJSON.Member("logs", place(vocabulary, logKeys).with("description", .string(logsText)))
    return place(vocabulary, backupKeys, alongside: [logs])
      .with("description", "Where the backups lie and which of them is restored.")
  }

  /// The common keys of a place with every source's; which of those go with which scheme is said in conditions.
  private static func place<Engine, Source, Check, Options>(
    _ vocabulary: Vocabulary<Engine, Source, Check>, _ common: Section<Options>, alongside others: [SchemaJSON.Member] = []
  ) -> SchemaJSON {
    let properties = vocabulary.sources.flatMap(\.properties)
    let names = Set(properties.map(\.name)).sorted()
    let own = names.map { name in
      let schemas = properties.filter { $0.name == name }.map(\.value)
      return SchemaJSON.Member(name, schemas.count == 1 ? schemas[0] : [:])
    }
    let base = common.schema(alongside: own + others)
    let known: SchemaJSON = ["properties": ["from": .anyOf(vocabulary.sources.map { ["pattern": .string(pattern($0.schemes))] })]]
    return base.with("allOf", .array([known] + vocabulary.sources.map { condition($0, others: names) }))
  }

  private static func condition<Source>(_ source: SourceKind<Source>, others names: [String]) -> SchemaJSON {
    let foreign = names.filter { !source.names.contains($0) }.map { SchemaJSON.Member($0, false) }
    var then: SchemaJSON = ["properties": .object(source.properties + foreign)]
    if !source.required.isEmpty { then = then.with("required", .array(source.required.map { .string($0) })) }
    if !source.conditions.isEmpty { then = then.with("allOf", .array(source.conditions)) }
    let isMeant: SchemaJSON = [
      "required": ["from"], "properties": ["from": ["type": "string", "pattern": .string(pattern(source.schemes))]],
    ]
    return ["if": isMeant, "then": then]
  }

  /// Matches URIs of these schemes, and what is no URI where `file` is among them.
  private static func pattern(_ schemes: [String]) -> String {
    let uris = "^(\(schemes.map(prefix).joined(separator: "|")))"
    let opaque = BackupLocation.opaqueSchemes.map { "|\(prefix($0))" }.joined()
    return schemes.contains("file") ? "\(uris)|^(?![A-Za-z][A-Za-z0-9+.-]*://\(opaque))" : uris
  }

  /// What a scheme is written as, in any case.
  private static func prefix(_ scheme: String) -> String {
    BackupLocation.written(scheme).map { $0.isLetter ? "[\($0)\($0.uppercased())]" : $0 == "+" ? "\\+" : String($0) }.joined()
  }

  private static func restore<Engine, Source, Check>(_ vocabulary: Vocabulary<Engine, Source, Check>) -> SchemaJSON {
    let scratch = SchemaJSON.Member("scratch", scratchKeys.schema)
    let conditions = vocabulary.engines.map { engine -> SchemaJSON in
      let name: SchemaJSON = ["const": .string(engine.name)]
      let isMeant: SchemaJSON = ["required": ["engine"], "properties": ["engine": name]]
      return ["if": isMeant, "then": engine.schema([SchemaJSON.Member("engine", name), scratch], [])]
    }
    let names: SchemaJSON = .array(vocabulary.engines.map { .string($0.name) })
    return [
      "description": "The engine that restores the backup, with its own keys beside it.", "type": "object", "required": ["engine"],
      "properties": ["engine": ["enum": names], "scratch": scratchKeys.schema], "allOf": .array(conditions),
    ]
  }

  private static func checks<Engine, Source, Check>(_ vocabulary: Vocabulary<Engine, Source, Check>) -> SchemaJSON {
    let kinds = vocabulary.checks.map { SchemaJSON.Member($0.name, $0.schema([], [])) }
    let one: SchemaJSON = ["oneOf": .array(vocabulary.checks.map { ["required": [.string($0.name)]] })]
    let item = checkKeys.schema(alongside: kinds).with("type", "object").with("allOf", [one])
    return ["description": "What the restored data must show.", "type": ["array", "null"], "items": item]
  }
}
