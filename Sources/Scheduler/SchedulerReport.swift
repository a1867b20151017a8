package import DrillModel
package import Ledger

/// Who looks after a site's schedules, for people.
package enum SchedulerReport {
  /// A daemon that has not looked for this long hangs or is stopped; it wakes at least every half minute.
  static let silence = Duration.seconds(300)
  /// A timer's look that is older than this is no use to a schedule any more.
  static let staleLook = Duration.seconds(7200)

  /// What is to be said of the schedulers seen, a sentence each.
  package static func lines(_ sightings: [SchedulerSighting], now: Timestamp) -> [String] {
    let isServed = isServed(sightings, now: now)
    return sightings.flatMap { sighting in [sentence(sighting, now: now, isServed: isServed)].compactMap(\.self) + notes(of: sighting) }
  }

  /// Whether somebody looks at the schedules: a daemon that wakes, or a timer not long ago.
  package static func isServed(_ sightings: [SchedulerSighting], now: Timestamp) -> Bool {
    sightings.contains { sighting in
      let age = now - sighting.lastLook
      return sighting.isDaemon ? sighting.isAlive && age < silence : age < staleLook
    }
  }

  private static func notes(of sighting: SchedulerSighting) -> [String] { sighting.isAlive ? sighting.notes : [] }

  private static func sentence(_ sighting: SchedulerSighting, now: Timestamp, isServed: Bool) -> String? {
    let age = now - sighting.lastLook
    let who = "pid \(sighting.pid) on \(sighting.host)"
    if !sighting.isDaemon {
      return age < staleLook || !isServed ? "scheduler: run --due looked last at \(sighting.lastLook.readable) (\(who))" : nil
    }
    guard sighting.isAlive else {
      return isServed
        ? nil : "scheduler: the daemon (\(who)) is dead since about \(sighting.lastLook.readable); nothing starts drills by their schedule"
    }
    if age >= silence { return "scheduler: the daemon (\(who)) has not looked since \(sighting.lastLook.readable); it hangs or is stopped" }
    return "scheduler: the daemon runs since \(sighting.startedAt.readable) (\(who)), last look \(max(age, .zero).readable) ago"
  }
}
