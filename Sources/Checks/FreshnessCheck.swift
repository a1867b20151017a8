package import DrillConfig
import DrillModel
package import EngineKit

/// `freshness: {sql: "select max(created_at) from orders", max-age: 1d}`: how old the newest record is.
package struct FreshnessCheck: IntegrityCheck {
  package struct Options: Sendable {
    var sql = ""
    var maxAge: Duration?
    var governs = false
    var timezone: String?
  }

  package let kind = "freshness"
  package let needs: ProbeKinds = .sql
  package let looksAtData = true
  package var title: String { "freshness" }

  let options: Options
  /// How far ahead of the failure instant a record may lie before its clock is called wrong.
  private static let skew = Duration.seconds(300)

  package static let declared = Kind<any IntegrityCheck>(
    name: "freshness", summary: "How old the newest record is, from the recovery point's time",
    section: Section<Options>(
      [
        Key("sql", \.sql, .nonEmptyString, required: true, "A statement that gives one moment: a timestamp, a date or Unix time"),
        Key("max-age", \.maxAge, .positiveDuration, "How much older than the recovery point the newest record may be"),
        Key(
          "governs", \.governs, .boolean, default: "false",
          "Whether the record's age counts as the recovery point actual (a heartbeat table)"),
        Key("timezone", \.timezone, .timezone, default: "UTC", "The zone of moments that carry none"),
      ], rules: [.atLeastOne(["max-age", "governs"])]), initial: Options(), title: { $0.title },
    make: { options, context in
      if options.maxAge == nil, !options.governs { context.report("without `governs: true` a `max-age` is needed", at: "governs") }
      return FreshnessCheck(options: options)
    })

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    guard let probe = subject.probes.sql else { return .unanswered(expected) }
    do {
      let table = try await probe.query(options.sql, timeout: subject.timeout, limit: 2)
      guard table.columns.count == 1, table.rows.count <= 1 else {
        return CheckFinding(.couldNotVerify, expected: expected, found: "the statement must give one value")
      }
      guard let value = table.rows.first?[0] else { return CheckFinding(.failed, expected: expected, found: "no record") }
      return judge(value, subject)
    } catch {
      return CheckFinding(error, expected: expected)
    }
  }

  private func judge(_ value: String, _ subject: CheckSubject) -> CheckFinding {
    guard let time = DataTime(value, zone: options.timezone) else {
      return CheckFinding(.couldNotVerify, expected: expected, found: "the value is no moment: \(recordable(value))")
    }
    let newest = time.timestamp
    func finding(_ verdict: CheckVerdict, _ found: String) -> CheckFinding {
      CheckFinding(verdict, expected: expected, found: found, newest: newest, governs: options.governs)
    }
    guard newest <= subject.failureInstant + Self.skew else {
      let ahead = newest - subject.failureInstant
      // A time that cannot be true must not become the recovery point actual.
      return CheckFinding(.failed, expected: expected, found: "newest record \(newest), \(ahead.readable) in the future")
    }
    guard let maxAge = options.maxAge else { return finding(.passed, "newest record \(newest)") }
    guard let point = subject.recoveryPoint else {
      return finding(.couldNotVerify, "newest record \(newest), but the recovery point's time is unknown")
    }
    let age = max(point - newest, .zero)
    return finding(age <= maxAge ? .passed : .failed, "newest record \(newest), \(age.readable) before the recovery point")
  }

  private var expected: String {
    options.maxAge.map { "newest record at most \($0.readable) before the recovery point" } ?? "a newest record"
  }
}
