/// What is remembered of a drill's schedule from one look at it to the next, by whoever looks.
package struct ScheduleMemory: Sendable, Hashable {
  package var drill: String
  /// The expression and the zone that hold, as written.
  package var cron: String
  package var timezone: String
  /// When they were first seen; due instants up to then are none of theirs.
  package var since: Timestamp
  /// Every due instant up to here has its outcome.
  package var considered: Timestamp
  /// Since when the site has no such drill or schedule; nil while it has.
  package var absentSince: Timestamp?

  package init(
    drill: String, cron: String, timezone: String, since: Timestamp, considered: Timestamp, absentSince: Timestamp? = nil
  ) {
    self.drill = drill
    self.cron = cron
    self.timezone = timezone
    self.since = since
    self.considered = considered
    self.absentSince = absentSince
  }
}
