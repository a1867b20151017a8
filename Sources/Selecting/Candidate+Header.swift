package import DrillModel

extension Candidate {
  /// This candidate with what its own header says of its time, and a reason where name and header disagree.
  ///
  /// A time with a zone (`takenAt`) wins over every other. A time without one (`localTime`) is used only where the rules give a
  /// `header-timezone` and the name gives no time of day; otherwise it cross-checks: any zone lies within 14 hours of UTC, so a larger
  /// difference is not a matter of zones. `duration` is never subtracted: headers carry the backup's start.
  ///
  /// - Throws: `Fault` with code `configuration` when `header-timezone` is no zone.
  package func refined(takenAt: Timestamp?, localTime: CivilTime?, rules: SelectionRules) throws -> (candidate: Candidate, note: Reason?) {
    if let takenAt { return (dated(takenAt, .metadata), note(header: takenAt, differingBy: .seconds(86_400))) }
    guard let localTime, localTime.isValid else { return (self, nil) }
    guard let name = rules.headerTimezone else {
      return (self, note(header: Timestamp(utc: localTime), differingBy: .seconds(14 * 3600)))
    }
    guard let zone = Zone(name) else {
      throw Fault(.configuration, "There is no time zone \(name)", advice: "Give `header-timezone` an IANA name such as Europe/Berlin")
    }
    let header = zone.reading(localTime).cautious
    let note = note(header: header, differingBy: .seconds(86_400))
    let isFiner = namedDay.map { $0.contains(header) } ?? false
    return (origin == nil || origin == .modified || isFiner ? dated(header, .header) : self, note)
  }

  /// The same for a backup whose end says when it was completed, in local time without a zone; `duration` is subtracted from that.
  ///
  /// - Throws: as `refined(takenAt:localTime:rules:)`.
  package func refined(completed: CivilTime, rules: SelectionRules) throws -> (candidate: Candidate, note: Reason?) {
    let (refined, note) = try refined(takenAt: nil, localTime: completed, rules: rules)
    guard refined != self, let end = refined.time else { return (refined, note) }
    return (refined.dated(end - rules.duration, .header), note)
  }

  /// This candidate dated by its own content, which vouches for `time`.
  package func vouched(for time: Timestamp) -> Candidate { dated(time, .metadata) }

  private func dated(_ time: Timestamp, _ origin: TimeOrigin) -> Candidate {
    var copy = self
    copy.time = time
    copy.origin = origin
    copy.isDateOnly = false
    copy.namedDay = nil
    return copy
  }

  /// A warning when the header lies further from the name's time, or from every moment of its date, than `limit`.
  private func note(header: Timestamp, differingBy limit: Duration) -> Reason? {
    guard let time, origin == .name || origin == .nameAndModified else { return nil }
    let earliest = namedDay?.lowerBound ?? time
    let latest = namedDay?.upperBound ?? time
    let difference = header < earliest ? earliest - header : header > latest ? header - latest : .zero
    guard difference > limit else { return nil }
    return Reason(
      code: "time_disagrees", severity: .warn,
      text: "The name of \(id) says \(time.readable), and the header of the backup says \(header.readable), \(difference.readable) apart")
  }
}
