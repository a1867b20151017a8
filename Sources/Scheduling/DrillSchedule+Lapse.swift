package import DrillModel

extension DrillSchedule {
  /// How long after its due time and jitter a run must have come to a verdict where the drill does not say.
  package static let defaultStartWithin = Duration.seconds(3600)

  /// The newest due time that is past with its jitter and `start-within`, which is an hour unless said; nil when there is none.
  ///
  /// - Throws: `Fault` with code `configuration` for an expression or a zone that is none.
  package func lapsed(at now: Timestamp) throws -> Timestamp? {
    let allowance = jitter + (startWithin ?? DrillSchedule.defaultStartWithin)
    return try expression.previous(before: now - allowance, in: zone)
  }

  /// The first due time after `instant`, without jitter.
  ///
  /// - Throws: `Fault` with code `configuration` for an expression or a zone that is none.
  package func next(after instant: Timestamp) throws -> Timestamp? { try expression.next(after: instant, in: zone) }

  var expression: CronExpression {
    get throws {
      do { return try CronExpression(cron) } catch { throw Fault(.configuration, "The schedule “\(cron)” is wrong: \(error)") }
    }
  }

  var zone: Zone {
    get throws {
      guard let zone = Zone(timezone) else {
        throw Fault(.configuration, "There is no time zone \(timezone)", advice: "Give an IANA name such as Europe/Berlin")
      }
      return zone
    }
  }
}
