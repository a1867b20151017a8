import Alerting
import Digesting
import DrillModel
import Foundation

/// A text for each protocol of an SNS topic's subscribers ("Publish", parameter MessageStructure, Amazon SNS API Reference).
struct StructuredText: Encodable {
  let `default`: String
  /// What fits into one message of a phone; the whole would be charged and cut by the piece.
  let sms: String
  let sqs: String
  let lambda: String
  let http: String
  let https: String
  let firehose: String

  init(default text: String, sms: String, json: String) {
    self.default = text
    self.sms = sms
    sqs = json
    lambda = json
    http = json
    https = json
    firehose = json
  }

  var json: String {
    get throws { try MachineJSON.text(self) }
  }
}

/// The notice for machines together with the texts for people.
private struct ReadableNotice: Encodable {
  let notice: Notice
  let text: NoticeText

  private enum CodingKeys: String, CodingKey { case subject, text }

  func encode(to encoder: any Encoder) throws {
    try notice.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(text.title, forKey: .subject)
    try container.encode(text.body, forKey: .text)
  }
}

extension Notice {
  /// Every key of the notice, and `subject` and `text` beside them.
  var readableJSON: String {
    get throws { try MachineJSON.text(ReadableNotice(notice: self, text: NoticeText(self))) }
  }
}

enum MachineJSON {
  /// - Throws: `Fault` for a number that JSON cannot write.
  static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { throw Fault(.internalError, "a message holds a number that JSON cannot write") }
    return String(decoding: data, as: UTF8.self)
  }
}

enum NoticeDigest {
  /// 32 hexadecimal digits that stand for a text.
  static func of(_ text: String) -> String { String(Hexadecimal.encode(SHA256.digest(of: text.utf8)).prefix(32)) }
}

/// A message for a Slack channel ("Incoming webhooks", api.slack.com).
struct SlackMessage: Encodable {
  let text: String
  let mrkdwn = false
  let unfurlLinks = false
  let unfurlMedia = false

  private enum CodingKeys: String, CodingKey {
    case text, mrkdwn
    case unfurlLinks = "unfurl_links"
    case unfurlMedia = "unfurl_media"
  }

  /// The characters with a meaning of their own are escaped, so that a name can neither mention anybody nor make a link.
  init(_ notice: Notice) {
    let words = NoticeText(notice)
    text = SlackMessage.escaped("\(words.title)\n\n\(words.body)")
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }
}
