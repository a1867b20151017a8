package import DrillModel
import Scheduling

/// What cron expressions mean, for people and scripts.
package enum DueTimes {
  /// Reads `--from`: RFC 3339, or a time without an offset in `zone`; nil is now.
  ///
  /// - Throws: `Fault` with code `configuration`.
  package static func start(_ text: String?, zone name: String, clocks: any Clocks) throws -> Timestamp {
    guard let text else { return clocks.now() }
    if let instant = Timestamp(rfc3339: text) { return instant }
    let zone = try zone(name)
    guard let local = Timestamp(rfc3339: text + "Z") else {
      throw Fault(.configuration, "\"\(text.prefix(60))\" is not a time", advice: "Write it as 2026-11-21T04:00:00Z or without an offset")
    }
    return zone.reading(local.utc).cautious
  }

  /// The next times of an expression as RFC 3339 in the zone's offset.
  package static func of(_ cron: String, zone: String, after start: Timestamp, count: Int) throws -> [String] {
    try instants(cron, zone: zone, after: start, count: count).map(\.text)
  }

  /// - Throws: `Fault` with code `configuration` for a wrong expression or an unknown zone.
  package static func instants(
    _ cron: String, zone name: String, after start: Timestamp, count: Int
  ) throws -> [(instant: Timestamp, text: String)] {
    let zone = try zone(name)
    let expression: CronExpression
    do {
      expression = try CronExpression(cron)
    } catch {
      throw Fault(.configuration, "the cron expression \"\(cron.prefix(60))\" is wrong: \(error)")
    }
    var found: [(Timestamp, String)] = []
    var after = start
    while found.count < count, let next = expression.next(after: after, in: zone) {
      found.append((next, text(next, zone)))
      after = next
    }
    return found
  }

  private static func zone(_ name: String) throws -> Zone {
    guard let zone = Zone(name) else {
      throw Fault(.configuration, "there is no time zone \"\(name.prefix(60))\"", advice: "Use an IANA name such as Europe/Berlin")
    }
    return zone
  }

  private static func text(_ instant: Timestamp, _ zone: Zone) -> String {
    let offset = zone.offset(atSeconds: instant.seconds)
    let local = Timestamp(seconds: instant.seconds + offset).description.prefix(19)
    if offset == 0 { return "\(local)Z" }
    let minutes = abs(offset) / 60
    let hours = minutes / 60
    let rest = minutes % 60
    return "\(local)\(offset < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(rest < 10 ? "0" : "")\(rest)"
  }
}
