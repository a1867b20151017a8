package import DrillModel

extension CronExpression {
  /// The first due time after `instant`, or nil when there is none within sixty years.
  ///
  /// Through a change of the clocks of less than three hours this follows Debian's cron: a job with fixed times that the change skips is
  /// due at once after it, and one in the repeated hour is due once, in the first pass; a job whose minute or hour begins with `*` follows
  /// the wall clock. Larger changes are corrections of the clock: the new time simply holds. Source: cron(8), "Notes".
  package func next(after instant: Timestamp, in zone: Zone) -> Timestamp? {
    let now = instant.seconds
    let today = (now + zone.offset(atSeconds: now)).flooredQuotient(86_400)
    for days in candidateDays(from: today - 1, step: 1) {
      guard let found = due(on: days, in: zone).first(after: now) else { continue }
      let follower = matches(day: days + 1) ? due(on: days + 1, in: zone).first(after: now) : nil
      return Timestamp(seconds: min(found, follower ?? found))
    }
    return nil
  }

  /// The last due time before `instant`, or nil when there is none within sixty years.
  package func previous(before instant: Timestamp, in zone: Zone) -> Timestamp? {
    let now = instant.milliseconds % 1000 == 0 ? instant.seconds : instant.seconds + 1
    let today = (now + zone.offset(atSeconds: now)).flooredQuotient(86_400)
    for days in candidateDays(from: today + 1, step: -1) {
      guard let found = due(on: days, in: zone).last(before: now) else { continue }
      let earlier = matches(day: days - 1) ? due(on: days - 1, in: zone).last(before: now) : nil
      return Timestamp(seconds: max(found, earlier ?? found))
    }
    return nil
  }

  /// Matching days, as days since 1970, for sixty years: February 29th on a given weekday can be forty years away.
  private func candidateDays(from first: Int64, step: Int64) -> some Sequence<Int64> {
    (0..<Int64(60 * 366)).lazy.map { first + $0 * step }.filter(matches(day:))
  }

  private func matches(day: Int64) -> Bool {
    let civil = Timestamp(seconds: day * 86_400).utc
    guard months.contains(civil.month) else { return false }
    let dayFits = days.contains(civil.day)
    let weekday = Int(day + 4 - (day + 4).flooredQuotient(7) * 7)
    let weekdayFits = weekdays.contains(weekday)
    return needsBothDays ? dayFits && weekdayFits : dayFits || weekdayFits
  }

  private func due(on day: Int64, in zone: Zone) -> DueDay {
    DueDay(expression: self, midnight: day * 86_400, clocks: ClockChange(around: day * 86_400, in: zone))
  }
}

/// The offsets around one day: one, or two with the instant at which they change.
private struct ClockChange {
  var before: Int64
  var after: Int64
  /// The first second with the offset `after`, as seconds since 1970; without meaning when both are equal.
  var instant: Int64

  init(around midnight: Int64, in zone: Zone) {
    var low = midnight - 86_400
    var high = midnight + 2 * 86_400
    before = zone.offset(atSeconds: low)
    after = zone.offset(atSeconds: high)
    instant = high
    guard before != after else { return }
    while high - low > 1 {
      let middle = (low + high) / 2
      if zone.offset(atSeconds: middle) == before { low = middle } else { high = middle }
    }
    instant = high
    // A change that no time of this day comes near leaves the day with one offset.
    let margin = abs(after - before)
    if instant + margin < midnight - max(before, after) { before = after }
    if instant - margin > midnight + 86_400 - min(before, after) { after = before }
  }
}

/// The due times of one matching day, smallest work first: most days have one offset and need no list.
private struct DueDay {
  var expression: CronExpression
  /// Midnight of the day as if it were in UTC.
  var midnight: Int64
  var clocks: ClockChange

  func first(after now: Int64) -> Int64? {
    if clocks.before != clocks.after { return firstOnChange(after: now) }
    let local = now + clocks.before - midnight
    for hour in 0..<24 where expression.hours.contains(hour) && local < Int64(hour) * 3600 + 3600 {
      for minute in 0..<60 where expression.minutes.contains(minute) {
        let second = Int64(hour * 3600 + minute * 60)
        if second > local { return midnight + second - clocks.before }
      }
    }
    return nil
  }

  func last(before now: Int64) -> Int64? {
    if clocks.before != clocks.after { return lastOnChange(before: now) }
    let local = now + clocks.before - midnight
    for hour in (0..<24).reversed() where expression.hours.contains(hour) && Int64(hour) * 3600 < local {
      for minute in (0..<60).reversed() where expression.minutes.contains(minute) {
        let second = Int64(hour * 3600 + minute * 60)
        if second < local { return midnight + second - clocks.before }
      }
    }
    return nil
  }

  /// The due times of one hour of a day on which the clocks change.
  private func instants(inHour hour: Int) -> some Sequence<Int64> {
    let isCorrection = abs(clocks.after - clocks.before) >= 3 * 3600
    let followsWallClock = expression.followsWallClock || isCorrection
    return (0..<60).lazy.filter(expression.minutes.contains).flatMap { minute in
      instants(of: midnight + Int64(hour * 3600 + minute * 60), followsWallClock: followsWallClock)
    }
  }

  private func firstOnChange(after now: Int64) -> Int64? {
    var found: Int64?
    for hour in 0..<24 where expression.hours.contains(hour) {
      let start = midnight + Int64(hour) * 3600
      if start + 3600 - min(clocks.before, clocks.after) <= now { continue }
      if let found, start - max(clocks.before, clocks.after) > found { break }
      let candidates = instants(inHour: hour).filter { $0 > now }
      found = [found, candidates.min()].compactMap(\.self).min()
    }
    return found
  }

  private func lastOnChange(before now: Int64) -> Int64? {
    var found: Int64?
    for hour in (0..<24).reversed() where expression.hours.contains(hour) {
      let start = midnight + Int64(hour) * 3600
      if start - max(clocks.before, clocks.after) >= now { continue }
      if let found, start + 3600 - min(clocks.before, clocks.after) < found { break }
      let candidates = instants(inHour: hour).filter { $0 < now }
      found = [found, candidates.max()].compactMap(\.self).max()
    }
    return found
  }

  private func instants(of local: Int64, followsWallClock: Bool) -> [Int64] {
    let early = local - clocks.before
    let late = local - clocks.after
    switch (early < clocks.instant, late >= clocks.instant) {
    case (true, true): return followsWallClock ? [early, late] : [early]
    case (true, false): return [early]
    case (false, true): return [late]
    case (false, false): return followsWallClock ? [] : [clocks.instant]
    }
  }
}
