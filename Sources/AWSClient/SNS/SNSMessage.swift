/// What is published to a topic.
package struct SNSMessage: Sendable, Hashable {
  /// The topic's ARN, which also gives the region.
  package var topic: String
  /// Nil for none. `SNSLimits.subject` makes one that SNS takes of any text.
  package var subject: String?
  package var text: String
  /// For subscriptions' filter policies.
  package var attributes: [String: SNSAttribute]
  /// Messages of one group arrive in order. Demanded by FIFO topics, left out for others.
  package var groupID: String?
  /// The same message within five minutes is dropped by a FIFO topic. Left out for others.
  package var deduplicationID: String?
  /// The text is a JSON object with a text for each protocol, and `default` (`MessageStructure`).
  package var isStructured = false
  /// The region that is asked; nil means the topic's.
  package var region: String?

  package init(
    topic: String, subject: String?, text: String, attributes: [String: SNSAttribute] = [:], groupID: String? = nil,
    deduplicationID: String? = nil
  ) {
    self.topic = topic
    self.subject = subject
    self.text = text
    self.attributes = attributes
    self.groupID = groupID
    self.deduplicationID = deduplicationID
  }

  /// Whether the topic keeps order, which its name says.
  package var isFIFO: Bool { topic.hasSuffix(".fifo") }

  /// Bytes that count towards SNS's limit: the text, and each attribute's name, type and value.
  package var byteCount: Int {
    attributes.reduce(text.utf8.count) { $0 + $1.key.utf8.count + $1.value.type.utf8.count + $1.value.text.utf8.count }
  }
}

/// The value of a message attribute. An empty value is not sent, since SNS refuses it.
package enum SNSAttribute: Sendable, Hashable {
  case string(String)
  case number(Int)
  /// A JSON array of strings, which filter policies match item by item.
  case strings([String])

  var type: String {
    switch self {
    case .string: "String"
    case .number: "Number"
    case .strings: "String.Array"
    }
  }

  var text: String {
    switch self {
    case .string(let text): text
    case .number(let number): String(number)
    case .strings(let texts): texts.isEmpty ? "" : "[" + texts.map(SNSAttribute.quoted).joined(separator: ",") + "]"
    }
  }

  private static func quoted(_ text: String) -> String {
    let inner = text.unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case _ where scalar.value < 32: "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }
    return "\"" + inner.joined() + "\""
  }
}

/// What became of a message.
package enum SNSOutcome: Sendable, Hashable {
  /// Accepted; the service's id of it.
  case delivered(messageID: String)
  /// Not accepted, and the same may be accepted later: AWS or the network has trouble, or the credentials are missing or expired.
  case transient(code: String, text: String, retryAfter: Duration?)
  /// Not accepted, and will not be until somebody changes something.
  case permanent(code: String, text: String)
  /// Sent, and no answer came that says what became of it. Sending it again can deliver it twice.
  case maybeSent(text: String)
}
