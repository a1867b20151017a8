import DrillModel
import Reporting

/// A report that holds a bit of everything, the same every time.
enum SampleReport {
  static let start = Timestamp(utc: CivilTime(year: 2026, month: 11, day: 1))
  static let hostile = "\u{202E}=cmd|'/C calc'!A1 <script>alert(\"x\")</script> `$(id)` [a](javascript:b) | & \u{0}\n* _x_"

  static func id(_ number: Int) -> RunID {
    var random = Counter(state: UInt64(bitPattern: Int64(number)))
    return RunID(at: start + .seconds(number * 3600), using: &random)
  }

  struct Counter: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 33
    }
  }

  static func record(
    _ number: Int, _ drill: String, _ verdict: Verdict = .passed, rta: Double? = 61.4, rpa: Double? = 82_800, objective: Double? = 1800,
    reasons: [Reason] = [], cleanup: CleanupRecord.Outcome = .clean
  ) -> RunRecord {
    let at = start + .seconds(number * 14_400)
    let phases = [
      Phase(name: .select, start: 0, end: 0.2), Phase(name: .provision, start: 0.2, end: 3), Phase(name: .fetch, start: 3, end: 40),
      Phase(name: .restore, start: 3.1, end: 58), Phase(name: .ready, start: 58, end: rta ?? 60), Phase(name: .verify, start: 62, end: 70),
    ]
    let rtoVerdict: RTOVerdict = objective.map { limit in rta.map { $0 <= limit ? .met : .missed } ?? .notComparable } ?? .noObjective
    let rpoVerdict: RPOVerdict = rpa.map { $0 <= 93_600 ? .met : .missed } ?? .unknown
    let point = RecoveryPointRecord(
      id: "b_\(number).db", takenAt: at - .seconds(300), timeOrigin: .name, bytes: 4096, artefacts: [], considered: 1, rejected: [])
    return RunRecord(
      run: id(number), drill: drill, trigger: .schedule, verdict: verdict, reasons: reasons, failureInstant: at, startedAt: at,
      finishedAt: at + .seconds(75), recoveryPoint: verdict == .cannotDrill ? nil : point,
      rpo: RPORecord(
        objective: 93_600, actual: rpa, artefactAge: 300, dataAge: nil, worstGap: rpa, windowWorstGap: rpa, gapTolerance: 0.1,
        basis: .worst,
        verdict: rpoVerdict),
      rto: RTORecord(
        objective: objective, actual: rta, until: .ready, engineRestore: 48, comparable: rta != nil, phases: rta == nil ? [] : phases,
        verdict: rtoVerdict),
      checks: [], cleanup: CleanupRecord(verdict: cleanup, resources: []),
      environment: EnvironmentRecord(host: "drills-1", drillmark: "0.1.0", engine: "sqlite 3.40.1", durability: .production, isolation: nil)
    )
  }

  /// What was sealed later about a run that left something.
  static func amendments(_ record: RunRecord) -> [AmendmentLine] {
    record.cleanup.verdict == .clean ? [] : [AmendmentLine(sequence: 98, at: record.finishedAt + .seconds(3600), text: hostile)]
  }

  static func figures(_ record: RunRecord, _ sequence: Int64) -> RunFigures {
    RunFigures(
      sequence: sequence, verdict: record.verdict, startedAt: record.startedAt, finishedAt: record.finishedAt,
      rpoObjective: record.rpo.objective, rpoActual: record.rpo.actual, rpoVerdict: record.rpo.verdict, rtoObjective: record.rto.objective,
      rtoActual: record.rto.actual, rtoVerdict: record.rto.verdict, isComparable: record.rto.comparable,
      hasFailedCheck: record.reasons.contains { $0.code == "check_failed" }, engine: "sqlite")
  }

  static func line(_ record: RunRecord, _ sequence: Int64) -> RunLine {
    let reason = record.verdict == .passed ? nil : record.reasons.first
    return RunLine(
      run: record.run, figures: figures(record, sequence), trigger: record.trigger, failureInstant: record.failureInstant,
      point: record.recoveryPoint?.id, pointTakenAt: record.recoveryPoint?.takenAt, cleanup: record.cleanup.verdict,
      host: record.environment.host, engine: record.environment.engine, reasonCode: reason?.code, reasonText: reason?.text,
      amendments: amendments(record))
  }

  static func drill(
    _ name: String, _ records: [RunRecord], last: RunRecord? = nil, misses: [ReportedMiss] = [], shown: Int = 12, from first: Int64 = 1
  ) -> DrillReport {
    let all = records.enumerated().map {
      ReportedRecord(record: $0.element, sequence: first + Int64($0.offset), amendments: amendments($0.element))
    }
    return DrillReport(
      name: name, figures: all.map { figures($0.record, $0.sequence) }, last: (records.last ?? last).map { figures($0, 99) },
      misses: misses, records: all.suffix(shown).reversed(),
      unpassed: all.filter { $0.record.verdict != .passed }.reversed().map { UnpassedRun($0.record, sequence: $0.sequence) }, share: 0.95)
  }

  static func report(
    _ drills: [DrillReport], head: Report.Head? = Report.Head(sequence: 99, hash: "sha256:" + String(repeating: "ab", count: 32))
  )
    -> Report
  {
    Report(
      period: Report.Period(from: start, to: start + .seconds(30 * 86_400)), subject: .everything, head: head,
      proof: Report.Proof(recomputed: 99, isWhole: true), share: 0.95, drills: drills)
  }

  /// The runs behind `everything`, by drill.
  static let runs: [String: [RunRecord]] = [
    "orders": (0..<70).map { record($0, "orders", rta: 50 + Double($0 % 7) * 3, rpa: 80_000 + Double($0 * 37 % 900)) },
    "shop": [
      record(80, "shop"),
      record(
        81, "shop", .failed, rta: 2400.5,
        reasons: [
          Reason(
            code: "rto_missed", severity: .failed, text: "The recovery time of 40 min misses the objective of 30 min by 10 min"),
          Reason(code: "clock_skew", severity: .note, text: "a note that no report shows"),
        ]),
      record(
        82, "shop", .failed, rta: nil, reasons: [Reason(code: "backup_damaged", severity: .failed, text: "The archive ends in the middle")]),
      record(
        83, "shop", .cannotDrill, rta: nil, reasons: [Reason(code: "tool_missing", severity: .cannotDrill, text: "no gunzip on PATH")]),
      record(84, "shop", .failed, reasons: [Reason(code: "check_failed", severity: .failed, text: "The check “rows” failed: found 3")]),
    ],
    hostile: [
      record(
        90, hostile, .failed, objective: nil, reasons: [Reason(code: "check_failed", severity: .failed, text: hostile)], cleanup: .leaked),
      record(91, hostile, objective: nil),
    ],
  ]

  static var everything: Report {
    let miss = ReportedMiss(due: start + .seconds(3600), kind: "down", notedAt: start + .seconds(7200))
    return report([
      drill("orders", runs["orders"] ?? []), drill("shop", runs["shop"] ?? [], from: 71), drill(hostile, runs[hostile] ?? [], from: 76),
      drill("wiki", [], misses: [miss]), drill("archive", [], last: record(-100, "archive")),
      drill("late", [record(2, "late")], misses: [ReportedMiss(due: start, kind: "down", notedAt: start + .seconds(1_728_000))]),
    ])
  }

  static let lines = LineSource { drill, take in
    for (offset, record) in (runs[drill] ?? (drill == "late" ? [record(2, "late")] : [])).enumerated() {
      try take(line(record, Int64(offset + 1)))
    }
  }

  enum Format: String, CaseIterable { case html, md, csv, json, xml }

  static func text(_ format: Format, _ report: Report = everything, lines: LineSource = lines) throws -> String {
    var bytes: [UInt8] = []
    var sink = TextSink { bytes += $0 }
    switch format {
    case .html: try HTMLReport(report).write(to: &sink)
    case .md: try MarkdownReport(report).write(to: &sink)
    case .csv: try CSVReport(report).write(to: &sink, lines: lines)
    case .json: try JSONReport(report).write(to: &sink, lines: lines)
    case .xml: try JUnitReport(report).write(to: &sink, lines: lines)
    }
    try sink.finish()
    return String(decoding: bytes, as: UTF8.self)
  }
}
