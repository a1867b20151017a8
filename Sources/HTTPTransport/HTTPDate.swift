package import DrillModel

/// The time of a `Date` or `Retry-After` header.
package enum HTTPDate {
  /// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7, the form that servers must send); nil for anything else.
  package static func parse(_ text: String) -> Timestamp? {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])), let day = Int(words[1]),
      let year = Int(words[3])
    else { return nil }
    let clock = words[4].split(separator: ":").compactMap { Int($0) }
    guard clock.count == 3 else { return nil }
    let civil = CivilTime(year: year, month: month + 1, day: day, hour: clock[0], minute: clock[1], second: min(clock[2], 59))
    return civil.isValid ? Timestamp(utc: civil) : nil
  }

  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
