internal import DrillModel
internal import GRDB

/// Reads figures out of rows by position, which is several times faster than by name, and trusts no column's type.
struct FigureReader {
  // Whether a figure without an objective is comparable stands in no column, only in the body. What is one of a few words comes as one
  // number, because reading a text takes several times as long: null when one of them is none that we know.
  static let columns = """
    drill, sequence, started_at, finished_at, rpo_objective_ms, rpo_actual_ms, rto_objective_ms, rto_actual_ms, engine,
    \(place("verdict", verdicts)) * 1000 + \(place("rpo_verdict", rpoVerdicts)) * 100
      + \(place("rto_verdict", rtoVerdicts)) * 10
      + 2 * CASE WHEN rto_verdict = 'no_objective' AND rto_actual_ms IS NOT NULL
        THEN coalesce((SELECT json_extract(CAST(body AS TEXT), '$.rto.comparable') FROM entry WHERE entry.sequence = run.sequence) = 1, 0)
        ELSE rto_verdict IN ('met', 'missed') END
      + CASE WHEN verdict = 'failed' THEN EXISTS (SELECT 1 FROM check_result WHERE check_result.sequence = run.sequence
        AND check_result.severity = 'fail' AND check_result.verdict <> 'passed') ELSE 0 END
    """
  private static let verdicts = Verdict.allCases
  private static let rpoVerdicts = RPOVerdict.allCases
  private static let rtoVerdicts = RTOVerdict.allCases
  /// How many columns those are.
  private static let width = 10

  private static func place(_ column: String, _ cases: [some RawRepresentable<String>]) -> String {
    let places = cases.enumerated().map { "WHEN '\($0.element.rawValue)' THEN \($0.offset)" }
    return "CASE \(column) \(places.joined(separator: " ")) END"
  }

  private var engines: [String: String] = [:]

  /// - Throws: `Fault` for a row that no sealed record can have given.
  mutating func read(_ row: Row) throws -> (String, RunFigures) {
    let words: Int = try value(row, 9)
    let (verdict, rpo, rto, flags) = (words / 1000, words / 100 % 10, words / 10 % 10, words % 10)
    guard FigureReader.verdicts.indices.contains(verdict), FigureReader.rpoVerdicts.indices.contains(rpo),
      FigureReader.rtoVerdicts.indices.contains(rto)
    else { throw unexpected(9) }
    let figures = RunFigures(
      sequence: try value(row, 1), verdict: FigureReader.verdicts[verdict], startedAt: Timestamp(milliseconds: try value(row, 2)),
      finishedAt: Timestamp(milliseconds: try value(row, 3)), rpoObjective: try seconds(row, 4), rpoActual: try seconds(row, 5),
      rpoVerdict: FigureReader.rpoVerdicts[rpo], rtoObjective: try seconds(row, 6), rtoActual: try seconds(row, 7),
      rtoVerdict: FigureReader.rtoVerdicts[rto], isComparable: flags & 2 != 0, hasFailedCheck: flags & 1 != 0,
      engine: name(try optional(row, 8) ?? ""))
    return (try value(row, 0), figures)
  }

  /// A row of `columns` and then of those that a line adds.
  mutating func line(_ row: Row) throws -> RunLine {
    func at(_ position: Int) -> Int { FigureReader.width + position }
    let reason = try (optional(row, at(7)) as String?).map { try CanonicalJSON.decode(Reason.self, from: Array($0.utf8)) }
    guard let run = RunID(try value(row, at(0))) else { throw unexpected(at(0)) }
    return RunLine(
      run: run, figures: try read(row).1, trigger: try choice(row, at(1)), failureInstant: Timestamp(milliseconds: try value(row, at(2))),
      point: try optional(row, at(3)), pointTakenAt: try (optional(row, at(4)) as Int64?).map { Timestamp(milliseconds: $0) },
      cleanup: try choice(row, at(5)), host: try value(row, at(6)), engine: try optional(row, 8), reasonCode: reason?.code,
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
