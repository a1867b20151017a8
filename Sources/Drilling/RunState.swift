import DrillModel
import EngineKit
import Objectives
import Selecting

/// A run as it grows, phase by phase; nothing downstream reaches back. Ends as a `RunRecord`.
struct RunState: Sendable {
  let run: RunID
  let drill: Drill
  let trigger: RunRecord.Trigger
  let startedAt: Timestamp
  var failureInstant: Timestamp
  var timeline: Timeline
  var survey: Survey?
  var chosen: Candidate?
  var artefact: ArtefactRecord?
  var engine: EngineIdentity?
  var report: RestoreReport?
  var checks: [CheckRecord] = []
  var freshness: [RecoveryPointEvidence.Freshness] = []
  var readyAt: Duration?
  var verifiedAt: Duration?
  var faults: [Fault] = []
  var notes: [Reason] = []
  var resources: [ScratchResource] = []

  init(run: RunID, drill: Drill, trigger: RunRecord.Trigger, startedAt: Timestamp, origin: Duration) {
    self.run = run
    self.drill = drill
    self.trigger = trigger
    self.startedAt = startedAt
    failureInstant = drill.failureInstant(startedAt: startedAt)
    timeline = Timeline(origin: origin)
  }

  mutating func note(_ code: String, _ text: String, _ severity: Reason.Level = .note) {
    notes.append(Reason(code: code, severity: severity, text: text))
  }
}

extension Drill {
  /// The moment of the simulated disaster: declared, or the time to restore to, or the run's start.
  func failureInstant(startedAt: Timestamp) -> Timestamp {
    if let failureInstant { return failureInstant }
    if case .at(let instant) = rules.select { return instant }
    return startedAt
  }
}
