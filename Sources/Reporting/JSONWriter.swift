import DrillModel

/// Writes JSON key by key, in the order of the calls, so that the same report is the same bytes.
struct JSONWriter {
  private(set) var text = ""
  private var needsComma = false

  /// What has been written since the last time.
  mutating func take() -> String {
    defer { text = "" }
    return text
  }

  mutating func object(_ key: String? = nil, lineBreak: Bool = false, _ body: (inout JSONWriter) throws -> Void) rethrows {
    begin(key, "{", lineBreak)
    try body(&self)
    text += "}"
    needsComma = true
  }

  mutating func array(_ key: String? = nil, _ body: (inout JSONWriter) throws -> Void) rethrows {
    begin(key, "[", false)
    try body(&self)
    text += "]"
    needsComma = true
  }

  private mutating func begin(_ key: String?, _ bracket: String, _ lineBreak: Bool) {
    separate(lineBreak)
    if let key { name(key) }
    text += bracket
    needsComma = false
  }

  private mutating func separate(_ lineBreak: Bool = false) {
    if needsComma { text += "," }
    if lineBreak { text += "\n" }
    needsComma = true
  }

  private mutating func name(_ key: String) { text += "\"\(key)\":" }

  private mutating func raw(_ key: String?, _ value: String) {
    separate()
    if let key { name(key) }
    text += value
  }

  mutating func add(_ key: String?, _ value: String?) { raw(key, value.map(JSONWriter.quoted) ?? "null") }
  mutating func add(_ key: String?, _ value: Int?) { raw(key, value.map { String($0) } ?? "null") }
  mutating func add(_ key: String?, _ value: Bool) { raw(key, value ? "true" : "false") }
  /// Seconds with at most three decimals; infinity, which JSON has not, is null.
  mutating func add(_ key: String?, seconds: Double?) {
    raw(key, seconds.flatMap { $0.isFinite ? DecimalText.seconds($0) : nil } ?? "null")
  }
  /// A share with at most four decimals.
  mutating func add(_ key: String?, share: Double?) { raw(key, share.map { DecimalText.text($0, decimals: 4) } ?? "null") }

  /// RFC 8259, section 7; besides what it demands, whatever is invisible, reorders text or could end a script element is escaped.
  static func quoted(_ value: String) -> String {
    if value.utf8.allSatisfy({ isPlain($0) }) { return "\"\(value)\"" }
    var result = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "<", ">", "&": result += unicode(UInt16(scalar.value))
      case _ where InertText.isActive(scalar):
        for unit in String(scalar).utf16 { result += unicode(unit) }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): false
    default: byte >= 0x20 && byte < 0x7F
    }
  }

  private static func unicode(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
  }
}

/// Numbers in plain decimals, without an exponent.
enum DecimalText {
  static func seconds(_ value: Double) -> String { text(value, decimals: 3) }

  static func text(_ value: Double, decimals: Int) -> String {
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    guard let scaled = Int((value * Double(scale)).rounded(), within: 1 << 53) else { return "0" }
    let magnitude = Int(scaled.magnitude)
    var fraction = String(magnitude % scale)
    fraction = String(repeating: "0", count: decimals - fraction.utf8.count) + fraction
    while fraction.last == "0" { fraction.removeLast() }
    return (scaled < 0 ? "-" : "") + String(magnitude / scale) + (fraction.isEmpty ? "" : ".\(fraction)")
  }
}

extension Int {
  fileprivate init?(_ value: Double, within limit: Int) {
    guard value.isFinite, abs(value) <= Double(limit) else { return nil }
    self.init(value)
  }
}
