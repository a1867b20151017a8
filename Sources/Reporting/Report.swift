package import DrillModel
package import Objectives

/// What a period's sealed entries say, ready to be written in any format. Nothing in it depends on when it is written.
package struct Report: Sendable {
  package var period: Period
  package var subject: Subject
  /// The newest entry of the ledger as it stood at the period's end; nil when nothing was sealed then.
  package var head: Head?
  package var proof: Proof
  /// The share of recoveries that must meet an objective for it to be confirmed.
  package var share: Double
  /// Those in trouble first, by name within.
  package var drills: [DrillReport]

  /// From its first instant to just before its last.
  package struct Period: Sendable, Hashable {
    package var from: Timestamp
    package var to: Timestamp

    package init(from: Timestamp, to: Timestamp) {
      self.from = from
      self.to = to
    }
  }

  package enum Subject: Sendable, Hashable {
    case everything
    case drills([String])
    case runs([RunID])
  }

  /// A link of the ledger's chain.
  package struct Head: Sendable, Hashable {
    package var sequence: Int64
    package var hash: String

    package init(sequence: Int64, hash: String) {
      self.sequence = sequence
      self.hash = hash
    }
  }

  /// Which entries were recomputed before the report was written.
  package struct Proof: Sendable, Hashable {
    package var recomputed: Int
    /// Whether these are all from the period's first to its head; else those that are shown one by one.
    package var isWhole: Bool

    package init(recomputed: Int, isWhole: Bool) {
      self.recomputed = recomputed
      self.isWhole = isWhole
    }
  }

  package init(period: Period, subject: Subject, head: Head?, proof: Proof, share: Double, drills: [DrillReport]) {
    self.period = period
    self.subject = subject
    self.head = head
    self.proof = proof
    self.share = share
    self.drills = drills.sorted { ($0.state.rank, $0.name) < ($1.state.rank, $1.name) }
  }

  /// Every run of the period.
  package var runCount: Int { drills.reduce(0) { $0 + $1.runCount } }
}

/// What a period says about one drill.
package struct DrillReport: Sendable {
  package let name: String
  /// Every run of the period, in the order in which they were sealed.
  package let figures: [RunFigures]
  /// The newest run before the period's end, in the period or before it.
  package let last: RunFigures?
  package let misses: [ReportedMiss]
  /// The newest runs with everything that was sealed of them, newest first.
  package let records: [ReportedRecord]
  /// The newest runs that did not pass, newest first; as many as could be looked at.
  package let unpassed: [UnpassedRun]
  package let rpo: ObjectiveEvidence
  package let rto: ObjectiveEvidence
  package let state: DrillState
  private let counts: [Verdict: Int]

  package init(
    name: String, figures: [RunFigures], last: RunFigures?, misses: [ReportedMiss], records: [ReportedRecord], unpassed: [UnpassedRun],
    share: Double
  ) {
    self.name = name
    self.figures = figures
    self.last = last
    self.misses = misses
    self.records = records
    self.unpassed = unpassed
    var counts: [Verdict: Int] = [:]
    for run in figures { counts[run.verdict, default: 0] += 1 }
    self.counts = counts
    let rpoObjective = figures.last { $0.isConclusive && $0.rpoObjective != nil }?.rpoObjective
    let rtoObjective = figures.last { $0.isConclusive && $0.rtoObjective != nil }?.rtoObjective
    rpo = ObjectiveEvidence(.rpo, of: figures, objective: rpoObjective, share: share)
    rto = ObjectiveEvidence(.rto, of: figures, objective: rtoObjective, share: share)
    state = DrillState(figures: figures, last: last, misses: misses)
  }

  package var runCount: Int { figures.count }

  package func count(_ verdict: Verdict) -> Int { counts[verdict] ?? 0 }

  /// Runs that say something about the backup: passed or failed.
  package var conclusiveCount: Int { count(.passed) + count(.failed) }
}

/// Where a drill stood at a period's end, as the ledger tells it.
package enum DrillState: String, Sendable, CaseIterable {
  /// Its last run failed.
  case failing
  /// A due time passed after its last conclusive run.
  case overdue
  case neverTested = "never_tested"
  /// Its last run came to no conclusion.
  case unproven
  /// Tested before, but not in this period.
  case notDrilled = "not_drilled"
  /// It failed in this period, and its last run passed.
  case recovered
  /// Every run that came to a conclusion passed.
  case met

  var rank: Int { DrillState.allCases.firstIndex(of: self) ?? 0 }

  init(figures: [RunFigures], last: RunFigures?, misses: [ReportedMiss]) {
    let conclusive = figures.last { $0.isConclusive }
    let missed = misses.contains { $0.isLapse && ($0.notedAt > conclusive?.finishedAt ?? Timestamp(milliseconds: .min)) }
    guard let last else {
      self = .neverTested
      return
    }
    switch last.verdict {
    case .failed: self = .failing
    case _ where missed: self = .overdue
    case .passed: self = figures.isEmpty ? .notDrilled : figures.contains { $0.verdict == .failed } ? .recovered : .met
    default: self = .unproven
    }
  }
}

/// A due time without a run.
package struct ReportedMiss: Sendable, Hashable {
  package var due: Timestamp
  /// `down`, `overlap`, `late`, `skipped` or `disabled`.
  package var kind: String
  package var notedAt: Timestamp

  package init(due: Timestamp, kind: String, notedAt: Timestamp) {
    self.due = due
    self.kind = kind
    self.notedAt = notedAt
  }

  /// Whether a drill should have run; one that was switched off should not.
  var isLapse: Bool { kind != "disabled" }
}

/// A whole sealed record with its place in the chain.
package struct ReportedRecord: Sendable, Hashable {
  package var record: RunRecord
  package var sequence: Int64
  /// What was sealed later about what it left, up to the period's end.
  package var amendments: [AmendmentLine]

  package init(record: RunRecord, sequence: Int64, amendments: [AmendmentLine] = []) {
    self.record = record
    self.sequence = sequence
    self.amendments = amendments
  }
}
