import DrillModel
import Reporting

/// The period of a report as it is named on the command line.
struct ReportPeriod {
  let zone: Zone
  let now: Timestamp

  /// - Throws: `Fault` with code `configuration` for an unknown zone.
  init(zone name: String, now: Timestamp) throws {
    guard let zone = Zone(name) else {
      throw Fault(.configuration, "there is no time zone \"\(name.prefix(60))\"", advice: "Use an IANA name such as Europe/Berlin")
    }
    self.zone = zone
    self.now = now
  }

  /// The next whole second, so that a run that has just ended is in.
  private var present: Timestamp { Timestamp(seconds: now.seconds + 1) }

  /// Without `from` the week before `to`; without `to` up to now. A `to` in the future becomes now, because what is not over cannot be
  /// reported twice alike.
  ///
  /// - Throws: `Fault` with code `configuration` for what is no time, or a period that ends before it begins.
  func read(from: String?, to: String?) throws -> Report.Period {
    let end = min(try to.map(instant) ?? present, present)
    let begin = try from.map(instant) ?? end - .seconds(7 * 86_400)
    guard begin < end else {
      throw Fault(
        .configuration, "the period from \(begin.readable) to \(end.readable) is empty", advice: "Give a --from that is before --to and now"
      )
    }
    return Report.Period(from: begin, to: end)
  }

  /// RFC 3339; without an offset in the zone, and a date alone is its midnight.
  private func instant(_ text: String) throws -> Timestamp {
    if let instant = Timestamp(rfc3339: text) { return instant }
    let candidates = [text + "Z", text + ":00Z", text + "T00:00:00Z"]
    guard let local = candidates.lazy.compactMap({ Timestamp(rfc3339: $0) }).first else {
      throw Fault(
        .configuration, "\"\(Terminal.inert(String(text.prefix(60))))\" is not a time",
        advice: "Write it as 2026-11-01, 2026-11-01T04:00 or 2026-11-01T04:00:00Z")
    }
    return zone.reading(local.utc).cautious
  }

  /// The name of a report's file, from its period.
  static func fileName(_ period: Report.Period, ending: String) -> String {
    func part(_ time: Timestamp) -> String {
      let text = time.description.replacing(":", with: "")
      return time.milliseconds % 86_400_000 == 0 ? String(text.prefix(10)) : "\(text.prefix(17))Z"
    }
    return "report-\(part(period.from))-to-\(part(period.to)).\(ending)"
  }
}
