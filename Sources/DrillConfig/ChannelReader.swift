import DrillModel

extension ValueType where Value == [NotificationRoute] {
  /// The list of `notify`. Two entries for one receiver need names, because owed messages are kept under them.
  static var channels: ValueType<[NotificationRoute]> {
    ValueType<[NotificationRoute]>.list(of: .channel).map { routes, node, diagnostics in
      for (index, route) in routes.enumerated() where routes[..<index].contains(where: { $0.isSameReceiver(as: route) }) {
        let place = node.items.map { $0[index].place } ?? node.place
        diagnostics.error("this receiver or name is listed before", at: place, suggestion: "give each a name of its own, or keep one")
        return nil
      }
      return routes
    }
  }
}

extension ValueType where Value == NotificationRoute {
  /// One key that names the channel's kind.
  static var channel: ValueType<NotificationRoute> {
    let kinds = channelKinds(.notify)
    let schema: SchemaJSON = [
      "type": "object", "properties": .object(properties(kinds)), "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
    ]
    return ValueType(summary: "channel", schema: schema, rows: rows(kinds)) { node, diagnostics in
      guard case .mapping(let entries) = node.content, let entry = entries.first, entries.count == 1 else {
        return diagnostics.expected("one key that names the channel: \(alternatives(kinds.map(\.name)))", at: node)
      }
      return read(entry, kinds, &diagnostics)
    }
  }

  fileprivate static func properties(_ kinds: [Kind<NotificationRoute>]) -> [SchemaJSON.Member] {
    kinds.map { SchemaJSON.Member($0.name, $0.schema([], [])) }
  }

  fileprivate static func rows(_ kinds: [Kind<NotificationRoute>]) -> [KeyRow] {
    kinds.map { KeyRow(name: $0.name, type: "mapping", isRequired: false, defaultText: nil, documentation: $0.summary, rows: $0.rows) }
  }

  fileprivate static func read(
    _ entry: ConfigNode.Entry, _ kinds: [Kind<NotificationRoute>], _ diagnostics: inout Diagnostics
  ) -> NotificationRoute? {
    guard let kind = kinds.first(where: { $0.name == entry.key }) else {
      let known = kinds.map(\.name).joined(separator: ", ")
      diagnostics.error("there is no channel \(quoted(entry.key))", at: entry.keyPlace, suggestion: "channels: \(known)")
      return nil
    }
    var context = ReadContext(drill: "", node: entry.value, diagnostics: diagnostics)
    let route = kind.read(&context, [])
    diagnostics = context.diagnostics
    return route
  }
}

extension ValueType where Value == EscalationStage {
  /// `after` and one key that names the channel's kind.
  static var stage: ValueType<EscalationStage> {
    let kinds = channelKinds(.escalate)
    let after = Key<EscalationDraft>(
      "after", \.after, .positiveDuration, required: true, "How long things may stay bad before this channel is told.")
    let ways = kinds.map { ["required": [.string($0.name)]] as SchemaJSON }
    let members = [SchemaJSON.Member("after", after.schema)] + ValueType<NotificationRoute>.properties(kinds)
    let schema: SchemaJSON = [
      "type": "object", "properties": .object(members), "additionalProperties": false, "required": ["after"], "oneOf": .array(ways),
    ]
    let rows = [after.row] + ValueType<NotificationRoute>.rows(kinds)
    return ValueType(summary: "stage", schema: schema, rows: rows) { node, diagnostics in
      guard case .mapping(let entries) = node.content else {
        return diagnostics.expected("a stage such as {after: 4h, sns: {topic: …}}", at: node)
      }
      let draft = Section([after]).read(node, &diagnostics, into: EscalationDraft(), alongside: nil)
      let others = entries.filter { $0.key != "after" }
      guard let entry = others.first, others.count == 1 else {
        return diagnostics.expected("after and one key that names the channel: \(alternatives(kinds.map(\.name)))", at: node)
      }
      let route = ValueType<NotificationRoute>.read(entry, kinds, &diagnostics)
      guard let draft, let route else { return nil }
      return EscalationStage(after: draft.after, route: route)
    }
  }
}

private struct EscalationDraft: Sendable {
  var after = Duration.zero
}
