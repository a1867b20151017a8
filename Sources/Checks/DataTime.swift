package import DrillModel
import Foundation

/// A moment as a restored system writes it: a timestamp text of PostgreSQL or SQLite, RFC 3339, a date, or Unix time.
package struct DataTime: Sendable, Hashable {
  package let timestamp: Timestamp
  /// Whether the text said its zone.
  package let isZoned: Bool

  /// Nil for anything that is not a moment of this calendar.
  ///
  /// - Parameter zone: The IANA zone of texts that name none; nil means UTC.
  package init?(_ text: String, zone: String?) {
    let trimmed = text.trimmingCharacters(in: .whitespaces)
    if let unix = Self.unix(trimmed) {
      timestamp = unix
      isZoned = true
      return
    }
    let (local, offset) = Self.split(trimmed)
    if let offset {
      guard let moment = Timestamp(rfc3339: local + offset) else { return nil }
      timestamp = moment
      isZoned = true
      return
    }
    guard let moment = Timestamp(rfc3339: local + "Z") else { return nil }
    timestamp = Self.shifted(moment, from: zone)
    isZoned = false
  }

  /// Seconds since 1970 with an optional fraction; from 10^11 on milliseconds, which is year 5138 in seconds.
  private static func unix(_ text: String) -> Timestamp? {
    guard text.utf8.count >= 9, text.utf8.allSatisfy({ ($0 >= 48 && $0 <= 57) || $0 == 46 }), let value = Double(text) else { return nil }
    if value >= 1e17 { return nil }
    return Timestamp(milliseconds: value >= 1e11 ? Int64(value) : Int64((value * 1000).rounded()))
  }

  /// The local part made RFC 3339, and the offset: `2026-11-22 03:00:00.5+02` gives `2026-11-22T03:00:00.5` and `+02:00`.
  private static func split(_ text: String) -> (String, String?) {
    var local = text
    var offset: String?
    if text.hasSuffix("Z") || text.hasSuffix("z") {
      local = String(text.dropLast())
      offset = "Z"
    } else if text.hasSuffix(" UTC") || text.hasSuffix(" GMT") {
      local = String(text.dropLast(4))
      offset = "Z"
    } else if text.count > 16, let sign = text.dropFirst(16).lastIndex(where: { $0 == "+" || $0 == "-" }) {
      local = String(text[..<sign]).trimmingCharacters(in: .whitespaces)
      offset = normalised(String(text[sign...]))
    }
    // SQLite's date() has no time, its datetime() may have no seconds.
    if local.count == 10 { local += "T00:00" }
    if local.count == 16 { local += ":00" }
    return (local, offset)
  }

  /// `+02`, `+0230` and `+02:30:00` as `+02:30`.
  private static func normalised(_ offset: String) -> String {
    let digits = offset.dropFirst().filter { $0 != ":" }
    let minutes = digits.dropFirst(2).prefix(2)
    return "\(offset.prefix(1))\(digits.prefix(2)):\(minutes.isEmpty ? "00" : minutes)"
  }

  /// Twice, because the offset that counts is the one at the result: close to a change of clocks they differ.
  private static func shifted(_ local: Timestamp, from zone: String?) -> Timestamp {
    guard let zone, let rules = TimeZone(identifier: zone) else { return local }
    func offset(at moment: Timestamp) -> Duration {
      .seconds(rules.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000)))
    }
    return local - offset(at: local - offset(at: local))
  }
}
