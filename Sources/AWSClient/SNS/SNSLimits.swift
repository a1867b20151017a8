import DrillModel
import HTTPTransport

/// What SNS takes ("Publish", Amazon SNS API Reference), and texts made to fit.
package enum SNSLimits {
  /// Bytes of text and attributes together.
  package static let messageBytes = 262_144
  /// SNS says "less than 100 characters".
  package static let subjectCharacters = 99

  /// A subject that SNS takes, made of any text: one line of printable ASCII, a question mark for each other character, cut with
  /// `...`. Nil when nothing is left.
  package static func subject(_ text: String) -> String? {
    let line = InertText.line(text, limit: 1000)
    let ascii = String(line.map { character in character.asciiValue.map { $0 >= 32 && $0 < 127 } == true ? character : "?" })
    guard !ascii.isEmpty else { return nil }
    return ascii.count <= subjectCharacters ? ascii : ascii.prefix(subjectCharacters - 3) + "..."
  }

  /// The message with its text cut to what SNS takes, a line at its end saying how much is missing, and whether that was needed.
  /// Attributes are never cut.
  package static func fitted(_ message: SNSMessage) -> (message: SNSMessage, isShortened: Bool) {
    let excess = message.byteCount - messageBytes
    guard excess > 0 else { return (message, false) }
    let room = 120
    let kept = max(0, message.text.utf8.count - excess - room)
    var fitted = message
    let text = prefix(message.text, bytes: kept)
    fitted.text = text + "\n[shortened: \(message.text.utf8.count - text.utf8.count) more bytes did not fit into an SNS message]"
    return (fitted, true)
  }

  /// As many whole characters as fit into that many bytes.
  private static func prefix(_ text: String, bytes: Int) -> String {
    guard text.utf8.count > bytes else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: bytes)
    // A byte in the middle of a character belongs to no index of the string's own.
    while end > text.startIndex, String.Index(end, within: text) == nil { end = text.utf8.index(before: end) }
    return String(text[..<end])
  }

  /// Why SNS would refuse a message, told before it is sent; nil when it would not.
  static func refusal(_ message: SNSMessage) -> String? {
    if let subject = message.subject, SNSLimits.subject(subject) != subject {
      return "the subject must be 1 to \(subjectCharacters) printable ASCII characters on one line"
    }
    if message.text.isEmpty { return "the message is empty" }
    if message.byteCount > messageBytes {
      return "the message has \(message.byteCount) bytes with its attributes, \(messageBytes) are taken"
    }
    if message.isFIFO {
      for (name, id) in [("group", message.groupID), ("deduplication", message.deduplicationID)] where !isIdentifier(id ?? "") {
        return "a FIFO topic needs a \(name) id of 1 to 128 letters, digits and punctuation marks"
      }
    }
    return message.attributes.keys.sorted().first { !isAttributeName($0) }.map { "\(InertText.line($0, limit: 80)) is no attribute name" }
  }

  private static func isIdentifier(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 32 && $0 < 127 }
  }

  private static func isAttributeName(_ name: String) -> Bool {
    let lower = name.lowercased()
    let isPlain = name.utf8.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || [45, 46, 95].contains($0)
    }
    return (1...256).contains(name.utf8.count) && isPlain && !lower.hasPrefix("aws.") && !lower.hasPrefix("amazon.") && !name.hasPrefix(".")
      && !name.hasSuffix(".") && !name.contains("..")
  }
}
