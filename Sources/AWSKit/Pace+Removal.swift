package import AWSClient
package import DrillModel

extension Pace {
  /// Repeats a step that asks for the end of what it finds, until it has found nothing twice: one odd answer does not pass for the end.
  /// What can pass is waited out; the deadline is the caller's.
  ///
  /// - Parameters:
  ///   - wasMade: Whether it is known to have been there. Else it is looked for as long as patience lasts: the request may still be on its way.
  ///   - tolerating: Whether another state, which comes by itself, would mend a refusal.
  ///   - refused: What to throw of a refusal that nothing mends.
  ///   - step: Is given how long this has lasted, and answers whether it found anything.
  package func untilGone(
    wasMade: Bool, tolerating: (AWSFailure) -> Bool = { _ in false }, refused: (AWSFailure) -> Fault, step: (Duration) async throws -> Bool
  ) async throws {
    var (looks, misses, wasSeen, waited) = (0, 0, wasMade, Duration.zero)
    while true {
      do {
        if try await step(waited) {
          (misses, wasSeen) = (0, true)
        } else {
          misses += 1
          if misses > 1, wasSeen || waited >= patience { return }
        }
      } catch let failure as AWSFailure where !failure.isPassing && !tolerating(failure) {
        throw refused(failure)
      } catch is AWSFailure {
        try Task.checkCancellation()
      }
      // The second look, which only confirms the first, need not wait long.
      looks = misses == 1 ? 1 : looks + 1
      waited += min(interval, .seconds(looks))
      try await wait(after: looks)
    }
  }
}
