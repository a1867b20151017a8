import DrillConfig
import DrillModel
import EngineKit
import Ledger
import Objectives
import Selecting

/// Turns what a run gathered into its record. Reads nothing and changes nothing.
struct RunJudge {
  let state: RunState
  let plan: DrillPlan
  /// Every declared check, those without a turn as skipped.
  let checks: [CheckRecord]
  let cleanup: CleanupRecord
  let finishedAt: Timestamp
  let settings: RunSettings
  /// When the drill's previous run was sealed, and the points that earlier runs saw.
  let previousSealed: Timestamp?
  let remembered: [SeenPoint]

  var record: RunRecord {
    let objectives = plan.drill.objectives
    let point = recoveryPointActual(pointEvidence, objectives: objectives)
    let time = recoveryTimeActual(timeEvidence, objectives: objectives)
    // What was never measured has no reason of its own: whatever ended the run has one.
    let rpo = state.chosen == nil ? (record: RPORecord.unmeasured(objectives), reasons: []) : point
    let judged = RunJudgement(
      now: finishedAt, restored: state.readyAt != nil, faults: state.faults.filter { $0.code != .interrupted },
      checks: zip(checks, plan.checks).map { RunJudgement.JudgedCheck($0, ignore: $1.rules.ignore) }, rejectedNewer: rejectedNewer,
      reasons: rpo.reasons + time.reasons + state.notes, cleanup: cleanup,
      interruption: state.faults.first { $0.code == .interrupted }?.description
    ).judged
    return RunRecord(
      run: state.run, drill: plan.drill.name, trigger: state.trigger, verdict: judged.verdict, reasons: judged.reasons,
      failureInstant: state.failureInstant, startedAt: state.startedAt, finishedAt: finishedAt, recoveryPoint: recoveryPoint,
      rpo: rpo.record, rto: time.record, checks: checks, cleanup: cleanup, environment: environment)
  }

  private var pointEvidence: RecoveryPointEvidence {
    RecoveryPointEvidence(
      failureInstant: state.failureInstant, newestPoint: newestPoint, clockSkew: plan.drill.rules.clockSkew,
      // A failure instant of the past is the drill's own and not this machine's clock's.
      clockError: state.failureInstant + plan.drill.rules.clockSkew >= state.startedAt ? state.clockError : .zero, gaps: gaps,
      freshness: state.freshness)
  }

  private var gaps: GapFigures {
    // What logs bridge is restorable at every moment, however far apart the bases lie.
    if plan.logs != nil || plan.source.holdsLogs, state.readyAt != nil, let reached = state.report?.dataTime {
      return .bridged(upTo: reached, failureInstant: state.failureInstant)
    }
    return worstGap(
      points: points, previousSealed: previousSealed, failureInstant: state.failureInstant, window: plan.drill.rules.window,
      // Clocks may differ about now; a past instant is what it is.
      clockSkew: state.failureInstant == state.startedAt ? plan.drill.rules.clockSkew : .zero)
  }

  /// The header of the chosen point may know its time better than its name, also when it is the newest one.
  private var newestPoint: Timestamp? {
    guard let newest = state.survey?.newest(at: state.failureInstant) else { return nil }
    if let chosen = state.chosen, chosen.id == newest.id { return chosen.time }
    return newest.time
  }

  private var points: [Timestamp] {
    var listed: [String: Timestamp] = [:]
    for candidate in state.survey?.candidates ?? [] {
      let known = candidate.id == state.chosen?.id ? state.chosen?.time : candidate.time
      if let known { listed[candidate.newest.location] = known }
    }
    let rejected = Set((state.survey?.rejected ?? []).map(\.artefact.location))
    let earlier = Dictionary(remembered.map { ($0.location, $0.takenAt) }, uniquingKeysWith: { first, _ in first })
    return gapPoints(listed: listed, rejected: rejected, remembered: earlier)
  }

  private var timeEvidence: RecoveryTimeEvidence {
    let passed = checks.allSatisfy { $0.verdict == .passed || $0.severity == .warn }
    let origin = state.timeline.origin
    return RecoveryTimeEvidence(
      phases: state.timeline.phases, ready: state.readyAt.map { ($0 - origin).inSeconds },
      verified: passed ? state.verifiedAt.map { ($0 - origin).inSeconds } : nil,
      engineRestore: state.report?.engineTime.inSeconds, durability: durability)
  }

  /// A target that is less durable than asked for, or was asked to be, is relaxed.
  private var durability: Durability { state.engine?.durability == .relaxed ? .relaxed : plan.drill.durability }

  private var rejectedNewer: [RunJudgement.RejectedNewer] {
    guard let survey = state.survey, let chosen = state.chosen else { return [] }
    return survey.newerRejections(than: chosen, selection: plan.drill.rules.select, failureInstant: state.failureInstant).map {
      RunJudgement.RejectedNewer(location: $0.artefact.location, reason: $0.reason, isSettling: $0.isSettling)
    }
  }

  private var recoveryPoint: RecoveryPointRecord? {
    guard let survey = state.survey else { return nil }
    let rejected = survey.rejected.map { RejectedRecord(location: $0.artefact.location, reason: $0.reason) }
    let artefacts =
      (state.artefact.map { [$0] } ?? []) + state.arrivals.records(of: state.chosen?.chain ?? [], logs: plan.logs?.location)
      + (state.report?.artefacts ?? [])
    let bytes = artefacts.allSatisfy { $0.bytes != nil } && !artefacts.isEmpty ? artefacts.compactMap(\.bytes).reduce(0, +) : nil
    return RecoveryPointRecord(
      id: state.chosen?.id ?? "", takenAt: state.chosen?.time, timeOrigin: state.chosen?.origin, bytes: bytes,
      artefacts: artefacts, considered: survey.candidates.count + rejected.count, rejected: rejected)
  }

  private var environment: EnvironmentRecord {
    EnvironmentRecord(
      host: settings.host, drillmark: settings.version, engine: state.engine?.version, durability: durability,
      isolation: state.engine?.isolation)
  }
}
