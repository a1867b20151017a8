extension ValueType where Value == String {
  /// Any text. A bare number, `true`, `false` or `null` must be quoted, because editors and other tools do not read it as text.
  package static var string: ValueType<String> {
    ValueType(summary: "text", schema: ["type": "string"]) { node, diagnostics in text(of: node, expected: "text", &diagnostics) }
  }

  /// Text that holds something other than white space.
  package static var nonEmptyString: ValueType<String> {
    ValueType(summary: "text", schema: ["type": "string", "pattern": "\\S"]) { node, diagnostics in
      guard let text = text(of: node, expected: "text that is not empty", &diagnostics) else { return nil }
      if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
        return diagnostics.expected("text that is not empty", at: node)
      }
      return text
    }
  }
}

/// The text of a node, with what YAML would take for another type refused.
func text(of node: ConfigNode, expected: String, _ diagnostics: inout Diagnostics) -> String? {
  guard let scalar = node.scalar, !scalar.isNull else { return diagnostics.expected(expected, at: node) }
  if scalar.isPlain, let type = PlainType(scalar.text) {
    return diagnostics.expected(
      expected, at: node, suggestion: "YAML takes it for \(type.article): put it in quotes, \(quoted(scalar.text))")
  }
  if scalar.text.unicodeScalars.contains("\0") {
    diagnostics.error("text must not hold a NUL character", at: node.place)
    return nil
  }
  return scalar.text
}

/// What YAML's core schema (YAML 1.2.2 section 10.3.2) takes a plain scalar for, when that is not text.
enum PlainType: Sendable {
  case null, boolean, number

  init?(_ text: String) {
    switch text {
    case "", "~", "null", "Null", "NULL": self = .null
    case "true", "True", "TRUE", "false", "False", "FALSE": self = .boolean
    default:
      guard PlainType.isNumber(text) else { return nil }
      self = .number
    }
  }

  var article: String {
    switch self {
    case .null: "nothing"
    case .boolean: "a boolean"
    case .number: "a number"
    }
  }

  static func isNumber(_ text: String) -> Bool {
    if text.hasPrefix("0o") { return text.utf8.count > 2 && text.dropFirst(2).allSatisfy { "01234567".contains($0) } }
    if text.hasPrefix("0x") { return text.utf8.count > 2 && text.dropFirst(2).allSatisfy { $0.isASCII && $0.isHexDigit } }
    if [".nan", ".NaN", ".NAN"].contains(text) { return true }
    let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    if [".inf", ".Inf", ".INF"].contains(unsigned) { return true }
    return isDecimal(unsigned)
  }

  /// `[.]digits`, or `digits[.digits]`, with an optional exponent.
  private static func isDecimal(_ text: Substring) -> Bool {
    var rest = text.utf8
    func digits() -> Int {
      let run = rest.prefix { $0 >= 48 && $0 <= 57 }.count
      rest = rest.dropFirst(run)
      return run
    }
    let whole = digits()
    var fraction = 0
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = digits()
    }
    guard whole + fraction > 0 else { return false }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}

extension ValueType where Value == Bool {
  /// `true` or `false` and nothing else.
  package static var boolean: ValueType<Bool> {
    ValueType(summary: "true or false", schema: ["type": "boolean"]) { node, diagnostics in
      guard let scalar = node.scalar else { return diagnostics.expected("true or false", at: node) }
      switch (scalar.text, scalar.isPlain) {
      case ("true", true): return true
      case ("false", true): return false
      case ("true", false), ("false", false): return diagnostics.expected("true or false without quotes", at: node)
      default:
        let yes = ["yes", "on", "y", "true"].contains(scalar.text.lowercased())
        let no = ["no", "off", "n", "false"].contains(scalar.text.lowercased())
        return diagnostics.expected("true or false", at: node, suggestion: yes ? "write true" : no ? "write false" : nil)
      }
    }
  }
}

extension ValueType where Value == Int {
  /// A whole number in decimal digits within `range`.
  package static func integer(_ range: ClosedRange<Int> = Int.min...Int.max) -> ValueType<Int> {
    var schema: SchemaJSON = ["type": "integer"]
    if range.lowerBound != .min { schema = schema.with("minimum", .integer(range.lowerBound)) }
    if range.upperBound != .max { schema = schema.with("maximum", .integer(range.upperBound)) }
    return ValueType(summary: "whole number\(bounds(range))", schema: schema) { node, diagnostics in
      let expected = "a whole number\(bounds(range))"
      guard let digits = numberText(of: node, expected: expected, &diagnostics) else { return nil }
      guard isPlainInteger(digits) else {
        let hint = PlainType.isNumber(digits) ? "write it in decimal digits" : nil
        return diagnostics.expected(expected, at: node, suggestion: hint)
      }
      guard let value = Int(digits), range.contains(value) else { return diagnostics.expected(expected, at: node) }
      return value
    }
  }

  private static func bounds(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound == .min, range.upperBound == .max) {
    case (true, true): ""
    case (false, true): " of at least \(range.lowerBound)"
    case (true, false): " of at most \(range.upperBound)"
    case (false, false): " from \(range.lowerBound) to \(range.upperBound)"
    }
  }
}

extension ValueType where Value == Double {
  /// A number in decimal digits, with a point where needed and no exponent, within `range`.
  package static func number(_ range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude)
    -> ValueType<Double>
  {
    let limits: [(String, Double)] = [("minimum", range.lowerBound), ("maximum", range.upperBound)]
    var schema: SchemaJSON = ["type": "number"]
    for (name, bound) in limits where abs(bound) != Double.greatestFiniteMagnitude { schema = schema.with(name, .number(bound)) }
    let isBounded = abs(range.upperBound) != Double.greatestFiniteMagnitude
    let expected = isBounded ? "a number from \(range.lowerBound) to \(range.upperBound)" : "a number"
    return ValueType(summary: String(expected.dropFirst(2)), schema: schema) { node, diagnostics in
      guard let digits = numberText(of: node, expected: expected, &diagnostics) else { return nil }
      guard let value = decimal(digits) else {
        let hint = PlainType.isNumber(digits) ? "write it in decimal digits" : nil
        return diagnostics.expected(expected, at: node, suggestion: hint)
      }
      return range.contains(value) ? value : diagnostics.expected(expected, at: node)
    }
  }
}

private func numberText(of node: ConfigNode, expected: String, _ diagnostics: inout Diagnostics) -> String? {
  guard let scalar = node.scalar else { return diagnostics.expected(expected, at: node) }
  if !scalar.isPlain {
    let hint = PlainType.isNumber(scalar.text) ? "write it without quotes" : nil
    return diagnostics.expected(expected, at: node, suggestion: hint)
  }
  return scalar.text
}

private func isPlainInteger(_ text: String) -> Bool {
  let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
  return !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } && (digits == "0" || digits.first != "0")
}

/// A number as decimal digits with at most one point, no exponent and no leading zero or sign but `-`.
func decimal(_ text: some StringProtocol) -> Double? {
  let unsigned = text.hasPrefix("-") ? String(text.dropFirst()) : String(text)
  let parts = unsigned.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
  guard let whole = parts.first, isPlainInteger(String(whole)), !whole.hasPrefix("-") else { return nil }
  if parts.count == 2, parts[1].isEmpty || !parts[1].utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) { return nil }
  return Double(String(text))
}
