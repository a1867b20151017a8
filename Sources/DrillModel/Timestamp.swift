/// An instant in UTC with millisecond resolution, the resolution of the sealed record.
///
/// Text form is RFC 3339 with milliseconds and `Z` (`2026-11-22T03:00:00.000Z`). Civil dates follow the proleptic Gregorian
/// calendar by the algorithms in Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
package struct Timestamp: Sendable, Hashable, Comparable {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }
  package init(seconds: Int64) { self.milliseconds = seconds * 1000 }

  /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
  package var seconds: Int64 { milliseconds.flooredQuotient(1000) }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
  package static func + (left: Timestamp, right: Duration) -> Timestamp {
    Timestamp(milliseconds: left.milliseconds + right.inMilliseconds)
  }
  package static func - (left: Timestamp, right: Duration) -> Timestamp {
    Timestamp(milliseconds: left.milliseconds - right.inMilliseconds)
  }
  /// The span from `right` to `left`; negative when `left` is the earlier.
  package static func - (left: Timestamp, right: Timestamp) -> Duration { .milliseconds(left.milliseconds - right.milliseconds) }
}

/// A date and time of day without a zone.
package struct CivilTime: Sendable, Hashable {
  package var year: Int
  package var month: Int
  package var day: Int
  package var hour: Int
  package var minute: Int
  package var second: Int
  package var millisecond: Int

  package init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0) {
    self.year = year
    self.month = month
    self.day = day
    self.hour = hour
    self.minute = minute
    self.second = second
    self.millisecond = millisecond
  }

  /// Whether every field is in its range and the day exists in its month. A leap second (60) is not accepted.
  package var isValid: Bool {
    (0...9999).contains(year) && (1...12).contains(month) && day >= 1 && day <= CivilTime.daysIn(month: month, of: year)
      && (0...23).contains(hour) && (0...59).contains(minute) && (0...59).contains(second) && (0...999).contains(millisecond)
  }

  package static func daysIn(month: Int, of year: Int) -> Int {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    default: 31
    }
  }
}

extension Timestamp {
  /// The instant that `civil` names in UTC.
  package init(utc civil: CivilTime) {
    let seconds = Timestamp.days(civil) * 86_400 + Int64(civil.hour * 3600 + civil.minute * 60 + civil.second)
    self.init(milliseconds: seconds * 1000 + Int64(civil.millisecond))
  }

  /// This instant's date and time of day in UTC.
  package var utc: CivilTime {
    let days = seconds.flooredQuotient(86_400)
    let rest = Int(seconds - days * 86_400)
    let shifted = days + 719_468
    let era = shifted.flooredQuotient(146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = Int(monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9)
    return CivilTime(
      year: Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), month: month, day: Int(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1),
      hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60, millisecond: Int(milliseconds - seconds * 1000))
  }

  private static func days(_ civil: CivilTime) -> Int64 {
    let year = Int64(civil.month <= 2 ? civil.year - 1 : civil.year)
    let era = year.flooredQuotient(400)
    let yearOfEra = year - era * 400
    let dayOfYear = Int64((153 * (civil.month + (civil.month > 2 ? -3 : 9)) + 2) / 5 + civil.day - 1)
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }
}

extension Int64 {
  /// Division that rounds towards negative infinity, so that instants before 1970 come out right.
  package func flooredQuotient(_ divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder != 0 && (remainder < 0) != (divisor < 0) ? quotient - 1 : quotient
  }
}
