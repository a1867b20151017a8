/// How a failed attempt is understood, as AWS's standard retry mode tells them apart.
package enum RetryCause: Sendable, Hashable {
  /// Too many requests: wait longer.
  case throttling
  /// The service or the network had a moment.
  case transient
}

/// AWS's standard retry mode by the rules of 2026: 50 ms for the first retry, a second for throttling, doubled for each, at most
/// 20 s, times a random part ("Retry behavior", AWS SDKs and Tools Reference Guide; botocore's `retries/standard.py`).
///
/// Pure: chance is given.
package enum RetryPolicy {
  package static let longestDelay: Double = 20

  /// Why an answer is worth another attempt; nil when it is not. `status` is nil when there was no answer.
  package static func cause(status: Int?, code: String?) -> RetryCause? {
    if isThrottling(code: code) { return .throttling }
    return isTransient(status: status, code: code) ? .transient : nil
  }

  package static func isThrottling(code: String?) -> Bool { code.map { throttling.contains($0) } ?? false }

  package static func isTransient(status: Int?, code: String?) -> Bool {
    guard let status else { return true }
    return [500, 502, 503, 504].contains(status) || code.map { transient.contains($0) } ?? false
  }

  /// How long to wait after the `attempt`-th attempt, counted from 1. `chance` is even over 0 up to 1; `retryAfter` is the header
  /// `x-amz-retry-after`, in milliseconds, which can lengthen the wait by five seconds at most and never shortens it.
  package static func delay(after attempt: Int, cause: RetryCause, chance: Double, retryAfter: String? = nil) -> Duration {
    let base: Double = cause == .throttling ? 1 : 0.05
    var power = base
    for _ in 1..<max(2, min(attempt, 64)) where attempt > 1 { power *= 2 }
    let own = chance * min(power, longestDelay)
    guard let milliseconds = retryAfter.flatMap({ Int($0) }), milliseconds >= 0 else { return seconds(own) }
    return seconds(max(own, min(Double(milliseconds) / 1000, own + 5)))
  }

  private static func seconds(_ value: Double) -> Duration { .microseconds(Int64((value * 1_000_000).rounded())) }

  private static let throttling: Set<String> = [
    "Throttling", "ThrottlingException", "ThrottledException", "Throttled", "RequestThrottledException", "TooManyRequestsException",
    "ProvisionedThroughputExceededException", "TransactionInProgressException", "RequestLimitExceeded", "BandwidthLimitExceeded",
    "LimitExceededException", "RequestThrottled", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException", "KMSThrottling",
    "KMSThrottlingException",
  ]
  private static let transient: Set<String> = ["RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"]
}

/// A budget that all calls of a program share, so that an outage is not made worse by retries.
package struct RetryQuota: Sendable, Hashable {
  package static let capacity = 500
  package private(set) var left: Int

  package init(left: Int = RetryQuota.capacity) { self.left = left }

  /// Pays for a retry; nil, and nothing is paid, when there is not enough left. Gives what was paid.
  package mutating func take(for cause: RetryCause) -> Int? {
    let cost = cause == .throttling ? 5 : 14
    guard left >= cost else { return nil }
    left -= cost
    return cost
  }

  /// Pays back after a success what its last retry cost, or 1 when it needed none.
  package mutating func giveBack(_ cost: Int?) { left = min(RetryQuota.capacity, left + (cost ?? 1)) }
}
