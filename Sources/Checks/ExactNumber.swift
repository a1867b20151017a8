/// A decimal number of any size that compares exactly: `830` equals `830.0`, and 2^53 + 1 is not 2^53.
package struct ExactNumber: Sendable, Hashable, Comparable {
  /// As it was written.
  package let text: String
  private let isNegative: Bool
  /// Digits without leading or trailing zeros; empty for zero.
  private let digits: [UInt8]
  /// Where the point stands: the value is 0.digits times ten to this power.
  private let exponent: Int

  /// Reads `-12`, `3.50`, `1e6`, `.5`; nil for anything else, surrounding space included, and for exponents beyond a million.
  package init?(_ text: some StringProtocol) {
    var rest = Array(text.utf8)[...]
    let sign = rest.first == UInt8(ascii: "-")
    if sign || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    let whole = rest.prefix(while: Self.isDigit)
    rest = rest.dropFirst(whole.count)
    var fraction: ArraySlice<UInt8> = []
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      fraction = rest.prefix(while: Self.isDigit)
      rest = rest.dropFirst(fraction.count)
    }
    guard !whole.isEmpty || !fraction.isEmpty, let power = Self.power(rest) else { return nil }
    let all = Array(whole) + Array(fraction)
    let leading = all.prefix { $0 == UInt8(ascii: "0") }.count
    var kept = Array(all.dropFirst(leading))
    while kept.last == UInt8(ascii: "0") { kept.removeLast() }
    digits = kept
    isNegative = sign && !kept.isEmpty
    exponent = kept.isEmpty ? 0 : whole.count - leading + power
    self.text = String(text)
  }

  package static func == (left: ExactNumber, right: ExactNumber) -> Bool {
    left.isNegative == right.isNegative && left.exponent == right.exponent && left.digits == right.digits
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(isNegative)
    hasher.combine(exponent)
    hasher.combine(digits)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  private static func power(_ text: ArraySlice<UInt8>) -> Int? {
    guard let mark = text.first else { return 0 }
    guard mark | 32 == UInt8(ascii: "e") else { return nil }
    guard let value = Int(String(decoding: text.dropFirst(), as: UTF8.self)), abs(value) <= 1_000_000 else { return nil }
    return value
  }

  package static func < (left: ExactNumber, right: ExactNumber) -> Bool {
    if left.isNegative != right.isNegative { return left.isNegative }
    return left.isNegative ? right.magnitudeIsLess(than: left) : left.magnitudeIsLess(than: right)
  }

  private func magnitudeIsLess(than other: ExactNumber) -> Bool {
    if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
    if exponent != other.exponent { return exponent < other.exponent }
    return digits.lexicographicallyPrecedes(other.digits)
  }
}
