import DrillModel
import Selecting
import Testing

private let now = Timestamp(milliseconds: 1_795_316_400_000)  // 2026-11-22T03:00:00Z
private func hours(_ count: Double) -> Duration { .milliseconds(Int64(count * 3_600_000)) }

private func file(_ name: String, bytes: Int64 = 100, age: Double? = 100, kind: Artefact.Kind = .file, writing: Bool = false) -> Artefact {
  Artefact(location: "/b/\(name)", name: name, kind: kind, bytes: bytes, modified: age.map { now - hours($0) }, isBeingWritten: writing)
}

private func rules(_ match: String? = "db-%Y%m%d-%H%M.gz", _ change: (inout SelectionRules) -> Void = { _ in }) -> SelectionRules {
  var rules = SelectionRules(match: match)
  change(&rules)
  return rules
}

@Suite("Surveying a store")
struct SurveyTests {
  @Test("candidates come oldest first, whatever order they were listed in")
  func order() throws {
    let names = ["db-20261121-0300.gz", "db-20261119-0300.gz", "db-20261120-0300.gz"]
    let survey = try survey(names.map { file($0) }, rules: rules(), now: now)
    #expect(survey.candidates.map(\.id) == names.sorted())
    #expect(survey.candidates.last?.time == Timestamp(rfc3339: "2026-11-21T03:00:00Z"))
    #expect(survey.candidates.last?.origin == .name && survey.rejected.isEmpty)
  }

  @Test("without a pattern every file but sidecars, temporary and dot files is one; none has a time")
  func defaults() throws {
    let others = ["a.gz.sha256", "a.gz.md5", "a.gz.sig", "a.gz.asc", ".a.gz.Xy12", "lost+found"]
    let survey = try survey((["a.gz", "b.dump"] + others).map { file($0) }, rules: rules(nil), now: now)
    #expect(survey.candidates.map(\.id) == ["a.gz", "b.dump"])
    #expect(survey.candidates.allSatisfy { $0.time == nil && $0.origin == nil })
    #expect(survey.rejected.isEmpty && survey.leftOut.sidecars == 4 && survey.leftOut.hidden == 2)
  }

  @Test("a pattern's star never takes a sidecar, and a pattern that names the suffix does")
  func sidecarsByPattern() throws {
    let files = [file("db.gz"), file("db.gz.sha256"), file("x.tmp")]
    #expect(try survey(files, rules: rules("db*"), now: now).candidates.map(\.id) == ["db.gz"])
    #expect(try survey(files, rules: rules("*.tmp"), now: now).candidates.map(\.id) == ["x.tmp"])
    #expect(try survey([file(".db")], rules: rules(".db"), now: now).candidates.count == 1)
  }

  @Test(
    "an unfinished upload is rejected with its time",
    arguments: [".part", ".tmp", ".partial", ".crdownload", ".filepart", ".TMP"])
  func unfinished(_ suffix: String) throws {
    let survey = try survey([file("db-20261121-0300.gz" + suffix)], rules: rules(), now: now)
    #expect(survey.candidates.isEmpty)
    #expect(survey.rejected.map(\.reason) == ["unfinished upload"])
    #expect(survey.rejected.first?.time == Timestamp(rfc3339: "2026-11-21T03:00:00Z"))
  }

  @Test("a temporary file of something else is no concern of the drill")
  func strangersTemporary() throws {
    let survey = try survey([file("other.tmp")], rules: rules(), now: now)
    #expect(survey.rejected.isEmpty && survey.leftOut.unmatched == 1)
  }

  @Test(
    "what cannot be a backup is rejected with its reason",
    arguments: [
      (file("db-20261121-0300.gz", bytes: 0), "zero bytes"),
      (file("db-20261121-0300.gz", kind: .other("FIFO")), "FIFO, not a file"),
      (file("db-20261121-0300.gz", kind: .other("symbolic link")), "symbolic link, not a file"),
      (file("db-20261121-0300.gz", writing: true), "unfinished upload: it is being written"),
      (file("db-20260230-0300.gz"), "the time in its name is impossible: 2026-02-30 03:00:00 does not exist"),
    ])
  func rejections(_ artefact: Artefact, _ reason: String) throws {
    let survey = try survey([artefact], rules: rules(), now: now)
    #expect(survey.rejected.map(\.reason) == [reason] && survey.candidates.isEmpty)
  }

  @Test("a checksum file that says nothing usable rejects its backup")
  func checksumProblem() throws {
    var artefact = file("db-20261121-0300.gz")
    artefact.checksumProblem = "its checksum file is empty"
    #expect(try survey([artefact], rules: rules(), now: now).rejected.map(\.reason) == ["its checksum file is empty"])
  }

  @Test("directories are backups only where the pattern names them")
  func directories() throws {
    let folder = file("db-20261121-0300.gz", kind: .directory)
    #expect(try survey([folder], rules: rules(), now: now).candidates.count == 1)
    for match in [nil, "*"] {
      let survey = try survey([folder], rules: rules(match), now: now)
      #expect(survey.candidates.isEmpty && survey.rejected.isEmpty && survey.leftOut.directories == 1)
    }
  }

  @Test("a date is refined by a modification time on that day in the name's zone, else is the day's start")
  func dateOnly() throws {
    let pattern = rules("db-%Y%m%d.gz") { $0.nameTimezone = "Europe/Berlin" }
    let sameDay = try survey([file("db-20261121.gz", age: 5)], rules: pattern, now: now).candidates[0]
    #expect(sameDay.time == now - hours(5) && sameDay.origin == .nameAndModified && sameDay.isDateOnly)
    // 23:30 UTC on the 21st is the 22nd in Berlin.
    let nextDay = try survey([file("db-20261121.gz", age: 3.5)], rules: pattern, now: now).candidates[0]
    #expect(nextDay.time == Timestamp(rfc3339: "2026-11-20T23:00:00Z") && nextDay.origin == .name)
    let without = try survey([file("db-20261121.gz", age: nil)], rules: pattern, now: now).candidates[0]
    #expect(without.time == Timestamp(rfc3339: "2026-11-20T23:00:00Z"))
  }

  @Test("the store's modification time counts only where it is trusted")
  func modified() throws {
    let plain = try survey([file("a.gz", age: 5)], rules: rules("*.gz"), now: now).candidates[0]
    #expect(plain.time == nil && plain.origin == nil && plain.order == now - hours(5))
    let trusted = try survey([file("a.gz", age: 5)], rules: rules("*.gz") { $0.trustModifiedTime = true }, now: now).candidates[0]
    #expect(trusted.time == now - hours(5) && trusted.origin == .modified)
    let named = try survey([file("db-20261121-0300.gz", age: 5)], rules: rules { $0.trustModifiedTime = true }, now: now).candidates[0]
    #expect(named.origin == .name)
  }

  @Test("the duration of a backup is subtracted from its end, not from a day's start")
  func duration() throws {
    func time(_ name: String, _ match: String, age: Double) throws -> Timestamp? {
      let rules = rules(match) {
        $0.duration = hours(2)
        $0.trustModifiedTime = true
      }
      return try survey([file(name, age: age)], rules: rules, now: now).candidates.first?.time
    }
    #expect(try time("db-20261121-0300.gz", "db-%Y%m%d-%H%M.gz", age: 9) == Timestamp(rfc3339: "2026-11-21T01:00:00Z"))
    #expect(try time("a.gz", "*.gz", age: 5) == now - hours(7))
    #expect(try time("db-20261121.gz", "db-%Y%m%d.gz", age: 5) == now - hours(7))
    #expect(try time("db-20261121.gz", "db-%Y%m%d.gz", age: 100) == Timestamp(rfc3339: "2026-11-21T00:00:00Z"))
  }

  @Test("a time in the future stays a candidate and is what latest takes")
  func future() throws {
    let survey = try survey([file("db-20261121-0300.gz"), file("db-20991231-0000.gz")], rules: rules(), now: now)
    #expect(survey.candidates.last?.id == "db-20991231-0000.gz" && survey.rejected.isEmpty)
  }

  @Test("young means younger than settle; a modification time far ahead is no youth")
  func settling() throws {
    func isSettling(_ age: Double?) throws -> Bool? {
      try survey([file("db-20261121-0300.gz", bytes: 0, age: age)], rules: rules(), now: now).rejected.first?.isSettling
    }
    #expect(try isSettling(0.9) == true)
    #expect(try isSettling(1) == false)
    #expect(try isSettling(-0.05) == true)
    #expect(try isSettling(-1) == false)
    #expect(try isSettling(nil) == false)
  }

  @Test("what its store calls finished is excused by no youth; what has failed a minute ago has failed")
  func finished() throws {
    var artefact = file("db-20261121-0300.gz", age: 0.02)
    artefact.obstacle = "its creation failed"
    #expect(try survey([artefact], rules: rules(), now: now).rejected.first?.isSettling == true)
    artefact.isFinal = true
    #expect(try survey([artefact], rules: rules(), now: now).rejected.first?.isSettling == false)
  }

  @Test("a zone or pattern that is none is a fault of the configuration")
  func wrongRules() {
    #expect(throws: Fault.self) { try survey([], rules: rules { $0.nameTimezone = "PST" }, now: now) }
    #expect(throws: Fault.self) { try survey([], rules: rules("%Q"), now: now) }
  }

  @Test("two hundred thousand names are judged in seconds")
  func many() throws {
    let files = (0..<200_000).map { index in
      let day = Timestamp(seconds: 1_600_000_000 + Int64(index) * 600).description
      return file(
        "db-\(day.prefix(4))\(day.dropFirst(5).prefix(2))\(day.dropFirst(8).prefix(2))-\(day.dropFirst(11).prefix(2))\(day.dropFirst(14).prefix(2)).gz"
      )
    }
    let zoned = rules { $0.nameTimezone = "Europe/Berlin" }
    var count = 0
    let taken = try ContinuousClock().measure { count = try survey(files, rules: zoned, now: now).candidates.count }
    #expect(count == 200_000)
    #expect(taken < .seconds(60), "took \(taken)")
  }
}
