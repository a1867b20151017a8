package import AWSClient
package import DrillModel

extension Pace {
  /// Repeats a step that asks for the end of what it finds, until it has found nothing twice: one odd answer does not pass for the end.
  /// Throttling and states that pass are waited out, for which the deadline is the caller's; AWS that cannot be asked at all, for as long as
  /// `reach` says.
  ///
  /// - Parameters:
  ///   - patience: How long it is looked for before its absence counts, unless it was seen: AWS may show it later than it makes it.
  ///   - tolerating: Whether another state, which comes by itself, would mend a refusal.
  ///   - refused: What to throw of a refusal that nothing mends.
  ///   - step: Is given how long this has lasted, and answers whether it found anything.
  package func untilGone(
    patience: Duration, tolerating: (AWSFailure) -> Bool = { _ in false }, refused: (AWSFailure) -> Fault,
    step: (Duration) async throws -> Bool
  ) async throws {
    var (looks, misses, wasSeen) = (0, 0, false)
    var (waited, trouble) = (Duration.zero, Duration.zero)
    // Calls that get no answer take their time as well.
    var lastAnswer = ContinuousClock.now
    while true {
      var confirms = false
      do {
        if try await step(waited) {
          (misses, wasSeen) = (0, true)
        } else {
          misses += 1
          if misses > 1, wasSeen || waited >= patience { return }
          confirms = misses == 1
        }
        (trouble, lastAnswer) = (.zero, .now)
      } catch let failure as AWSFailure where tolerating(failure) || failure.kind == .throttled {
        try Task.checkCancellation()
        (trouble, lastAnswer) = (.zero, .now)
      } catch let failure as AWSFailure {
        try Task.checkCancellation()
        let endurance = failure.isAboutCredentials ? self.patience : reach
        guard failure.isPassing, max(trouble, ContinuousClock.now - lastAnswer) <= endurance else { throw refused(failure) }
        trouble += min(interval, .seconds(looks + 1))
      }
      // The second look, which only confirms the first, need not wait long.
      looks = confirms ? 1 : looks + 1
      waited += min(interval, .seconds(looks))
      try await wait(after: looks)
    }
  }

  /// How long something is looked for before its absence counts, by what its row in the ledger says: nothing says yet that AWS has
  /// shown what was only asked for, or only just made.
  package func patience(after state: ScratchResource.State) -> Duration {
    switch state {
    case .intended: patience
    case .made: min(patience, .seconds(5))
    case .destroying, .leaked, .kept, .gone: .zero
    }
  }
}
