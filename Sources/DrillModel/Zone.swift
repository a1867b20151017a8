internal import Foundation

/// A time zone by its IANA name, with the two directions between instants and civil times.
package struct Zone: Sendable, Hashable {
  /// The name as it was written.
  package let name: String
  private let foundation: TimeZone
  private let isFixed: Bool

  package static let utc = Zone()

  private init() {
    name = "UTC"
    foundation = TimeZone.gmt
    isFixed = true
  }

  /// The zone of that IANA name, or nil when there is none. Abbreviations such as `PST`, which name several zones or half of one, and
  /// bare offsets (`GMT+0200`) are none.
  package init?(_ name: String) {
    let isUTC = ["UTC", "Etc/UTC", "GMT", "Etc/GMT", "Zulu", "Etc/UCT"].contains(name)
    guard isUTC || Zone.isIANA(name), let found = TimeZone(identifier: isUTC ? "GMT" : name) else { return nil }
    self.name = name
    foundation = found
    isFixed = isUTC
  }

  private static func isIANA(_ name: String) -> Bool {
    if name.contains("/") { return true }
    if name.hasPrefix("GMT") || name.hasPrefix("UTC") { return false }
    let real: Set = ["CET", "EET", "MET", "WET", "EST", "MST", "HST", "GB", "NZ", "PRC", "ROC", "ROK"]
    return real.contains(name) || name.utf8.count > 4
  }

  package static func == (left: Zone, right: Zone) -> Bool { left.name == right.name }
  package func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// Seconds east of UTC at that instant, given as seconds since 1970.
  package func offset(atSeconds seconds: Int64) -> Int64 {
    isFixed ? 0 : Int64(foundation.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
  }

  /// This zone's date and time of day at an instant.
  package func civil(_ instant: Timestamp) -> CivilTime {
    (instant + .seconds(offset(atSeconds: instant.seconds))).utc
  }

  /// The instants around a civil time: where the clocks go back an hour happens twice, where they go forward one never happens.
  package func reading(_ civil: CivilTime) -> Reading {
    let naive = Timestamp(utc: civil)
    let before = offset(atSeconds: naive.seconds - 86_400)
    let after = offset(atSeconds: naive.seconds + 86_400)
    let early = naive - .seconds(before)
    let late = naive - .seconds(after)
    if before == after { return .once(early) }
    let earlyHolds = offset(atSeconds: early.seconds) == before
    let lateHolds = offset(atSeconds: late.seconds) == after
    switch (earlyHolds, lateHolds) {
    case (true, true): return .twice(early, late)
    case (true, false): return .once(early)
    case (false, true): return .once(late)
    case (false, false): return .never(shifted: early)
    }
  }

  package enum Reading: Sendable, Hashable {
    case once(Timestamp)
    case twice(Timestamp, Timestamp)
    /// The clocks jumped over it; `shifted` is the instant as far after the jump as the civil time is after the jump's beginning.
    case never(shifted: Timestamp)

    /// The one instant that is used for a backup's time: of two the earlier, because it makes the backup older and so never flatters the
    /// recovery point.
    package var cautious: Timestamp {
      switch self {
      case .once(let instant), .twice(let instant, _), .never(let instant): instant
      }
    }
  }
}
