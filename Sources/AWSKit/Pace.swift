/// How often AWS is asked whether something is done, and how that wait passes; a test replaces the waiting.
package struct Pace: Sendable {
  /// The longest wait between two looks; what is measured is at most this much too long.
  package var interval: Duration
  /// How long something that was perhaps asked for is looked for before it counts as never made.
  package var patience: Duration
  /// How long a database that is said to be there may stay out of reach before the way to it is what is wrong.
  package var reach: Duration
  /// Waits, and throws when the task is cancelled.
  package var sleep: @Sendable (Duration) async throws -> Void

  package init(
    interval: Duration = .seconds(5), patience: Duration = .seconds(15), reach: Duration = .seconds(300),
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.interval = interval
    self.patience = patience
    self.reach = reach
    self.sleep = sleep
  }

  /// Waits before the next look: a second at first, so that what is quick is seen quickly.
  package func wait(after looks: Int) async throws { try await sleep(min(interval, .seconds(max(1, looks)))) }
}
