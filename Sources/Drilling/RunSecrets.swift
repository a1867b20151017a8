import DrillConfig
import DrillModel
import EngineKit
import ToolRunner

/// The secrets of one run, fetched before its log is opened, so that the log never shows one.
struct RunSecrets: Sendable {
  let fetched: FetchedSecrets
  /// Values and parts of them that no text may show.
  let hidden: [String]

  /// - Parameter tools: Without a log, which does not know yet what to hide.
  /// - Throws: `Fault` with code `credentials`.
  static func fetch(_ plan: DrillPlan, settings: RunSettings, tools: any ToolRunning) async throws -> RunSecrets {
    let references = plan.engine.secretReferences + plan.source.secretReferences + (plan.logs?.secretReferences ?? [])
    guard !references.isEmpty else { return RunSecrets(fetched: FetchedSecrets(), hidden: []) }
    let fetched = try await SecretReader(environment: settings.environment).fetch(references, tools: tools)
    let values = try references.map { try fetched.value(of: $0) }
    let engine = plan.engine
    return RunSecrets(fetched: fetched, hidden: values + (try await onThread("secrets") { engine.sensitiveParts(of: fetched) }))
  }
}
