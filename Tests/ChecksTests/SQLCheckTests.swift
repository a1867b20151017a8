import Checks
import DrillModel
import EngineKit
import Testing

private func verdict(_ kind: String, _ yaml: String, _ sql: ScriptedSQL, point: Timestamp? = CheckBench.moment) async throws -> CheckFinding
{
  try await CheckBench.check(kind, yaml).evaluate(CheckBench.subject(Probes(sql: sql), point: point))
}

@Suite("rows")
struct RowsCheckTests {
  @Test(
    "the count is judged against its bounds",
    arguments: [
      ("{table: t}", "1", CheckVerdict.passed), ("{table: t}", "0", .failed), ("{table: t, min: 0}", "0", .passed),
      ("{table: t, min: 10}", "9", .failed), ("{table: t, min: 10}", "10", .passed), ("{table: t, max: 10}", "11", .failed),
      ("{table: t, equals: 5}", "5", .passed), ("{table: t, equals: 5}", "6", .failed), ("{table: t, min: 2, max: 3}", "4", .failed),
    ])
  func bounds(_ yaml: String, _ count: String, _ wanted: CheckVerdict) async throws {
    #expect(try await verdict("rows", yaml, ScriptedSQL([[count]])).verdict == wanted)
  }

  @Test("a missing table is a finding, a lost connection is not")
  func errors() async throws {
    #expect(try await verdict("rows", "{table: t}", ScriptedSQL(.missing("no table"))).verdict == .failed)
    #expect(try await verdict("rows", "{table: t}", ScriptedSQL(.unavailable("gone"))).verdict == .couldNotVerify)
    #expect(try await verdict("rows", "{table: t}", ScriptedSQL(.timeout(.seconds(1)))).verdict == .couldNotVerify)
  }

  @Test(
    "bounds that exclude each other are refused",
    arguments: ["{table: t, min: 3, max: 2}", "{table: t, equals: 3, min: 2}", "{min: 3}", "{table: ''}"])
  func refused(_ yaml: String) {
    #expect(throws: CheckBench.Refused.self) { try CheckBench.check("rows", yaml) }
  }
}

@Suite("query")
struct QueryCheckTests {
  @Test(
    "one value is compared exactly",
    arguments: [
      ("equals: 830", "830", CheckVerdict.passed), ("equals: 830", "830.0", .passed), ("equals: 1.0", "1", .passed),
      ("equals: 1e3", "1000", .passed),
      ("equals: 9007199254740993", "9007199254740992", .failed), ("equals: 9007199254740993", "9007199254740993", .passed),
      ("equals: -0", "0", .passed), ("equals: 0", nil, .failed), ("equals: null", nil, .passed), ("equals: abc", "abc", .passed),
      ("equals: abc", "ABC", .failed), ("equals: true", "t", .passed), ("equals: false", "0", .passed), ("not-equals: 3", "4", .passed),
      ("not-equals: 3", "3.00", .failed), ("min: 2", "10", .passed), ("min: 2", "1.999", .failed), ("min: 2", nil, .failed),
      ("min: 2", "x", .failed),
      ("max: -2", "-10", .passed), ("max: -2", "-1", .failed), ("between: [1, 2]", "2", .passed), ("between: [1, 2]", "2.1", .failed),
      ("matches: '^v[0-9]+$'", "v12", .passed), ("matches: '^v[0-9]+$'", "v", .failed), ("matches: a", nil, .failed),
    ] as [(String, String?, CheckVerdict)])
  func values(_ comparison: String, _ value: String?, _ wanted: CheckVerdict) async throws {
    #expect(try await verdict("query", "{sql: s, \(comparison)}", ScriptedSQL([[value]])).verdict == wanted)
  }

  @Test(
    "tables and emptiness",
    arguments: [
      ("equals: [1, 2]", [["1"], ["2"]], CheckVerdict.passed), ("equals: [1, 2]", [["2"], ["1"]], .failed),
      ("equals: [1, 2]", [["1"]], .failed),
      ("equals: [[1, a], [2, null]]", [["1", "a"], ["2", nil]], .passed), ("equals: [[1, a]]", [["1", "b"]], .failed),
      ("equals: 1", [], .failed),
      ("empty: true", [], .passed), ("empty: true", [["1"]], .failed), ("empty: false", [], .failed), ("min: 1", [["1"], ["0"]], .failed),
      ("min: 1", [], .failed), ("min: 1", [["1"], ["7"]], .passed),
    ] as [(String, [[String?]], CheckVerdict)])
  func tables(_ comparison: String, _ rows: [[String?]], _ wanted: CheckVerdict) async throws {
    #expect(try await verdict("query", "{sql: s, \(comparison)}", ScriptedSQL(rows)).verdict == wanted)
  }

  @Test("more rows than were fetched do not pass")
  func cut() async throws {
    #expect(try await verdict("query", "{sql: s, min: 0}", ScriptedSQL([["1"]], isCut: true)).verdict == .couldNotVerify)
    #expect(try await verdict("query", "{sql: s, equals: 1}", ScriptedSQL([["1"]], isCut: true)).verdict == .failed)
  }

  @Test("a customer's text is recorded as a digest, a number as it is")
  func record() async throws {
    let text = try await verdict("query", "{sql: s, equals: x}", ScriptedSQL([["Jane Doe, 12 Elm Street"]]))
    #expect(text.found?.contains("Jane") == false)
    #expect(text.found?.contains("sha256") == true)
    #expect(try await verdict("query", "{sql: s, equals: 1}", ScriptedSQL([["42"]])).found == "42")
  }

  @Test(
    "what cannot be compared is refused",
    arguments: ["{sql: s}", "{sql: s, between: [2, 1]}", "{sql: s, matches: '('}", "{sql: s, min: x}"])
  func refused(_ yaml: String) {
    #expect(throws: CheckBench.Refused.self) { try CheckBench.check("query", yaml) }
  }
}

@Suite("freshness")
struct FreshnessCheckTests {
  @Test(
    "a record's age counts from the recovery point",
    arguments: [
      ("2026-11-21 03:30:00+00", CheckVerdict.passed), ("2026-11-21T02:59:59Z", .failed), ("2026-11-21 05:30:00+02", .passed),
      ("2026-11-21 03:30:00.123456+00:00", .passed), ("1795231800", .passed), ("1795231800000", .passed), ("2026-11-21 03:30", .passed),
      ("2026-11-20", .failed), ("2026-11-21 04:50:00", .passed), ("2026-11-21 05:10:00", .failed), ("2027-01-01 00:00:00", .failed),
    ])
  func ages(_ value: String, _ wanted: CheckVerdict) async throws {
    #expect(try await verdict("freshness", "{sql: s, max-age: 1h}", ScriptedSQL([[value]])).verdict == wanted)
  }

  @Test("a moment without a zone is in the drill's, across a change of clocks")
  func zone() async throws {
    let finding = try await verdict("freshness", "{sql: s, max-age: 1h, timezone: Europe/Berlin}", ScriptedSQL([["2026-11-21 04:30:00"]]))
    #expect(finding.verdict == .passed)
    #expect(finding.newest == Timestamp(rfc3339: "2026-11-21T03:30:00Z"))
    let summer = try await verdict("freshness", "{sql: s, governs: true, timezone: Europe/Berlin}", ScriptedSQL([["2026-07-01 12:00:00"]]))
    #expect(summer.newest == Timestamp(rfc3339: "2026-07-01T10:00:00Z"))
  }

  @Test("no record fails, an unknown recovery point cannot be verified, nor can what is no moment")
  func nothing() async throws {
    #expect(try await verdict("freshness", "{sql: s, max-age: 1h}", ScriptedSQL([[nil]])).verdict == .failed)
    #expect(try await verdict("freshness", "{sql: s, max-age: 1h}", ScriptedSQL([])).verdict == .failed)
    #expect(
      try await verdict("freshness", "{sql: s, max-age: 1h}", ScriptedSQL([["2026-11-21 03:30:00"]]), point: nil).verdict == .couldNotVerify
    )
    #expect(try await verdict("freshness", "{sql: s, max-age: 1h}", ScriptedSQL([["soon"]])).verdict == .couldNotVerify)
  }

  @Test("a heartbeat governs, and a time in the future does not")
  func governs() async throws {
    let beat = try await verdict("freshness", "{sql: s, governs: true}", ScriptedSQL([["2026-11-21 03:30:00"]]))
    #expect(beat.governs && beat.newest != nil && beat.verdict == .passed)
    let future = try await verdict("freshness", "{sql: s, governs: true}", ScriptedSQL([["2030-01-01 00:00:00"]]))
    #expect(!future.governs && future.newest == nil && future.verdict == .failed)
  }
}
