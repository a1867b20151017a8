internal import DrillModel
internal import GRDB

/// Reads figures out of rows by position, which is several times faster than by name, and trusts no column's type.
struct FigureReader {
  // Whether a figure without an objective is comparable stands in no column, only in the body.
  static let columns = """
    drill, sequence, verdict, started_at, finished_at, rpo_objective_ms, rpo_actual_ms, rpo_verdict, rto_objective_ms, rto_actual_ms,
    rto_verdict,
    CASE WHEN rto_verdict = 'no_objective' AND rto_actual_ms IS NOT NULL
      THEN (SELECT json_extract(CAST(body AS TEXT), '$.rto.comparable') FROM entry WHERE entry.sequence = run.sequence)
      ELSE rto_verdict IN ('met', 'missed') END,
    CASE WHEN verdict = 'failed' THEN EXISTS (SELECT 1 FROM check_result WHERE check_result.sequence = run.sequence
      AND check_result.severity = 'fail' AND check_result.verdict <> 'passed') ELSE 0 END,
    engine
    """

  private var engines: [String: String] = [:]

  /// - Throws: `Fault` for a row that no sealed record can have given.
  mutating func read(_ row: Row) throws -> (String, RunFigures) {
    let engine = try optional(row, 13) as String? ?? ""
    let figures = RunFigures(
      sequence: try value(row, 1), verdict: try choice(row, 2), startedAt: Timestamp(milliseconds: try value(row, 3)),
      finishedAt: Timestamp(milliseconds: try value(row, 4)), rpoObjective: try seconds(row, 5), rpoActual: try seconds(row, 6),
      rpoVerdict: try choice(row, 7), rtoObjective: try seconds(row, 8), rtoActual: try seconds(row, 9), rtoVerdict: try choice(row, 10),
      isComparable: try optional(row, 11) as Bool? ?? false, hasFailedCheck: try value(row, 12), engine: name(engine))
    return (try value(row, 0), figures)
  }

  /// A row of `columns` and then of those that a line adds.
  mutating func line(_ row: Row) throws -> RunLine {
    let reason = try (optional(row, 21) as String?).map { try CanonicalJSON.decode(Reason.self, from: Array($0.utf8)) }
    guard let run = RunID(try value(row, 14)) else { throw unexpected(14) }
    return RunLine(
      run: run, figures: try read(row).1, trigger: try choice(row, 15), failureInstant: Timestamp(milliseconds: try value(row, 16)),
      point: try optional(row, 17), pointTakenAt: try (optional(row, 18) as Int64?).map { Timestamp(milliseconds: $0) },
      cleanup: try choice(row, 19), host: try value(row, 20), engine: try optional(row, 13), reasonCode: reason?.code,
      reasonText: reason?.text)
  }

  /// The engine without its version; the same few names are kept once and not for every run.
  private mutating func name(_ engine: String) -> String {
    if let known = engines[engine] { return known }
    let name = String(engine.prefix { $0 != " " })
    if engines.count < 1000 { engines[engine] = name }
    return name
  }

  private func optional<Value: DatabaseValueConvertible>(_ row: Row, _ position: Int) throws -> Value? {
    let stored: DatabaseValue = row[position]
    if stored.isNull { return nil }
    guard let value = Value.fromDatabaseValue(stored) else { throw unexpected(position) }
    return value
  }

  private func value<Value: DatabaseValueConvertible>(_ row: Row, _ position: Int) throws -> Value {
    guard let value = try optional(row, position) as Value? else { throw unexpected(position) }
    return value
  }

  private func seconds(_ row: Row, _ position: Int) throws -> Double? { try (optional(row, position) as Int64?).map { Double($0) / 1000 } }

  private func choice<Value: RawRepresentable<String>>(_ row: Row, _ position: Int) throws -> Value {
    guard let value = Value(rawValue: try value(row, position)) else { throw unexpected(position) }
    return value
  }

  private func unexpected(_ position: Int) -> Fault {
    Fault(.ledgerUnusable, "the ledger's table run holds something unexpected", advice: "Run `drillmark audit verify`")
  }
}
