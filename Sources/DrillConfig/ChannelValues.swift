import DrillModel

extension ValueType where Value == NotificationEvent {
  /// What `on` can name.
  static var event: ValueType<NotificationEvent> {
    let names = NotificationEvent.selectable
    return .choice(of: Dictionary(uniqueKeysWithValues: names.map { ($0.rawValue, $0) }), named: names.map(\.rawValue))
  }
}

extension ValueType where Value == String {
  /// A form of text that a pattern tells whole; the pattern must match from `^` to `$` and is checked by `isValid` in the same sense.
  private static func form(
    _ summary: String, _ pattern: SchemaJSON, _ expected: String, _ isValid: @escaping @Sendable (String) -> Bool
  ) -> ValueType<String> {
    ValueType(summary: summary, schema: ["type": "string", "pattern": pattern]) { node, diagnostics in
      guard let text = text(of: node, expected: expected, &diagnostics) else { return nil }
      return isValid(text) ? text : diagnostics.expected(expected, at: node)
    }
  }

  /// A channel's name: it stands in ids and lines, so it is short and plain.
  static var routeName: ValueType<String> {
    form("name", "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", "a name of up to 64 letters, digits, dots, dashes and underscores") { text in
      let bytes = Array(text.utf8)
      return (1...64).contains(bytes.count) && isLetterOrDigit(bytes[0])
        && bytes.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }
  }

  /// `arn:aws:sns:REGION:ACCOUNT:NAME` (AWS service authorization reference, Amazon SNS), the name of up to 256 letters, digits, hyphens
  /// and underscores, and `.fifo` behind them for a topic that keeps order ("CreateTopic", Amazon SNS API Reference).
  static var topicARN: ValueType<String> {
    form(
      "ARN", "^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:(?=.{1,256}$)[A-Za-z0-9_-]+(\\.fifo)?$",
      "the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:dr-drills"
    ) { arn in
      let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 6, parts[0] == "arn", parts[1].hasPrefix("aws"), parts[2] == "sns", (1...256).contains(parts[5].utf8.count)
      else {
        return false
      }
      func isLower(_ byte: UInt8) -> Bool { (97...122).contains(byte) || byte == UInt8(ascii: "-") }
      func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
      let name = parts[5].hasSuffix(".fifo") ? parts[5].dropLast(5) : parts[5]
      return parts[1].utf8.allSatisfy(isLower) && !parts[3].isEmpty && parts[3].utf8.allSatisfy { isLower($0) || isDigit($0) }
        && parts[4].utf8.count == 12 && parts[4].utf8.allSatisfy(isDigit)
        && !name.isEmpty && name.utf8.allSatisfy { isLetterOrDigit($0) || "_-".utf8.contains($0) }
    }
  }

  /// 1 to 255 characters of those that CloudWatch takes, not beginning with `AWS/`, which is Amazon's own ("PutMetricData", Amazon CloudWatch
  /// API Reference).
  static var metricNamespace: ValueType<String> {
    form("namespace", "^(?!AWS/|:)[A-Za-z0-9._/#:-]{1,255}$", "a namespace such as Drillmark or Backups/Drills, and not one of AWS/") {
      name in
      (1...255).contains(name.utf8.count) && !name.hasPrefix("AWS/") && !name.hasPrefix(":")
        && name.utf8.allSatisfy { isLetterOrDigit($0) || "._/#:-".utf8.contains($0) }
    }
  }

  /// A URL beginning with http:// or https://.
  static var httpURL: ValueType<String> {
    form("URL", "^https?://[^\\s/]\\S*$", "a URL such as https://sns.eu-west-1.amazonaws.com") { url in
      let host = ["http://", "https://"].first { url.hasPrefix($0) }.map { url.dropFirst($0.count) } ?? ""
      return !(host.isEmpty || host.first == "/" || host.contains(where: \.isWhitespace))
    }
  }

  /// The same, but never to a cloud's metadata service or a link-local address.
  static var receiverURL: ValueType<String> {
    httpURL.map { url, node, diagnostics in
      guard let why = ForbiddenHost.refusal(url: url) else { return url }
      diagnostics.error("messages never go there: \(why)", at: node.place)
      return nil
    }
  }

  /// One address without a display name, of the characters that RFC 5321 section 4.1.2 allows without quotes.
  static var mailAddress: ValueType<String> {
    form(
      "mail address", "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$",
      "a mail address such as on-call@example.com"
    ) { address in
      let parts = address.split(separator: "@", omittingEmptySubsequences: false).map { Array($0.utf8) }
      guard parts.count == 2, (1...64).contains(parts[0].count), (1...254).contains(parts[1].count),
        let first = parts[1].first, let last = parts[1].last
      else { return false }
      return parts[0].allSatisfy { isLetterOrDigit($0) || ".!#$%&'*+/=?^_`{|}~-".utf8.contains($0) } && isLetterOrDigit(first)
        && isLetterOrDigit(last) && parts[1].allSatisfy { isLetterOrDigit($0) || ".-".utf8.contains($0) }
    }
  }

  /// `smtps://host[:port]` or `smtp://host[:port]`.
  static var mailServer: ValueType<String> {
    form(
      "URL", "^smtps?://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$", "a mail server such as smtps://mail.example.com"
    ) { url in
      guard let (scheme, rest) = splitURI(url), ["smtp", "smtps"].contains(scheme), url.hasPrefix("smtp") else { return false }
      let isBracketed = rest.hasPrefix("[")
      let end = isBracketed ? rest.firstIndex(of: "]").map { rest.index(after: $0) } : rest.firstIndex(of: ":") ?? rest.endIndex
      guard let end, end > rest.startIndex else { return false }
      let host = isBracketed ? rest[..<end].dropFirst().dropLast() : rest[..<end]
      let isHost =
        !host.isEmpty
        && host.utf8.allSatisfy {
          isLetterOrDigit($0) && (!isBracketed || isHexadecimal($0)) || (isBracketed ? ":." : ".-").utf8.contains($0)
        }
      let port = rest[end...]
      return isHost
        && (port.isEmpty
          || (port.first == ":" && (2...6).contains(port.utf8.count) && port.dropFirst().utf8.allSatisfy { $0 >= 48 && $0 <= 57 }))
    }
  }
}

extension ValueType where Value == WebhookTarget.Location {
  /// A URL, or a reference to one.
  static var webhookURL: ValueType<WebhookTarget.Location> {
    let literal = ValueType<String>.receiverURL.map { url, node, diagnostics -> WebhookTarget.Location? in
      guard let why = ForbiddenHost.secret(in: url) else { return .literal(url) }
      diagnostics.error(why, at: node.place, suggestion: "write url: {env: NAME} or {file: PATH}")
      return nil
    }
    let reference = ValueType<SecretReference>.secret.map { WebhookTarget.Location.secret($0) }
    return literal.or(reference) { if case .mapping = $0.content { true } else { false } }
  }
}

extension ValueType where Value == [String: SecretReference] {
  /// Header names with references to their values.
  static var headers: ValueType<[String: SecretReference]> {
    ValueType<[String: SecretReference]>.map(of: .secret).map { headers, node, diagnostics in
      for entry in node.entries ?? [] where !isHeaderName(entry.key) || ownHeaders.contains(entry.key.lowercased()) {
        diagnostics.error("\(quoted(entry.key)) is not a header that can be set here", at: entry.keyPlace)
        return nil
      }
      return headers
    }
  }
}

/// Those that belong to the message or the connection.
private let ownHeaders: Set<String> = [
  "host", "content-type", "content-length", "transfer-encoding", "connection", "idempotency-key", "expect", "upgrade", "te", "trailer",
]

/// A token of RFC 9110 section 5.6.2.
private func isHeaderName(_ name: String) -> Bool {
  !name.isEmpty && name.utf8.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
}

private func isHexadecimal(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte) }
