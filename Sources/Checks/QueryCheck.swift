package import DrillConfig
import DrillModel
package import EngineKit

/// `query: {sql: …, equals: 0}`: what a statement answers, one value or a table of them.
package struct QueryCheck: IntegrityCheck {
  package struct Options: Sendable {
    var sql = ""
    var equals: Answer?
    var notEquals: Answer?
    var least: ExactNumber?
    var most: ExactNumber?
    var between: [ExactNumber]?
    var matches: Pattern?
    var empty: Bool?
  }

  /// Rows of values as text; nil is SQL's null. One value is one row of one column.
  package struct Answer: Sendable, Hashable {
    var rows: [[String?]]
  }

  package let kind = "query"
  package let needs: ProbeKinds = .sql
  package let looksAtData = true
  package var title: String { "query \(options.sql.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(60))" }

  let options: Options

  private static let comparisons = ["equals", "not-equals", "min", "max", "between", "matches", "empty"]

  package static let declared = Kind<any IntegrityCheck>(
    name: "query", summary: "What a SQL statement answers",
    section: Section<Options>(
      [
        Key("sql", \.sql, .nonEmptyString, required: true, "One statement that only reads"),
        Key("equals", \.equals, .answer, "The answer: one value, a list (one column), or a list of lists (rows)"),
        Key("not-equals", \.notEquals, .answer, "What the answer must not be"),
        Key("min", \.least, .exactNumber, "The least that each value may be"),
        Key("max", \.most, .exactNumber, "The most that each value may be"),
        Key("between", \.between, .list(of: .exactNumber, atLeast: 2), "Two numbers that each value lies between, both included"),
        Key("matches", \.matches, .pattern, "A regular expression that each value matches somewhere"),
        Key("empty", \.empty, .boolean, "Whether no row may come (true), or at least one must (false)"),
      ], rules: [.atLeastOne(comparisons)]), initial: Options(), title: { $0.title },
    make: { options, context in
      if let between = options.between, between.count != 2 || between[0] > between[1] {
        context.report("`between` takes two numbers, the smaller first", at: "between")
      }
      return QueryCheck(options: options)
    })

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    guard let probe = subject.probes.sql else { return .unanswered(expected) }
    do {
      let wanted = max(options.equals?.rows.count ?? 0, options.notEquals?.rows.count ?? 0)
      let table = try await probe.query(options.sql, timeout: subject.timeout, limit: max(1000, wanted + 1))
      return judge(table)
    } catch {
      return CheckFinding(error, expected: expected)
    }
  }

  private func judge(_ table: SQLTable) -> CheckFinding {
    let found = Self.describe(table)
    func finding(_ verdict: CheckVerdict, _ why: String = "") -> CheckFinding {
      CheckFinding(verdict, expected: expected, found: found + why)
    }
    if let empty = options.empty, table.rows.isEmpty != empty { return finding(.failed) }
    if let equals = options.equals, table.isCut || !equals.isEqual(to: table.rows) { return finding(.failed) }
    if let not = options.notEquals, !table.isCut, not.isEqual(to: table.rows) { return finding(.failed) }
    guard options.least != nil || options.most != nil || options.between != nil || options.matches != nil else { return finding(.passed) }
    if table.rows.isEmpty { return finding(.failed) }
    if table.isCut { return finding(.couldNotVerify, "; compare at most \(table.rows.count) rows, or count them in SQL") }
    for value in table.rows.flatMap(\.self) where !accepts(value) { return finding(.failed, Self.culprit(value, table)) }
    return finding(.passed)
  }

  private static func culprit(_ value: String?, _ table: SQLTable) -> String {
    table.rows.count == 1 && table.columns.count == 1 ? "" : ", among them \(recordable(value))"
  }

  /// Null and text fail every numeric comparison: an aggregate over nothing must not pass.
  private func accepts(_ value: String?) -> Bool {
    if let matches = options.matches { guard let value, matches.isFound(in: value) else { return false } }
    let least = [options.least, options.between?.first].compactMap(\.self)
    let most = [options.most, options.between?.last].compactMap(\.self)
    if least.isEmpty, most.isEmpty { return true }
    guard let value, let number = ExactNumber(value) else { return false }
    return least.allSatisfy { number >= $0 } && most.allSatisfy { number <= $0 }
  }

  private static func describe(_ table: SQLTable) -> String {
    if table.rows.count == 1, table.rows[0].count == 1 { return recordable(table.rows[0][0]) }
    let rows = "\(table.isCut ? "more than " : "")\(table.rows.count) rows"
    return "\(rows) of \(table.columns.count) columns"
  }

  private var expected: String {
    var parts: [String] = []
    if let equals = options.equals { parts.append("equal to \(equals.description)") }
    if let not = options.notEquals { parts.append("not \(not.description)") }
    if let least = options.least { parts.append("at least \(least.text)") }
    if let most = options.most { parts.append("at most \(most.text)") }
    if let between = options.between, between.count == 2 { parts.append("between \(between[0].text) and \(between[1].text)") }
    if let matches = options.matches { parts.append("matching /\(matches.text)/") }
    if let empty = options.empty { parts.append(empty ? "no rows" : "at least one row") }
    return parts.joined(separator: ", ")
  }
}

extension QueryCheck.Answer {
  func isEqual(to found: [[String?]]) -> Bool {
    rows.count == found.count && zip(rows, found).allSatisfy { $0.count == $1.count && zip($0, $1).allSatisfy(Self.isSame) }
  }

  /// Numbers by value, truth values in either spelling, the rest byte for byte.
  private static func isSame(_ wanted: String?, _ found: String?) -> Bool {
    guard let wanted, let found else { return wanted == nil && found == nil }
    if wanted == found { return true }
    if let left = ExactNumber(wanted), let right = ExactNumber(found) { return left == right }
    let truth = ["true": true, "t": true, "1": true, "false": false, "f": false, "0": false]
    return ["true", "false"].contains(wanted) && truth[found] == truth[wanted]
  }

  var description: String {
    guard rows.count == 1, rows[0].count == 1 else { return "\(rows.count) rows" }
    return rows[0][0] ?? "null"
  }
}
