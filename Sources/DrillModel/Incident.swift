/// A time during which a drill does not pass: from the first telling until a run passes.
package struct Incident: Sendable, Hashable {
  /// The id of its first bad run, or `overdue-` and a due time. The same whoever notices it.
  package var id: String
  package var drill: String
  /// What holds now: a verdict's name, or `overdue`.
  package var cause: String
  /// When it became bad: the end of the first bad run, or the due time that nothing answered.
  package var since: Timestamp
  /// When it was first told.
  package var opened: Timestamp
  /// When it was last told of anew, by a verdict or as overdue. Reminders count from here.
  package var told: Timestamp
  /// What was last told of: a run's id, or `overdue-` and a due time.
  package var anchor: String
  /// The due time last told as overdue.
  package var overdue: Timestamp?
  /// Whether the drill has had a schedule or `every` while it lasts.
  package var isScheduled: Bool

  package init(id: String, drill: String, cause: String, since: Timestamp, told: Timestamp, overdue: Timestamp? = nil) {
    self.id = id
    self.drill = drill
    self.cause = cause
    self.since = since
    self.told = told
    self.overdue = overdue
    opened = told
    anchor = id
    isScheduled = false
  }
}
