import Foundation

/// A JSON document as it was written, so that a test sees which keys are there and which are null.
package enum JSONValue: Sendable, Hashable, Codable {
  case object([String: JSONValue])
  case array([JSONValue])
  case string(String)
  case number(Double)
  case boolean(Bool)
  case null

  /// Reads one document; nil when `text` is none.
  package init?(_ text: some StringProtocol) {
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) else { return nil }
    self = value
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .boolean(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .object(let members): try container.encode(members)
    case .array(let items): try container.encode(items)
    case .string(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .boolean(let value): try container.encode(value)
    case .null: try container.encodeNil()
    }
  }

  /// The value of a key; null when this is no object or has no such key.
  package subscript(key: String) -> JSONValue {
    if case .object(let members) = self { members[key] ?? .null } else { .null }
  }

  /// The elements of an array; none when this is no array.
  package var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }

  /// The keys of an object, sorted.
  package var keys: [String] { if case .object(let members) = self { members.keys.sorted() } else { [] } }

  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var number: Double? { if case .number(let number) = self { number } else { nil } }
  package var isNull: Bool { self == .null }

  /// The codes of a record's reasons, notes included.
  package var reasonCodes: [String] { self["reasons"].items.compactMap { $0["code"].text } }

  /// The texts of a record's reasons, a line each.
  package var reasonTexts: String { self["reasons"].items.compactMap { $0["text"].text }.joined(separator: "\n") }
}
