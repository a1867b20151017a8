package import DrillModel

/// How values stand in a report, whatever its format.
package enum Shown {
  /// Text from outside on one line: controls and everything that reorders or hides text made visible, cut at `limit` characters.
  package static func text(_ text: String, limit: Int = 400) -> String {
    // Counting characters takes longer than anything else here.
    if text.utf8.count <= limit { return InertText.whole(text) }
    let isLong = text.unicodeScalars.count > limit
    let result = InertText.whole(String(text.unicodeScalars.prefix(limit)))
    return result + (isLong ? "… (\(text.unicodeScalars.count) characters)" : "")
  }

  /// A drill's name.
  package static func name(_ name: String) -> String { text(name, limit: 80) }

  /// Seconds as people say them; infinity is a recovery that never came.
  package static func span(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e12 else { return "not recovered" }
    return Duration.milliseconds(Int64((seconds * 1000).rounded())).readable
  }

  package static func span(_ seconds: Double?) -> String { seconds.map { span($0) } ?? "–" }

  /// `2026-11-22 03:00`, in UTC.
  package static func minute(_ time: Timestamp) -> String {
    let text = time.description
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
  }

  /// A share as per cent; what is not all never reads as all, nor what is not none as none.
  package static func percent(_ share: Double) -> String {
    let value = share * 100
    if value == value.rounded() { return "\(Int(value)) %" }
    if value > 99 { return "\(min(99.9, (value * 10).rounded() / 10)) %" }
    if value < 1 { return "\(max(0.1, (value * 10).rounded() / 10)) %" }
    return "\(Int(value.rounded())) %"
  }

  /// `1 run`, `2 runs`.
  package static func count(_ number: Int, _ singular: String, _ plural: String? = nil) -> String {
    "\(grouped(number)) \(number == 1 ? singular : plural ?? singular + "s")"
  }

  /// Digits in threes.
  package static func grouped(_ number: Int) -> String {
    var digits = Array(String(number.magnitude))
    var position = digits.count - 3
    while position > 0 {
      digits.insert(",", at: position)
      position -= 3
    }
    return (number < 0 ? "-" : "") + String(digits)
  }
}
