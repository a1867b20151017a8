package import DrillConfig
import DrillModel
package import EngineKit

/// `engine: {level: full}`: the engine's own deep check.
package struct EngineCheck: IntegrityCheck {
  package struct Options: Sendable {
    var level = DeepLevel.full
  }

  package let kind = "engine"
  package let needs: ProbeKinds = .deep
  package let looksAtData = true
  package var title: String { "engine check (\(level.rawValue))" }

  let level: DeepLevel
  /// Findings named in the record; the rest is counted.
  private static let shown = 10

  package static let declared = Kind<any IntegrityCheck>(
    name: "engine", summary: "The engine's own deep check (amcheck, integrity_check, …)",
    section: Section<Options>([
      Key("level", \.level, .choice(), default: "full", "`quick` looks at the structure, `full` reads everything")
    ]), initial: Options(), shorthand: Shorthand(.choice(), \.level), title: { $0.title },
    make: { options, _ in EngineCheck(level: options.level) })

  package func evaluate(_ subject: CheckSubject) async -> CheckFinding {
    let expected = "no findings"
    guard let probe = subject.probes.deep else { return .unanswered(expected) }
    do {
      let result = try await probe.check(level, timeout: subject.timeout)
      if result.findings.isEmpty { return CheckFinding(.passed, expected: expected, found: "none in \(result.scope)") }
      var text = result.findings.prefix(Self.shown).map { String($0.prefix(300)) }.joined(separator: "; ")
      if result.findings.count > Self.shown { text += "; and \(result.findings.count - Self.shown) more" }
      return CheckFinding(.failed, expected: expected, found: text)
    } catch {
      return CheckFinding(error, expected: expected)
    }
  }
}
