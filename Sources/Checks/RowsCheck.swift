package import DrillConfig
import DrillModel
package import EngineKit

/// `rows: {table: orders, min: 1000}`: how many rows a table holds.
package struct RowsCheck: IntegrityCheck {
  package struct Options: Sendable {
    var table = ""
    var least: Int?
    var most: Int?
    var exactly: Int?
  }

  package let kind = "rows"
  package let needs: ProbeKinds = .sql
  package let looksAtData = true
  package var title: String { "rows of \(options.table)" }

  let options: Options

  package static let declared = Kind<any IntegrityCheck>(
    name: "rows", summary: "How many rows a table or view holds",
    section: Section<Options>(
      [
        Key("table", \.table, .nonEmptyString, required: true, "Name of the table or view, qualified where it needs to be"),
        Key("min", \.least, .integer(0...Int.max), default: "1", "The fewest rows"),
        Key("max", \.most, .integer(0...Int.max), "The most rows"),
        Key("equals", \.exactly, .integer(0...Int.max), "The exact number of rows"),
      ]), initial: Options(), title: { $0.title },
    make: { options, context in
      if options.exactly != nil, options.least != nil || options.most != nil {
        context.report("`equals` says it all; leave out `min` and `max`", at: "equals")
      }
      if let least = options.least, let most = options.most, least > most {
        context.report("`min` is more than `max`", at: "min")
      }
      var options = options
      if options.least == nil, options.most == nil, options.exactly == nil { options.least = 1 }
      return RowsCheck(options: options)
    })

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    guard let probe = subject.probes.sql else { return .unanswered(expected) }
    do {
      let count = try await probe.count(table: options.table, timeout: subject.timeout)
      let isRight =
        count >= Int64(options.least ?? 0) && count <= Int64(options.most ?? .max) && (options.exactly.map { Int64($0) == count } ?? true)
      return CheckFinding(isRight ? .passed : .failed, expected: expected, found: "\(count) rows")
    } catch {
      return CheckFinding(error, expected: expected)
    }
  }

  private var expected: String {
    if let exactly = options.exactly { return "\(exactly) rows" }
    switch (options.least, options.most) {
    case (let least?, let most?): return "\(least) to \(most) rows"
    case (nil, let most?): return "at most \(most) rows"
    case (let least, nil): return "at least \(least ?? 1) rows"
    }
  }
}
