package import DrillModel

/// A check of a drill with what every check declares and its place.
package struct LoadedCheck<Check: Sendable>: Sendable {
  package var rules: CheckRules
  package var check: Check
  /// Where its kind is named.
  package var place: Place

  package init(rules: CheckRules, check: Check, place: Place) {
    self.rules = rules
    self.check = check
    self.place = place
  }
}

/// What every check may declare beside its kind.
struct CheckOptions: Sendable {
  var name: String?
  var severity = Severity.fail
  var timeout: Duration?
  var ignore: CheckRules.Ignore?
}

struct IgnoreOptions: Sendable {
  var reason = ""
  var until = Timestamp(seconds: 0)
}

let ignoreKeys = Section<IgnoreOptions>([
  Key("reason", \.reason, .nonEmptyString, required: true, "Why the check is left out."),
  Key("until", \.until, .dateOrTimestamp, required: true, "The last day, or the time, until which it is left out."),
])

let checkKeys = Section<CheckOptions>([
  Key("name", \.name, .drillName, default: "a title from its kind", "The check's name, unique in the drill."),
  Key("severity", \.severity, .choice(), default: "fail", "Whether a finding decides the verdict or is only told."),
  Key("timeout", \.timeout, .positiveDuration, default: "check-timeout", "The longest that the check may take."),
  Key(
    "ignore", \.ignore,
    ValueType<IgnoreOptions>.section(ignoreKeys, initial: IgnoreOptions()).map { CheckRules.Ignore(reason: $0.reason, until: $0.until) },
    "Leaves the check out of the verdict until a date, with the reason."),
])

/// Reads the list of checks: each one key that names its kind, plus what every check may declare.
struct CheckReader<Check: Sendable> {
  let kinds: [Kind<Check>]
  let drill: String

  private struct Draft {
    var options: CheckOptions
    var kind: Kind<Check>
    var check: Check
    var place: Place
    var namePlace: Place?
  }

  /// The valid checks; what is wrong with the others has been reported.
  ///
  /// A check without a name has its kind's title; where that is taken, ` (2)`, ` (3)` … follows. A name given twice is an error.
  func read(_ node: ConfigNode, _ diagnostics: inout Diagnostics) -> [LoadedCheck<Check>] {
    guard let items = node.items else {
      let _: Int? = diagnostics.expected("a list of checks", at: node)
      return []
    }
    var drafts: [Draft] = []
    for item in items where !diagnostics.isFull {
      if let draft = draft(item, &diagnostics) { drafts.append(draft) }
    }
    var taken: [String: Int] = [:]
    for draft in drafts {
      guard let name = draft.options.name, let place = draft.namePlace else { continue }
      if let line = taken[name] {
        diagnostics.error("the check name \(quoted(name)) is given twice, first in line \(line)", at: place)
      } else {
        taken[name] = place.line
      }
    }
    return drafts.map { draft in
      let name = draft.options.name ?? CheckReader.free(draft.kind.title(draft.check), &taken)
      let rules = CheckRules(
        name: name, kind: draft.kind.name, severity: draft.options.severity, timeout: draft.options.timeout, ignore: draft.options.ignore)
      return LoadedCheck(rules: rules, check: draft.check, place: draft.place)
    }
  }

  private static func free(_ title: String, _ taken: inout [String: Int]) -> String {
    var name = title
    var number = 1
    while taken[name] != nil {
      number += 1
      name = "\(title) (\(number))"
    }
    taken[name] = 0
    return name
  }

  private func draft(_ item: ConfigNode, _ diagnostics: inout Diagnostics) -> Draft? {
    guard case .mapping(let entries) = item.content else {
      let name = item.scalar?.text ?? ""
      let hint = kinds.contains { $0.name == name } ? "write \(name): {}" : nil
      return diagnostics.expected("a check such as {rows: {table: orders, min: 1}}", at: item, suggestion: hint)
    }
    let isKnown = reportUnknownKeys(entries, known: kinds.map(\.name) + checkKeys.names, &diagnostics)
    let options = checkKeys.read(item, &diagnostics, into: CheckOptions(), alongside: nil)
    let named = entries.compactMap { entry in kinds.first { $0.name == entry.key }.map { (kind: $0, entry: entry) } }
    guard named.count <= 1, let (kind, entry) = named.first else {
      if named.count > 1 {
        let names = named.map(\.kind.name)
        diagnostics.error("a check has one kind, and this one names \(alternatives(names, "and"))", at: named[1].entry.keyPlace)
      } else if isKnown {
        diagnostics.error("the check names no kind; kinds: \(kinds.map(\.name).joined(separator: ", "))", at: item.place)
      }
      return nil
    }
    var context = ReadContext(drill: drill, node: entry.value, diagnostics: diagnostics)
    let check = kind.read(&context, [])
    diagnostics = context.diagnostics
    guard let check, let options else { return nil }
    return Draft(options: options, kind: kind, check: check, place: entry.keyPlace, namePlace: item.entry("name")?.value.place)
  }
}
