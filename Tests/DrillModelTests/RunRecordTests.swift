import DrillModel
import Foundation
import Testing

@Suite("The record as JSON")
struct RunRecordTests {
  private func record(full: Bool) throws -> RunRecord {
    var random = SystemRandomNumberGenerator()
    let now = Timestamp(milliseconds: 1_795_316_400_000)
    let point = RecoveryPointRecord(
      id: "a.gz", takenAt: full ? now : nil, timeOrigin: full ? .nameAndModified : nil, bytes: full ? 73_400_320 : nil,
      artefacts: [ArtefactRecord(location: "/b/a.gz", bytes: full ? 1 : nil, sha256: full ? "00" : nil)], considered: 12,
      rejected: [RejectedRecord(location: "/b/<script>\n", reason: "zero bytes")])
    return RunRecord(
      run: RunID(at: now, using: &random), drill: "'; DROP TABLE", trigger: .due, verdict: .failed,
      reasons: [Reason(code: "rpo_missed", severity: .failed, text: "x")], failureInstant: now, startedAt: now, finishedAt: now,
      recoveryPoint: full ? point : nil,
      rpo: RPORecord(
        objective: nil, actual: full ? 300.5 : nil, artefactAge: nil, dataAge: nil, worstGap: nil, windowWorstGap: nil, gapTolerance: 0.1,
        basis: .worstGap, verdict: .noObjective),
      rto: RTORecord(
        objective: nil, actual: nil, until: .ready, engineRestore: nil, comparable: true,
        phases: [Phase(name: .select, start: 0, end: 0.2)], verdict: .notComparable),
      checks: [
        CheckRecord(
          name: "n", kind: "rows", severity: .fail, verdict: .couldNotVerify, expected: nil, found: nil, seconds: 0.01, data: true)
      ],
      cleanup: CleanupRecord(verdict: .clean, resources: [ScratchResource(kind: "directory", name: "d", state: .gone)]),
      environment: EnvironmentRecord(host: "h", drillmark: "1", engine: nil, durability: .production, isolation: nil))
  }

  private func keys(of json: Any?) -> Set<String> { Set((json as? [String: Any])?.keys.map(\.self) ?? []) }

  @Test("every key is there, and null where nothing applies")
  func everyKey() throws {
    let data = try JSONEncoder().encode(record(full: false))
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(
      keys(of: json) == [
        "run", "drill", "trigger", "verdict", "reasons", "failure_instant", "started_at", "finished_at", "recovery_point", "rpo", "rto",
        "checks", "cleanup", "environment",
      ])
    #expect(json["recovery_point"] is NSNull)
    #expect(
      keys(of: json["rpo"]) == [
        "objective_s", "actual_s", "artefact_age_s", "data_age_s", "worst_gap_s", "window_worst_gap_s", "gap_tolerance", "basis", "verdict",
      ])
    #expect(keys(of: json["rto"]) == ["objective_s", "actual_s", "until", "engine_restore_s", "comparable", "phases", "verdict"])
    let check = (json["checks"] as? [Any])?.first
    #expect(keys(of: check) == ["name", "kind", "severity", "verdict", "expected", "found", "seconds", "data"])
    #expect(keys(of: json["environment"]) == ["host", "drillmark", "engine", "durability", "isolation"])
    #expect((json["rpo"] as? [String: Any])?["actual_s"] is NSNull)
  }

  @Test("the recovery point's keys and spellings are those of the contract")
  func recoveryPoint() throws {
    let data = try JSONEncoder().encode(record(full: true))
    let text = String(decoding: data, as: UTF8.self)
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(keys(of: json["recovery_point"]) == ["id", "taken_at", "time_origin", "bytes", "artefacts", "considered", "rejected"])
    #expect(text.contains("\"name+modified\""))
    #expect(text.contains("\"2026-11-22T03:00:00.000Z\""))
    #expect(text.contains("\"state\":\"destroyed\""))
    #expect(text.contains("\"not_comparable\"") && text.contains("\"no_objective\"") && text.contains("\"could_not_verify\""))
  }

  @Test("a record reads back as it was, hostile text included", arguments: [true, false])
  func roundTrip(full: Bool) throws {
    let original = try record(full: full)
    #expect(try JSONDecoder().decode(RunRecord.self, from: JSONEncoder().encode(original)) == original)
  }

  @Test("a key that an older record lacks reads as null")
  func olderRecord() throws {
    let data = try JSONEncoder().encode(record(full: true))
    var json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    var rpo = try #require(json["rpo"] as? [String: Any])
    rpo["window_worst_gap_s"] = nil
    json["rpo"] = rpo
    let read = try JSONDecoder().decode(RunRecord.self, from: JSONSerialization.data(withJSONObject: json))
    #expect(read.rpo.windowWorstGap == nil)
  }

  @Test("phase limits fall back to their defaults")
  func deadlines() {
    let limits = PhaseDeadlines(limits: [.restore: .seconds(60)])
    #expect(limits[.restore] == .seconds(60))
    #expect(limits[.verify] == .seconds(21_600))
  }

  @Test("a drill's objectives win over its tier's, key by key")
  func tiers() {
    let merged = DrillObjectives(rpo: .seconds(1), rpoBasis: .dataAge).merged(
      over: DrillObjectives(rpo: .seconds(2), rto: .seconds(3), gapTolerance: 0.2))
    #expect(merged == DrillObjectives(rpo: .seconds(1), rto: .seconds(3), rpoBasis: .dataAge, gapTolerance: 0.2))
  }
}
