/// Space to keep free on a file system.
package enum FreeSpace: Sendable, Hashable {
  /// A share of the file system from 0 to 1.
  case share(Double)
  case bytes(Int64)
}

private let sizePattern = "^((0|[1-9][0-9]*) ?B|(0|[1-9][0-9]*)(\\.[0-9]+)? ?[kKMGTP]i?B)$"
private let percentBelow100 = "^(0|[1-9][0-9]?)(\\.[0-9]+)?%$"
private let percentTo100 = "^(100(\\.0+)?|(0|[1-9][0-9]?)(\\.[0-9]+)?)%$"

extension ValueType where Value == Int64 {
  /// `5GiB`, `500MB`, or a whole number of bytes.
  package static var byteSize: ValueType<Int64> {
    let schema = SchemaJSON.anyOf([["type": "string", "pattern": .string(sizePattern)], ["type": "integer", "minimum": 0]])
    return ValueType(summary: "size", schema: schema) { node, diagnostics in
      guard let scalar = node.scalar, let bytes = parseBytes(scalar) else {
        return diagnostics.expected("a size such as 500MB or 5GiB", at: node)
      }
      return bytes
    }
  }
}

extension ValueType where Value == FreeSpace {
  /// `10%` of the file system, or a size.
  package static var freeSpace: ValueType<FreeSpace> {
    let percent: SchemaJSON = ["type": "string", "pattern": .string(percentBelow100)]
    let schema = SchemaJSON.anyOf([percent, ValueType<Int64>.byteSize.schema])
    return ValueType(summary: "percentage or size", schema: schema) { node, diagnostics in
      guard let scalar = node.scalar else { return diagnostics.expected("a percentage such as 10%, or a size such as 5GiB", at: node) }
      if let share = parsePercent(scalar.text), share < 1 { return .share(share) }
      if let bytes = parseBytes(scalar) { return .bytes(bytes) }
      return diagnostics.expected("a percentage below 100%, or a size such as 5GiB", at: node)
    }
  }
}

extension ValueType where Value == Double {
  /// A share from 0 to 1, written `10%` or `0.1`.
  package static var share: ValueType<Double> {
    let percent: SchemaJSON = ["type": "string", "pattern": .string(percentTo100)]
    let schema = SchemaJSON.anyOf([percent, ["type": "number", "minimum": 0, "maximum": 1]])
    return ValueType(summary: "percentage, or a number from 0 to 1", schema: schema) { node, diagnostics in
      let expected = "a percentage such as 10%, or a number from 0 to 1"
      guard let scalar = node.scalar else { return diagnostics.expected(expected, at: node) }
      let value = parsePercent(scalar.text) ?? (scalar.isPlain ? decimal(scalar.text) : nil)
      guard let value, (0...1).contains(value) else { return diagnostics.expected(expected, at: node) }
      return value
    }
  }
}

private func parsePercent(_ text: String) -> Double? {
  guard text.hasSuffix("%"), let number = decimal(text.dropLast()), number >= 0 else { return nil }
  return number / 100
}

/// Decimal units count thousands and binary ones 1024, as IEC 80000-13 has it.
private func parseBytes(_ scalar: ConfigNode.Scalar) -> Int64? {
  let digits = scalar.text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
  guard let number = decimal(digits), number >= 0 else { return nil }
  let rest = scalar.text.dropFirst(digits.count)
  let unit = rest.first == " " ? rest.dropFirst() : rest
  if rest.isEmpty { return scalar.isPlain ? Int64(digits) : nil }
  guard unit.last == "B" else { return nil }
  let isBinary = unit.dropLast().last == "i"
  let prefix = unit.dropLast(isBinary ? 2 : 1)
  if prefix.isEmpty { return isBinary ? nil : Int64(digits) }
  guard let power = ["K", "M", "G", "T", "P"].firstIndex(of: prefix == "k" ? "K" : prefix) else { return nil }
  var bytes = number
  for _ in 0...power { bytes *= isBinary ? 1024 : 1000 }
  return bytes < 9e18 ? Int64(bytes.rounded()) : nil
}
