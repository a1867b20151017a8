import AWSClient
import DrillModel
import DrillTestSupport
import Testing

@Suite("The standard retry mode against open vectors", .enabled(if: VectorFile.isThere, Comment(rawValue: ConformanceData.absence)))
struct RetryPolicyVectorTests {
  @Test("errors are told apart", arguments: VectorFile.rows("aws_retry", ["classify_throttling", "classify_transient"]))
  func classes(row: JSONValue) {
    let status = row["input"]["status"].number.map { Int($0) }
    let code = row["input"]["error_code"].text
    if !row["expect"]["is_throttling"].isNull {
      #expect(RetryPolicy.isThrottling(code: code) == row["expect"]["is_throttling"].isTrue)
      #expect((RetryPolicy.cause(status: status, code: code) == .throttling) == row["expect"]["is_throttling"].isTrue)
    } else {
      #expect(RetryPolicy.isTransient(status: status, code: code) == row["expect"]["is_transient"].isTrue)
      #expect((RetryPolicy.cause(status: status, code: code) != nil) == row["expect"]["is_transient"].isTrue)
    }
  }

  /// Rows of the rules before 2026 (`backoff_pre2026`) are kept in the vectors for comparison only.
  @Test("waits are as long as the rules of 2026 say", arguments: VectorFile.rows("aws_retry", ["backoff_2026", "retry_after_2026"]))
  func waits(row: JSONValue) throws {
    let input = row["input"]
    let delay = RetryPolicy.delay(
      after: Int(try #require(input["attempt"].number)), cause: input["throttling"].isTrue ? .throttling : .transient,
      chance: try #require(input["jitter"].number), retryAfter: input["x_amz_retry_after_ms"].text)
    #expect(delay == .milliseconds(Int64(try #require(row["expect"]["delay_s"].number) * 1000)))
    if let longest = row["expect"]["max_s"].number { #expect(RetryPolicy.longestDelay == longest) }
    guard let before = input["quota_before"].number else { return }
    var quota = RetryQuota(left: Int(before))
    let cost = quota.take(for: .transient)
    #expect(Double(quota.left) == row["expect"]["quota_after_failure"].number)
    quota.giveBack(cost)
    #expect(Double(quota.left) == row["expect"]["quota_after_success"].number)
  }

  @Test("the quota is paid and paid back as the rules say", arguments: VectorFile.rows("aws_retry", ["quota_2026"]))
  func quota(row: JSONValue) throws {
    var quota = RetryQuota(left: Int(try #require(row["input"]["quota_before"].number)))
    let error = try #require(row["input"]["error"].text)
    if error.hasPrefix("success") {
      quota.giveBack(nil)
      #expect(Double(quota.left) == row["expect"]["quota_after"].number)
      return
    }
    let cost = quota.take(for: error == "throttling" ? .throttling : .transient)
    if row["expect"]["retry"] == .boolean(false) {
      #expect(cost == nil)
      return
    }
    #expect(Double(quota.left) == row["expect"]["quota_after"].number)
    if let wanted = row["expect"]["cost"].number { #expect(cost.map { Double($0) } == wanted) }
    if let after = row["expect"]["after_success"].number {
      quota.giveBack(cost)
      #expect(Double(quota.left) == after)
    }
  }

  @Test("chance shortens a wait and never lengthens it, and no wait is negative")
  func chance() {
    for attempt in 1...40 {
      for cause in [RetryCause.throttling, .transient] {
        let longest = RetryPolicy.delay(after: attempt, cause: cause, chance: 1)
        #expect(RetryPolicy.delay(after: attempt, cause: cause, chance: 0) == .zero)
        #expect(RetryPolicy.delay(after: attempt, cause: cause, chance: 0.5) <= longest)
        #expect(longest <= .seconds(20))
        #expect(RetryPolicy.delay(after: attempt, cause: cause, chance: 1, retryAfter: "99999999") <= .seconds(25))
      }
    }
  }
}
