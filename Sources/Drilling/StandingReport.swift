package import DrillModel
package import Ledger
import Objectives

/// Where every drill stands, from what is declared and what the ledger holds.
package struct StandingReport: Sendable {
  package var lines: [Line]
  /// Notifications that are owed and not delivered, or parked.
  package var outbox: Outbox

  package struct Line: Sendable, Encodable {
    package var drill: String
    package var standing: String
    package var lastRun: Timestamp?
    package var lastPass: Timestamp?
    package var rpa: Double?
    package var rpo: Double?
    package var rta: Double?
    package var rto: Double?

    private enum CodingKeys: String, CodingKey {
      case drill, standing
      case lastRun = "last_run"
      case lastPass = "last_pass"
      case rpa = "rpa_s"
      case rpo = "rpo_objective_s"
      case rta = "rta_s"
      case rto = "rto_objective_s"
    }

    package func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(drill, forKey: .drill)
      try container.encode(standing, forKey: .standing)
      try container.encode(lastRun, forKey: .lastRun)
      try container.encode(lastPass, forKey: .lastPass)
      try container.encode(rpa, forKey: .rpa)
      try container.encode(rpo, forKey: .rpo)
      try container.encode(rta, forKey: .rta)
      try container.encode(rto, forKey: .rto)
    }
  }

  /// - Throws: `Fault` when there is a ledger and it cannot be read; a site that never ran has none.
  package static func make(_ drills: [Drill], ledger path: String, clocks: any Clocks) throws -> StandingReport {
    let ledger = try Ledger.openForReading(at: path, clocks: clocks)
    let lines = try drills.map { drill in
      let last = try ledger?.latest(drill.name)
      let pass = try ledger?.lastPass(drill.name)
      let conclusive = try ledger?.lastConclusive(drill.name)
      let cadence = try DrillCadence(of: drill, ledger: ledger, now: clocks.now())
      let evidence = StandingEvidence(
        last: last?.record.verdict, lastConclusive: conclusive?.record.finishedAt, first: try ledger?.first(drill.name)?.record.finishedAt,
        cadence: cadence.cadence, watched: cadence.watched, underway: cadence.underway)
      let standing = Objectives.standing(evidence, now: clocks.now())
      return Line(
        drill: drill.name, standing: standing.text, lastRun: last?.record.startedAt, lastPass: pass?.record.startedAt,
        rpa: last?.record.rpo.actual, rpo: drill.objectives.rpo?.inSeconds, rta: last?.record.rto.actual,
        rto: drill.objectives.rto?.inSeconds)
    }
    return StandingReport(lines: lines, outbox: try ledger?.outbox() ?? Outbox())
  }
}
