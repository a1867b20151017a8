/// A JSON value with its members in a fixed order, of which the schemas are made.
package indirect enum SchemaJSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([SchemaJSON])
  case object([Member])

  package struct Member: Sendable, Hashable {
    package var name: String
    package var value: SchemaJSON

    package init(_ name: String, _ value: SchemaJSON) {
      self.name = name
      self.value = value
    }
  }
}

extension SchemaJSON: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(arrayLiteral elements: SchemaJSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, SchemaJSON)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
}

extension SchemaJSON {
  /// The member of that name, or nil; also for a value that is no object.
  package subscript(name: String) -> SchemaJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// This object with a member set or replaced; anything else unchanged.
  package func with(_ name: String, _ value: SchemaJSON) -> SchemaJSON {
    guard case .object(var members) = self else { return self }
    if let index = members.firstIndex(where: { $0.name == name }) {
      members[index].value = value
    } else {
      members.append(Member(name, value))
    }
    return .object(members)
  }

  /// A schema that takes what any of `schemas` takes.
  package static func anyOf(_ schemas: [SchemaJSON]) -> SchemaJSON { .object([Member("anyOf", .array(schemas))]) }

  /// Indented JSON text (RFC 8259), ending without a line break.
  package func text(indent: Int = 0) -> String {
    let inner = String(repeating: " ", count: indent + 2)
    let outer = String(repeating: " ", count: indent)
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return String(value)
    case .number(let value): return String(value)
    case .string(let value): return SchemaJSON.literal(value)
    case .array(let items):
      if items.isEmpty { return "[]" }
      return "[\n" + items.map { inner + $0.text(indent: indent + 2) }.joined(separator: ",\n") + "\n\(outer)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map { "\(inner)\(SchemaJSON.literal($0.name)): \($0.value.text(indent: indent + 2))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
    }
  }

  private static func literal(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\u{0}"..."\u{1f}":
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
