import DrillConfig
import DrillModel
import EngineKit
import Selecting

extension DrillPlan {
  /// The moment of the simulated disaster: declared, or the time to restore to, or the run's start.
  func failureInstant(startedAt: Timestamp) -> Timestamp { drill.failureInstant ?? recoverTo ?? engine.recoveryInstant ?? startedAt }

  /// The moment that `select: {at: …}` names.
  var recoverTo: Timestamp? { if case .at(let instant) = drill.rules.select { instant } else { nil } }

  /// Directories on this machine that hold backups or logs.
  var localDirectories: [String] { source.localDirectories + (logs?.localDirectories ?? []) }

  /// What the source holds, judged, with chains put together.
  func survey(now: Timestamp) async throws -> Survey {
    try await engine.assemble(try await source.survey(rules: drill.rules, now: now))
  }
}
