import DrillModel

/// What people can be told about.
package enum NotificationEvent: String, Sendable, Codable, CaseIterable {
  case failed
  case couldNotVerify = "could_not_verify"
  case cannotDrill = "cannot_drill"
  case interrupted
  case overdue
  /// A drill passed whose last verdict was another.
  case recovered
  case skipped
  case passed

  /// What a channel tells when it does not say.
  package static let usual: [NotificationEvent] = [.failed, .couldNotVerify, .cannotDrill, .interrupted, .overdue, .recovered]
}

/// A channel of `notify`: what is told, over what, to whom.
package struct NotificationRoute: Sendable, Hashable {
  /// `sns`.
  package var kind: String
  /// For SNS the topic's ARN.
  package var target: String
  package var on: [NotificationEvent]
  /// What else the channel needs, by key: `region`, `endpoint`.
  package var options: [String: String]

  package init(kind: String, target: String, on: [NotificationEvent] = NotificationEvent.usual, options: [String: String] = [:]) {
    self.kind = kind
    self.target = target
    self.on = on
    self.options = options
  }
}

/// The channels there are; another is one more line.
let channelKinds: [Kind<NotificationRoute>] = [snsChannel]

private let snsChannel = Kind<NotificationRoute>(
  name: "sns", summary: "Publishes to a topic of Amazon SNS.",
  section: Section<NotificationRoute>([
    Key("topic", \.target, .topicARN, required: true, "The topic's ARN."),
    Key("on", \.on, ValueType<[NotificationEvent]>.list(of: .choice(), atLeast: 1), default: usualText, "What is told."),
    Key("region", .nonEmptyString, default: "the topic's", "The region that is asked.") { $1.options["region"] = $0 },
    Key("endpoint", .httpURL, "A URL to ask instead of Amazon's.") { $1.options["endpoint"] = $0 },
  ]),
  initial: NotificationRoute(kind: "sns", target: "")
) { route, _ in
  var route = route
  if route.options["region"] == nil { route.options["region"] = route.target.split(separator: ":")[3].description }
  return route
}

private let usualText = "[\(NotificationEvent.usual.map(\.rawValue).joined(separator: ", "))]"

extension ValueType where Value == NotificationRoute {
  /// One key that names the channel's kind.
  static var channel: ValueType<NotificationRoute> {
    let names = channelKinds.map(\.name)
    let properties = channelKinds.map { SchemaJSON.Member($0.name, $0.schema([], [])) }
    let schema: SchemaJSON = [
      "type": "object", "properties": .object(properties), "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
    ]
    return ValueType(summary: "channel", schema: schema, rows: channelRows) { node, diagnostics in
      guard case .mapping(let entries) = node.content, let entry = entries.first, entries.count == 1 else {
        return diagnostics.expected("one key that names the channel: \(alternatives(names))", at: node)
      }
      guard let kind = channelKinds.first(where: { $0.name == entry.key }) else {
        diagnostics.error(
          "there is no channel \(quoted(entry.key))", at: entry.keyPlace, suggestion: "channels: \(names.joined(separator: ", "))")
        return nil
      }
      var context = ReadContext(drill: "", node: entry.value, diagnostics: diagnostics)
      let route = kind.read(&context, [])
      diagnostics = context.diagnostics
      return route
    }
  }

  private static var channelRows: [KeyRow] {
    channelKinds.map {
      KeyRow(name: $0.name, type: "mapping", isRequired: false, defaultText: nil, documentation: $0.summary, rows: $0.rows)
    }
  }
}

extension ValueType where Value == String {
  /// `arn:aws:sns:REGION:ACCOUNT:NAME` (AWS service authorization reference, Amazon SNS).
  static var topicARN: ValueType<String> {
    let schema: SchemaJSON = ["type": "string", "pattern": "^arn:[^:]+:sns:[^:]+:[0-9]{12}:[^:]+$"]
    return ValueType(summary: "ARN", schema: schema) { node, diagnostics in
      let expected = "the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:dr-drills"
      guard let arn = text(of: node, expected: expected, &diagnostics) else { return nil }
      let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 6, parts[0] == "arn", parts[2] == "sns", parts[4].utf8.count == 12,
        parts[4].utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }), !parts.contains("")
      else { return diagnostics.expected(expected, at: node) }
      return arn
    }
  }

  /// A URL beginning with http:// or https://.
  static var httpURL: ValueType<String> {
    ValueType(summary: "URL", schema: ["type": "string", "pattern": "^https?://[^\\s/]\\S*$"]) { node, diagnostics in
      let expected = "a URL such as https://sns.eu-west-1.amazonaws.com"
      guard let url = text(of: node, expected: expected, &diagnostics) else { return nil }
      let host = ["http://", "https://"].first { url.hasPrefix($0) }.map { url.dropFirst($0.count) } ?? ""
      if host.isEmpty || host.first == "/" || host.contains(where: \.isWhitespace) { return diagnostics.expected(expected, at: node) }
      return url
    }
  }
}
