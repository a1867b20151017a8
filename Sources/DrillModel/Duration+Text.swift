extension Duration {
  /// Rounded towards zero.
  package var inMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

  /// Seconds rounded to milliseconds, the form durations have in the sealed record.
  package var inSeconds: Double { Double(inMilliseconds) / 1000 }

  /// For people: `850 ms`, `4.2 s`, `12 min 30 s`, `23 h 5 min`, `9 d 4 h`. Never wraps at a day; a negative span keeps its sign.
  package var readable: String {
    let milliseconds = inMilliseconds
    if milliseconds < 0 { return "-" + (Duration.milliseconds(-milliseconds)).readable }
    if milliseconds < 1000 { return "\(milliseconds) ms" }
    let seconds = milliseconds / 1000
    if seconds < 10 { return "\(seconds).\(milliseconds % 1000 / 100) s" }
    if seconds < 60 { return "\(seconds) s" }
    if seconds < 3600 { return Duration.pair(seconds / 60, "min", seconds % 60, "s") }
    if seconds < 172_800 { return Duration.pair(seconds / 3600, "h", seconds % 3600 / 60, "min") }
    return Duration.pair(seconds / 86_400, "d", seconds % 86_400 / 3600, "h")
  }

  private static func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
    small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
  }
}

extension Duration {
  /// Reads `90s`, `5m`, `1h30m`, `7d`, `2w`, `500ms`, `1.5h`, or ISO 8601 (`PT5M`, `P1DT12H`, `P2W`), and `0`.
  ///
  /// Months and years have no fixed length and are refused, as is a bare number other than 0, a sign, and anything longer than
  /// 100 years. Units may come in any order from large to small, each once.
  package init?(text: String) {
    guard let milliseconds = text.hasPrefix("P") ? DurationReader.iso(text) : DurationReader.compact(text) else { return nil }
    self = .milliseconds(milliseconds)
  }
}

private enum DurationReader {
  static let limit: Double = 100 * 366 * 86_400 * 1000
  static let compactUnits: [(String, Double)] = [
    ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
  ]

  static func compact(_ text: String) -> Int64? {
    if text == "0" { return 0 }
    return fields(text[...], units: compactUnits)
  }

  static func iso(_ text: String) -> Int64? {
    let parts = text.dropFirst().split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
    guard let date = parts.first, !(date.isEmpty && parts.count == 1) else { return nil }
    var total: Int64 = 0
    if !date.isEmpty {
      guard let days = fields(date, units: [("W", 604_800_000), ("D", 86_400_000)]) else { return nil }
      total += days
    }
    if parts.count == 2 {
      guard let time = fields(parts[1], units: [("H", 3_600_000), ("M", 60_000), ("S", 1000)]) else { return nil }
      total += time
    }
    return total
  }

  /// Numbers each followed by a unit, units strictly in the given order.
  static func fields(_ text: Substring, units: [(String, Double)]) -> Int64? {
    var rest = text
    var next = 0
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      let unit = rest.dropFirst(number.count).prefix { $0.isASCII && $0.isLetter }
      guard let first = number.first, first != ".", number.last != ".", let value = Double(number),
        let index = units[next...].firstIndex(where: { $0.0 == unit })
      else { return nil }
      total += value * units[index].1
      next = index + 1
      rest = rest.dropFirst(number.count + unit.count)
    }
    return total <= limit ? Int64(total.rounded()) : nil
  }
}
