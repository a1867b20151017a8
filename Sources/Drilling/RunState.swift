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
  /// How far this machine's clock is known to be behind the store's.
  var clockError = Duration.zero
  var chosen: Candidate?
  var artefact: ArtefactRecord?
  /// What was read beside that artefact.
  let arrivals = Arrivals()
  var engine: EngineIdentity?
  var report: RestoreReport?
  var checks: [CheckRecord] = []
  var freshness: [RecoveryPointEvidence.Freshness] = []
  var readyAt: Duration?
  var verifiedAt: Duration?
  var faults: [Fault] = []
  var notes: [Reason] = []
  var resources: [ScratchResource] = []

  init(run: RunID, drill: Drill, trigger: RunRecord.Trigger, startedAt: Timestamp, failureInstant: Timestamp, origin: Duration) {
    self.run = run
    self.drill = drill
    self.trigger = trigger
    self.startedAt = startedAt
    self.failureInstant = failureInstant
    timeline = Timeline(origin: origin)
  }

  mutating func note(_ code: String, _ text: String, _ severity: Reason.Level = .note) {
    notes.append(Reason(code: code, severity: severity, text: text))
  }
}
