extension Timestamp: CustomStringConvertible {
  /// RFC 3339 in UTC with milliseconds: `2026-11-22T03:00:00.000Z`.
  package var description: String {
    let civil = utc
    if (0...9999).contains(civil.year) { return civil.fixedText }
    return
      "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))T\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2)).\(padded(civil.millisecond, 3))Z"
  }

  /// For people: `2026-11-22 03:00:00 UTC`.
  package var readable: String {
    let text = description
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC"
  }

  /// Reads RFC 3339 strictly: a date that does not exist, trailing text, or a missing offset give nil.
  ///
  /// A space may stand for the `T`, as RFC 3339 section 5.6 allows. Digits beyond milliseconds are cut off.
  package init?(rfc3339 text: String) {
    var reader = DigitReader(text)
    guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"), let day = reader.number(2),
      reader.skip("T") || reader.skip("t") || reader.skip(" "), let hour = reader.number(2), reader.skip(":"),
      let minute = reader.number(2),
      reader.skip(":"), let second = reader.number(2)
    else { return nil }
    var millisecond = 0
    if reader.skip(".") {
      guard let fraction = reader.fractionInMilliseconds() else { return nil }
      millisecond = fraction
    }
    let civil = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond)
    guard civil.isValid, let offset = reader.offsetInMinutes(), reader.isAtEnd else { return nil }
    self = Timestamp(utc: civil) - .seconds(offset * 60)
  }
}

extension Timestamp: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Timestamp(rfc3339: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an RFC 3339 time: \(text)")
    }
    self = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension CivilTime {
  /// `2026-11-22T03:00:00.000Z`, written byte by byte: a report formats hundreds of thousands.
  fileprivate var fixedText: String {
    String(unsafeUninitializedCapacity: 24) { bytes in
      var place = 0
      func add(_ value: Int, _ width: Int, _ after: Unicode.Scalar) {
        var rest = value
        for digit in stride(from: width - 1, through: 0, by: -1) {
          bytes[place + digit] = 48 + UInt8(rest % 10)
          rest /= 10
        }
        bytes[place + width] = UInt8(ascii: after)
        place += width + 1
      }
      add(year, 4, "-")
      add(month, 2, "-")
      add(day, 2, "T")
      add(hour, 2, ":")
      add(minute, 2, ":")
      add(second, 2, ".")
      add(millisecond, 3, "Z")
      return place
    }
  }
}

func padded(_ value: Int, _ width: Int) -> String {
  let digits = String(value)
  return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
}

/// Reads fixed-width decimal fields from ASCII text.
private struct DigitReader {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard rest.first == UInt8(ascii: character) else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func number(_ width: Int) -> Int? {
    let digits = rest.prefix(width)
    guard digits.count == width, let value = digits.decimal else { return nil }
    rest = rest.dropFirst(width)
    return value
  }

  mutating func fractionInMilliseconds() -> Int? {
    let digits = rest.prefix { $0 >= 48 && $0 <= 57 }
    guard !digits.isEmpty, digits.count <= 18, let value = digits.prefix(3).decimal else { return nil }
    rest = rest.dropFirst(digits.count)
    return [0, value * 100, value * 10, value][min(3, digits.count)]
  }

  mutating func offsetInMinutes() -> Int? {
    if skip("Z") || skip("z") { return 0 }
    let sign: Int
    if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
    guard let hours = number(2), skip(":"), let minutes = number(2), hours <= 23, minutes <= 59 else { return nil }
    return sign * (hours * 60 + minutes)
  }
}

extension Substring.UTF8View {
  fileprivate var decimal: Int? {
    reduce(Int?.some(0)) { total, byte in
      guard let total, byte >= 48, byte <= 57 else { return nil }
      return total * 10 + Int(byte - 48)
    }
  }
}
