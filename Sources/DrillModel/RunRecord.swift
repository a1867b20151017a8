/// The sealed record of a run, key for key as `docs/record.md` publishes it. `chain` is added by the ledger and is not part of it.
package struct RunRecord: Sendable, Codable, Hashable {
  package var run: RunID
  package var drill: String
  package var trigger: Trigger
  package var verdict: Verdict
  package var reasons: [Reason]
  package var failureInstant: Timestamp
  package var startedAt: Timestamp
  package var finishedAt: Timestamp
  @Nullable package var recoveryPoint: RecoveryPointRecord?
  package var rpo: RPORecord
  package var rto: RTORecord
  package var checks: [CheckRecord]
  package var cleanup: CleanupRecord
  package var environment: EnvironmentRecord

  package enum Trigger: String, Sendable, Codable { case schedule, manual, due }

  package init(
    run: RunID, drill: String, trigger: Trigger, verdict: Verdict, reasons: [Reason], failureInstant: Timestamp, startedAt: Timestamp,
    finishedAt: Timestamp, recoveryPoint: RecoveryPointRecord?, rpo: RPORecord, rto: RTORecord, checks: [CheckRecord],
    cleanup: CleanupRecord, environment: EnvironmentRecord
  ) {
    self.run = run
    self.drill = drill
    self.trigger = trigger
    self.verdict = verdict
    self.reasons = reasons
    self.failureInstant = failureInstant
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.recoveryPoint = recoveryPoint
    self.rpo = rpo
    self.rto = rto
    self.checks = checks
    self.cleanup = cleanup
    self.environment = environment
  }

  package enum CodingKeys: String, CodingKey {
    case run, drill, trigger, verdict, reasons
    case failureInstant = "failure_instant"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
    case recoveryPoint = "recovery_point"
    case rpo, rto, checks, cleanup, environment
  }
}

/// Why a verdict is what it is, worst first; notes that change nothing stand in the list with severity `note`.
package struct Reason: Sendable, Codable, Hashable {
  /// A `FaultCode`, or the code of a judgement (`rpo_missed`, `check_failed`, `rejected_newer`, …).
  package var code: String
  package var severity: Level
  package var text: String

  package enum Level: String, Sendable, Codable, CaseIterable, Comparable {
    case failed
    case couldNotVerify = "could_not_verify"
    case cannotDrill = "cannot_drill"
    case interrupted, skipped, warn, note

    /// Worse sorts first, as with verdicts.
    package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

    private var rank: Int { Level.allCases.firstIndex(of: self) ?? Level.allCases.count }
  }

  package init(code: String, severity: Level, text: String) {
    self.code = code
    self.severity = severity
    self.text = text
  }
}

package struct RecoveryPointRecord: Sendable, Codable, Hashable {
  package var id: String
  @Nullable package var takenAt: Timestamp?
  @Nullable package var timeOrigin: TimeOrigin?
  @Nullable package var bytes: Int64?
  package var artefacts: [ArtefactRecord]
  package var considered: Int
  package var rejected: [RejectedRecord]

  package init(
    id: String, takenAt: Timestamp?, timeOrigin: TimeOrigin?, bytes: Int64?, artefacts: [ArtefactRecord], considered: Int,
    rejected: [RejectedRecord]
  ) {
    self.id = id
    self.takenAt = takenAt
    self.timeOrigin = timeOrigin
    self.bytes = bytes
    self.artefacts = artefacts
    self.considered = considered
    self.rejected = rejected
  }

  package enum CodingKeys: String, CodingKey {
    case id
    case takenAt = "taken_at"
    case timeOrigin = "time_origin"
    case bytes, artefacts, considered, rejected
  }
}

/// Where a recovery point's time comes from, best first.
package enum TimeOrigin: String, Sendable, Codable, CaseIterable {
  /// Zoned metadata of the backup itself.
  case metadata
  case name
  /// A date in the name, refined by a modification time on that day.
  case nameAndModified = "name+modified"
  /// A header without a zone, read in the declared `header-timezone`.
  case header
  case modified

  /// For people, behind `by its`.
  package var title: String {
    switch self {
    case .metadata, .name, .header: rawValue
    case .nameAndModified: "name and modification time"
    case .modified: "modification time"
    }
  }
}

package struct ArtefactRecord: Sendable, Codable, Hashable {
  package var location: String
  @Nullable package var bytes: Int64?
  @Nullable package var sha256: String?

  package init(location: String, bytes: Int64?, sha256: String?) {
    self.location = location
    self.bytes = bytes
    self.sha256 = sha256
  }
}

package struct RejectedRecord: Sendable, Codable, Hashable {
  package var location: String
  package var reason: String

  package init(location: String, reason: String) {
    self.location = location
    self.reason = reason
  }
}

package struct RPORecord: Sendable, Codable, Hashable {
  @Nullable package var objective: Double?
  @Nullable package var actual: Double?
  @Nullable package var artefactAge: Double?
  @Nullable package var dataAge: Double?
  @Nullable package var worstGap: Double?
  @Nullable package var windowWorstGap: Double?
  package var gapTolerance: Double
  package var basis: RPOBasis
  package var verdict: RPOVerdict

  package init(
    objective: Double?, actual: Double?, artefactAge: Double?, dataAge: Double?, worstGap: Double?, windowWorstGap: Double?,
    gapTolerance: Double, basis: RPOBasis, verdict: RPOVerdict
  ) {
    self.objective = objective
    self.actual = actual
    self.artefactAge = artefactAge
    self.dataAge = dataAge
    self.worstGap = worstGap
    self.windowWorstGap = windowWorstGap
    self.gapTolerance = gapTolerance
    self.basis = basis
    self.verdict = verdict
  }

  package enum CodingKeys: String, CodingKey {
    case objective = "objective_s"
    case actual = "actual_s"
    case artefactAge = "artefact_age_s"
    case dataAge = "data_age_s"
    case worstGap = "worst_gap_s"
    case windowWorstGap = "window_worst_gap_s"
    case gapTolerance = "gap_tolerance"
    case basis, verdict
  }
}

package struct RTORecord: Sendable, Codable, Hashable {
  @Nullable package var objective: Double?
  @Nullable package var actual: Double?
  package var until: RTOUntil
  @Nullable package var engineRestore: Double?
  package var comparable: Bool
  package var phases: [Phase]
  package var verdict: RTOVerdict

  package init(
    objective: Double?, actual: Double?, until: RTOUntil, engineRestore: Double?, comparable: Bool, phases: [Phase], verdict: RTOVerdict
  ) {
    self.objective = objective
    self.actual = actual
    self.until = until
    self.engineRestore = engineRestore
    self.comparable = comparable
    self.phases = phases
    self.verdict = verdict
  }

  package enum CodingKeys: String, CodingKey {
    case objective = "objective_s"
    case actual = "actual_s"
    case until
    case engineRestore = "engine_restore_s"
    case comparable, phases, verdict
  }
}

package struct CheckRecord: Sendable, Codable, Hashable {
  package var name: String
  package var kind: String
  package var severity: Severity
  package var verdict: CheckVerdict
  @Nullable package var expected: String?
  @Nullable package var found: String?
  package var seconds: Double
  /// Whether this check looked at restored data (every kind but `command` without `data: true`).
  package var data: Bool

  package init(
    name: String, kind: String, severity: Severity, verdict: CheckVerdict, expected: String?, found: String?, seconds: Double, data: Bool
  ) {
    self.name = name
    self.kind = kind
    self.severity = severity
    self.verdict = verdict
    self.expected = expected
    self.found = found
    self.seconds = seconds
    self.data = data
  }
}

package struct CleanupRecord: Sendable, Codable, Hashable {
  package var verdict: Outcome
  package var resources: [ScratchResource]

  package enum Outcome: String, Sendable, Codable { case clean, leaked, kept }

  package init(verdict: Outcome, resources: [ScratchResource]) {
    self.verdict = verdict
    self.resources = resources
  }
}

package struct EnvironmentRecord: Sendable, Codable, Hashable {
  package var host: String
  package var drillmark: String
  @Nullable package var engine: String?
  package var durability: Durability
  /// How the untrusted backup was kept from the host; nil when nothing was executed.
  @Nullable package var isolation: String?

  package init(host: String, drillmark: String, engine: String?, durability: Durability, isolation: String?) {
    self.host = host
    self.drillmark = drillmark
    self.engine = engine
    self.durability = durability
    self.isolation = isolation
  }
}
