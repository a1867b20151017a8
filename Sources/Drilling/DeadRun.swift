import DrillModel
import Ledger

/// The record of a run whose process died: what it had reached, or that it was interrupted, with what cleanup found.
struct DeadRun {
  let record: RunRecord

  init(_ dead: UnfinishedRun, cleanup: CleanupRecord, finishedAt: Timestamp, settings: RunSettings) {
    var record = dead.core ?? DeadRun.interrupted(dead, cleanup: cleanup, finishedAt: finishedAt, settings: settings)
    record.cleanup = cleanup
    record.finishedAt = finishedAt
    if dead.core != nil {
      record.reasons.append(
        Reason(code: "cleanup_resumed", severity: .note, text: "the run died during its cleanup, which a later start finished"))
    }
    if cleanup.verdict == .leaked {
      let names = cleanup.resources.filter { $0.state == .leaked }.map { "\($0.kind) \($0.name)" }.joined(separator: ", ")
      record.reasons.insert(
        Reason(code: "cleanup_leaked", severity: .failed, text: "the scratch target could not be destroyed: \(names)"), at: 0)
      record.verdict = .failed
    }
    self.record = record
  }

  private static func interrupted(
    _ dead: UnfinishedRun, cleanup: CleanupRecord, finishedAt: Timestamp, settings: RunSettings
  ) -> RunRecord {
    let reason = Reason(
      code: FaultCode.interrupted.rawValue, severity: .interrupted,
      text: "the process of this run (\(dead.pid) on \(dead.host)) died before its verification ended")
    return RunRecord(
      run: dead.run, drill: dead.drill, trigger: dead.trigger, verdict: .interrupted, reasons: [reason], failureInstant: dead.startedAt,
      startedAt: dead.startedAt, finishedAt: finishedAt, recoveryPoint: nil,
      rpo: RPORecord(
        objective: nil, actual: nil, artefactAge: nil, dataAge: nil, worstGap: nil, windowWorstGap: nil, gapTolerance: 0.1, basis: .worst,
        verdict: .noObjective),
      rto: RTORecord(
        objective: nil, actual: nil, until: .ready, engineRestore: nil, comparable: false, phases: [], verdict: .noObjective),
      checks: [], cleanup: cleanup,
      environment: EnvironmentRecord(
        host: dead.host, drillmark: settings.version, engine: nil, durability: .production, isolation: nil))
  }
}
