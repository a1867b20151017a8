import Foundation

@testable import DrillConfig

/// A validator for the keywords of JSON Schema (draft 2020-12) that our schemas use; an unknown keyword is a fault of the test.
struct SchemaValidator {
  /// A document as an editor sees it: scalars typed by YAML's core schema.
  static func instance(_ node: ConfigNode) -> SchemaJSON {
    switch node.content {
    case .mapping(let entries): .object(entries.map { SchemaJSON.Member($0.key, instance($0.value)) })
    case .sequence(let items): .array(items.map(instance))
    case .scalar(let scalar): self.scalar(scalar)
    }
  }

  private static func scalar(_ scalar: ConfigNode.Scalar) -> SchemaJSON {
    guard scalar.isPlain, let type = PlainType(scalar.text) else { return .string(scalar.text) }
    switch type {
    case .null: return .null
    case .boolean: return .bool(scalar.text.lowercased() == "true")
    case .number:
      if scalar.text.hasPrefix("0o"), let value = Int(scalar.text.dropFirst(2), radix: 8) { return .integer(value) }
      if let value = Int(scalar.text) { return .integer(value) }
      return .number(Double(scalar.text) ?? .infinity)
    }
  }

  func accepts(_ value: SchemaJSON, _ schema: SchemaJSON) -> Bool {
    if case .bool(let verdict) = schema { return verdict }
    guard case .object(let members) = schema else { return false }
    return members.allSatisfy { holds($0.name, $0.value, value, schema) }
  }

  private func holds(_ keyword: String, _ argument: SchemaJSON, _ value: SchemaJSON, _ schema: SchemaJSON) -> Bool {
    switch keyword {
    case "$schema", "title", "description", "then": true
    case "type": types(argument).contains { isType($0, value) }
    case "enum": items(argument).contains(value)
    case "const": argument == value
    case "anyOf": items(argument).contains { accepts(value, $0) }
    case "allOf": items(argument).allSatisfy { accepts(value, $0) }
    case "oneOf": items(argument).count { accepts(value, $0) } == 1
    case "not": !accepts(value, argument)
    case "if": !accepts(value, argument) || accepts(value, schema["then"] ?? [:])
    case "pattern", "minLength", "maxLength": text(keyword, argument, value)
    case "minimum", "maximum": number(keyword, argument, value)
    case "items", "minItems": list(keyword, argument, value)
    default: mapping(keyword, argument, value, schema)
    }
  }

  private func text(_ keyword: String, _ argument: SchemaJSON, _ value: SchemaJSON) -> Bool {
    guard case .string(let text) = value else { return true }
    if case .integer(let length) = argument {
      return keyword == "minLength" ? text.unicodeScalars.count >= length : text.unicodeScalars.count <= length
    }
    guard case .string(let pattern) = argument, let regex = try? NSRegularExpression(pattern: pattern) else { return false }
    return regex.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
  }

  private func number(_ keyword: String, _ argument: SchemaJSON, _ value: SchemaJSON) -> Bool {
    guard let bound = double(argument), let number = double(value) else { return true }
    return keyword == "minimum" ? number >= bound : number <= bound
  }

  private func list(_ keyword: String, _ argument: SchemaJSON, _ value: SchemaJSON) -> Bool {
    guard case .array(let items) = value else { return true }
    if case .integer(let count) = argument { return items.count >= count }
    return items.allSatisfy { accepts($0, argument) }
  }

  private func mapping(_ keyword: String, _ argument: SchemaJSON, _ value: SchemaJSON, _ schema: SchemaJSON) -> Bool {
    guard case .object(let members) = value else { return true }
    switch keyword {
    case "properties": return members.allSatisfy { member in argument[member.name].map { accepts(member.value, $0) } ?? true }
    case "additionalProperties": return members.allSatisfy { schema["properties"]?[$0.name] != nil || accepts($0.value, argument) }
    case "required": return items(argument).allSatisfy { name in members.contains { .string($0.name) == name } }
    case "minProperties": return members.count >= 1
    case "maxProperties": return members.count <= 1
    default: fatalError("the validator does not know \(keyword)")
    }
  }

  private func isType(_ type: String, _ value: SchemaJSON) -> Bool {
    switch (type, value) {
    case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object): true
    case ("integer", .integer), ("number", .integer), ("number", .number): true
    case ("integer", .number(let number)): number.rounded() == number
    default: false
    }
  }

  private func types(_ value: SchemaJSON) -> [String] {
    if case .string(let name) = value { return [name] }
    return items(value).compactMap { if case .string(let name) = $0 { name } else { nil } }
  }

  private func items(_ value: SchemaJSON) -> [SchemaJSON] { if case .array(let items) = value { items } else { [] } }

  private func double(_ value: SchemaJSON) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }
}
