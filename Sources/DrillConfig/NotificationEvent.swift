/// What people can be told about.
package enum NotificationEvent: String, Sendable, Codable, CaseIterable {
  case failed
  case couldNotVerify = "could_not_verify"
  case cannotDrill = "cannot_drill"
  case interrupted
  case overdue
  /// A drill passed after runs that did not, or after it was overdue.
  case recovered
  case skipped
  case passed
  /// What was told before still holds.
  case reminder
  /// What was told before has lasted long enough for somebody else to be told.
  case escalated
  /// Somebody tries the channels.
  case test

  /// What a channel tells when it does not say.
  package static let usual: [NotificationEvent] = [.failed, .couldNotVerify, .cannotDrill, .interrupted, .overdue, .recovered]

  /// What a channel of metrics tells when it does not say: every run, and a run that is missing.
  package static let measured: [NotificationEvent] = [.failed, .couldNotVerify, .cannotDrill, .interrupted, .overdue, .skipped, .passed]

  /// What `on` can name. Reminders follow from `remind`, escalations from `escalate`.
  package static let selectable: [NotificationEvent] = usual + [.skipped, .passed]
}
