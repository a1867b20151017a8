import DrillTestSupport
import Testing

@Suite("The sealed record on standard output", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct RecordShapeTests {
  private static let keys: [String: [String]] = [
    "": [
      "chain", "checks", "cleanup", "drill", "environment", "failure_instant", "finished_at", "reasons", "recovery_point", "rpo", "rto",
      "run",
      "started_at", "trigger", "verdict",
    ],
    "recovery_point": ["artefacts", "bytes", "considered", "id", "rejected", "taken_at", "time_origin"],
    "recovery_point.artefacts": ["bytes", "location", "sha256"],
    "recovery_point.rejected": ["location", "reason"],
    "rpo": [
      "actual_s", "artefact_age_s", "basis", "data_age_s", "gap_tolerance", "objective_s", "verdict", "window_worst_gap_s", "worst_gap_s",
    ],
    "rto": ["actual_s", "comparable", "engine_restore_s", "objective_s", "phases", "until", "verdict"],
    "rto.phases": ["end_s", "name", "start_s"],
    "checks": ["data", "expected", "found", "kind", "name", "seconds", "severity", "verdict"],
    "cleanup": ["resources", "verdict"],
    "cleanup.resources": ["kind", "name", "state"],
    "environment": ["drillmark", "durability", "engine", "host", "isolation"],
    "chain": ["hash", "previous", "sequence"],
    "reasons": ["code", "severity", "text"],
  ]

  /// Compares the keys of a record with the published ones, below every object and in every element.
  private func expectKeys(_ value: JSONValue, _ path: String = "") {
    switch value {
    case .object(let members):
      #expect(value.keys == Self.keys[path], "at \"\(path)\"")
      for (key, member) in members { expectKeys(member, path.isEmpty ? key : "\(path).\(key)") }
    case .array(let items): for item in items { expectKeys(item, path) }
    default: break
    }
  }

  @Test("every published key is there, in a passed run and in one that restored nothing")
  func keySet() async {
    let site = await ScratchSite.sound()
    site.backup("b_\(BackupStamp.ago(.seconds(9000))).db", [])
    let passed = await site.runJSON("d").record
    #expect(passed["verdict"] == .string("passed"))
    expectKeys(passed)
    site.drill("none", SampleDrill.sqlite(match: "no_%Y%m%d.db"))
    let failed = await site.runJSON("none").record
    #expect(failed["verdict"] == .string("failed"))
    expectKeys(failed)
    #expect(failed["rto"]["actual_s"].isNull)
    #expect(failed["chain"]["sequence"].number == 2)
    #expect(failed["chain"]["previous"] == passed["chain"]["hash"])
  }

  @Test("standard output holds records only, one a line; progress goes to standard error")
  func onlyRecords() async {
    let site = await ScratchSite.sound()
    site.drill("e", SampleDrill.sqlite())
    let result = await site.run("run", "--all", "--json")
    #expect(result.status == 0)
    #expect(result.records.count == 2)
    #expect(Set(result.records.compactMap { $0["drill"].text }) == ["d", "e"])
    #expect(result.stderr.contains("restore"))
    await site.expectClean()
  }

  @Test("times have milliseconds and Z, durations are finite numbers")
  func times() async throws {
    let site = await ScratchSite.sound()
    let record = await site.runJSON("d").record
    let shape = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/
    for time in [record["failure_instant"], record["started_at"], record["finished_at"], record["recovery_point"]["taken_at"]] {
      #expect(try #require(time.text).wholeMatch(of: shape) != nil, "\(time)")
    }
    let age = try #require(record["rpo"]["artefact_age_s"].number)
    #expect(age > 7199 && age < 7300)
    for phase in record["rto"]["phases"].items {
      let (start, end) = (try #require(phase["start_s"].number), try #require(phase["end_s"].number))
      #expect(start >= 0 && end >= start)
    }
    #expect(try #require(record["rto"]["actual_s"].number) > 0)
  }

  @Test("show prints the very line that run printed, and history the same lines, newest first")
  func sameBytes() async {
    let site = await ScratchSite.sound()
    let first = await site.runJSON("d")
    let second = await site.runJSON("d")
    let run = first.record["run"].text ?? ""
    #expect(await site.run("show", run, "--json").stdout == first.stdout)
    #expect(await site.run("show", "d", "--json").stdout == second.stdout)
    #expect(await site.run("history", "d", "--json").stdout == second.stdout + first.stdout)
  }
}
