package import DrillModel

/// What a name that fits its pattern says.
package struct NameMatch: Sendable, Hashable {
  /// The moment in the name, at the start of what it leaves out; nil when the name carries none or an impossible one.
  package var civil: CivilTime?
  /// How much of a moment the name gives.
  package var precision: Precision
  /// The name's own offset from UTC, which beats the declared zone.
  package var offset: Duration?
  /// Why there is no such moment: `2026-02-30 is not a date`; nil when there is one or the pattern carries no time.
  package var impossible: String?

  package enum Precision: Sendable, Hashable { case none, month, day, time }

  /// Whether the name gives a date without a time of day.
  package var isDateOnly: Bool { precision == .day || precision == .month }

  /// The moment in the name, read in its own offset or else in `zone`; of two readings when the clocks go back the earlier, and a time that
  /// the clocks jump over moved forward by the jump.
  package func instant(in zone: Zone) -> Timestamp? {
    guard let civil else { return nil }
    if let offset { return Timestamp(utc: civil) - offset }
    return zone.reading(civil).cautious
  }

  /// The first instant after the date that the name gives, for a name without a time of day.
  func end(in zone: Zone) -> Timestamp? {
    guard var civil, isDateOnly else { return nil }
    civil.day += 1
    if precision == .month || civil.day > CivilTime.daysIn(month: civil.month, of: civil.year) {
      civil.day = 1
      civil.month += 1
    }
    if civil.month > 12 {
      civil.month = 1
      civil.year += 1
    }
    return NameMatch(civil: civil, precision: precision, offset: offset, impossible: nil).instant(in: zone)
  }
}

extension NamePattern {
  /// What `name` says, or nil when it does not fit. Of several readings one in which every field is in its range wins.
  package func match(_ name: String) -> NameMatch? {
    let bytes = Array(name.utf8)
    var matcher = PatternMatcher(elements, over: bytes, isStrict: true)
    if matcher.run() { return NameReader(matcher.captures).match }
    guard hasTime else { return nil }
    matcher = PatternMatcher(elements, over: bytes, isStrict: false)
    return matcher.run() ? NameReader(matcher.captures).match : nil
  }

  /// How many bytes of `name` the pattern covers before it stops fitting, for telling the nearest miss.
  func coverage(of name: String) -> Int {
    var matcher = PatternMatcher(elements, over: Array(name.utf8), isStrict: true)
    _ = matcher.run()
    return matcher.furthest
  }
}

/// Puts the captured fields of one name together.
private struct NameReader {
  private var values: [TimeField: Int] = [:]
  private var contradicts = false

  init(_ captures: [(TimeField, Int)]) {
    for (field, value) in captures {
      if let other = values[field], other != value { contradicts = true }
      values[field] = value
    }
  }

  var match: NameMatch {
    let offset = values[.offset].map { Duration.seconds($0 * 60) }
    if contradicts {
      return NameMatch(civil: nil, precision: precision, offset: offset, impossible: "the name gives the same field twice, differently")
    }
    guard precision != .none else { return NameMatch(civil: nil, precision: .none, offset: nil, impossible: nil) }
    if let epoch = values[.epoch] {
      var civil = Timestamp(seconds: Int64(epoch)).utc
      civil.millisecond = values[.fraction] ?? 0
      return NameMatch(civil: civil, precision: .time, offset: .zero, impossible: nil)
    }
    let civil = self.civil
    guard civil.isValid, dayOfYearExists else {
      return NameMatch(civil: nil, precision: precision, offset: offset, impossible: "\(text(of: civil)) does not exist")
    }
    return NameMatch(civil: civil, precision: precision, offset: offset, impossible: nil)
  }

  private var precision: NameMatch.Precision {
    if values[.epoch] != nil || values[.hour] != nil || values[.hour12] != nil { return .time }
    if values[.day] != nil || values[.dayOfYear] != nil { return .day }
    return values[.year] != nil || values[.shortYear] != nil ? .month : .none
  }

  private var year: Int {
    if let year = values[.year] { return year }
    let short = values[.shortYear] ?? 0
    return short < 69 ? 2000 + short : 1900 + short
  }

  private var dayOfYearExists: Bool {
    guard let day = values[.dayOfYear] else { return true }
    return day >= 1 && day <= (CivilTime.daysIn(month: 2, of: year) == 29 ? 366 : 365)
  }

  private var hour: Int {
    if let hour = values[.hour] { return hour }
    guard let hour = values[.hour12] else { return 0 }
    return (hour == 12 ? 0 : hour) + (values[.meridiem] == 1 ? 12 : 0)
  }

  private var civil: CivilTime {
    var month = values[.month] ?? values[.monthName] ?? values[.monthWord] ?? 1
    var day = values[.day] ?? 1
    if let ordinal = values[.dayOfYear], dayOfYearExists {
      let date = (Timestamp(utc: CivilTime(year: year, month: 1, day: 1)) + .seconds((ordinal - 1) * 86_400)).utc
      (month, day) = (date.month, date.day)
    }
    // A leap second is the last one of its minute: the older reading, by at most a second.
    let second = min(values[.second] ?? 0, values[.second] == 60 ? 59 : 99)
    return CivilTime(
      year: year, month: month, day: day, hour: hour, minute: values[.minute] ?? 0, second: second, millisecond: values[.fraction] ?? 0)
  }

  private func text(of civil: CivilTime) -> String {
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    if let day = values[.dayOfYear] { return "day \(day) of \(civil.year)" }
    let date = "\(civil.year)-\(two(civil.month))" + (precision == .month ? "" : "-\(two(civil.day))")
    return precision == .time ? "\(date) \(two(civil.hour)):\(two(civil.minute)):\(two(civil.second))" : date
  }
}
