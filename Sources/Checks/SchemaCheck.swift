package import DrillConfig
import DrillModel
package import EngineKit

/// `schema: {reference: orders.schema}`: the restored schema against one kept in a file.
package struct SchemaCheck: IntegrityCheck {
  package struct Options: Sendable {
    var reference = ""
  }

  package let kind = "schema"
  package let needs: ProbeKinds = .schema
  package let looksAtData = true
  package var title: String { "schema" }

  /// An absolute path.
  let reference: String
  /// Differences named in the record; the rest is counted.
  private static let shown = 20

  package static let declared = Kind<any IntegrityCheck>(
    name: "schema", summary: "Tables, columns, types, indexes, constraints and views against a committed reference",
    section: Section<Options>([
      Key("reference", \.reference, .path, required: true, "A file that `drillmark schema DRILL` wrote")
    ]), initial: Options(), shorthand: Shorthand(.path, \.reference), title: { $0.title },
    make: { options, context in SchemaCheck(reference: context.file.resolve(options.reference)) })

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    let wanted: SchemaReference
    do { wanted = try SchemaReference(path: reference) } catch {
      let reason = (error as? Fault)?.description ?? "cannot read the schema reference \(reference)"
      return CheckFinding(.couldNotVerify, expected: "the schema in \(reference)", found: reason)
    }
    let expected = "\(wanted.snapshot.lines.count) schema lines"
    guard let probe = subject.probes.schema else { return .unanswered(expected) }
    do {
      let found = try await probe.schema(timeout: subject.timeout)
      guard found.engine == wanted.snapshot.engine else {
        return CheckFinding(
          .couldNotVerify, expected: expected, found: "the reference is of \(wanted.snapshot.engine), the restored system \(found.engine)")
      }
      return Self.judge(wanted.difference(to: found), found, expected)
    } catch {
      return CheckFinding(error, expected: expected)
    }
  }

  private static func judge(_ difference: [String], _ found: SchemaSnapshot, _ expected: String) -> CheckFinding {
    if difference.isEmpty { return CheckFinding(.passed, expected: expected, found: "\(found.lines.count) schema lines, the same") }
    let missing = difference.count { $0.hasPrefix("-") }
    var text = "\(missing) missing, \(difference.count - missing) more than expected"
    for line in difference.prefix(shown) { text += "\n" + line.prefix(300) }
    if difference.count > shown { text += "\nand \(difference.count - shown) more" }
    return CheckFinding(.failed, expected: expected, found: text)
  }
}
