import DrillModel
import Selecting
import Testing

private let taken = Timestamp(milliseconds: 1_795_316_400_000)  // 2026-11-22T03:00:00Z

@Suite("A header's time")
struct CandidateHeaderTests {
  private func candidate(_ time: Timestamp?, _ origin: TimeOrigin?, day: Range<Timestamp>? = nil) -> Candidate {
    let artefact = Artefact(location: "/b/a.gz", name: "a.gz", bytes: 1, modified: taken)
    return Candidate(artefact: artefact, time: time, origin: origin, isDateOnly: day != nil, namedDay: day)
  }

  private let sunday = Timestamp(rfc3339: "2026-11-22T00:00:00Z").map { $0..<($0 + .seconds(86_400)) }

  private func refined(
    _ candidate: Candidate, takenAt: Timestamp? = nil, local: CivilTime? = nil, zone: String? = nil
  ) throws -> (candidate: Candidate, note: Reason?) {
    try candidate.refined(takenAt: takenAt, localTime: local, rules: SelectionRules(headerTimezone: zone))
  }

  @Test("metadata with a zone wins over every other origin", arguments: [TimeOrigin.name, .nameAndModified, .modified])
  func metadata(_ origin: TimeOrigin) throws {
    let (result, note) = try refined(candidate(taken, origin), takenAt: taken - .seconds(60))
    #expect(result.time == taken - .seconds(60) && result.origin == .metadata && note == nil)
  }

  @Test("metadata more than a day from the name is used and told")
  func metadataDisagrees() throws {
    let (result, note) = try refined(candidate(taken, .name), takenAt: taken - .seconds(86_401))
    #expect(result.origin == .metadata && note?.code == "time_disagrees" && note?.severity == .warn)
    #expect(try refined(candidate(taken, .name), takenAt: taken - .seconds(86_400)).note == nil)
    #expect(note?.text.contains("a.gz") == true && note?.text.contains("2026-11-22 03:00:00 UTC") == true)
  }

  @Test("a header without a zone only cross-checks the name, up to fourteen hours")
  func crossCheck() throws {
    let (same, quiet) = try refined(candidate(taken, .name), local: CivilTime(year: 2026, month: 11, day: 22, hour: 17))
    #expect(same == candidate(taken, .name) && quiet == nil)
    let (kept, note) = try refined(candidate(taken, .name), local: CivilTime(year: 2026, month: 11, day: 22, hour: 17, second: 1))
    #expect(kept.time == taken && kept.origin == .name && note?.code == "time_disagrees")
  }

  @Test("a date in the name is cross-checked against the whole day")
  func crossCheckDay() throws {
    let dated = candidate(sunday?.lowerBound, .name, day: sunday)
    #expect(try refined(dated, local: CivilTime(year: 2026, month: 11, day: 23, hour: 13)).note == nil)
    #expect(try refined(dated, local: CivilTime(year: 2026, month: 11, day: 23, hour: 15)).note != nil)
  }

  @Test("without a zone and without a name's time the header gives no time")
  func noZone() throws {
    let (result, note) = try refined(candidate(nil, nil), local: CivilTime(year: 2026, month: 11, day: 22))
    #expect(result.time == nil && note == nil)
  }

  @Test("in its declared zone a header dates what the name does not, and beats a modification time")
  func declaredZone() throws {
    for (time, origin) in [(nil, nil), (taken, TimeOrigin.modified)] as [(Timestamp?, TimeOrigin?)] {
      let result = try refined(candidate(time, origin), local: CivilTime(year: 2026, month: 11, day: 22, hour: 2), zone: "Europe/Berlin")
        .candidate
      #expect(result.time == Timestamp(rfc3339: "2026-11-22T01:00:00Z") && result.origin == .header)
    }
  }

  @Test("a name with a time of day beats a header in its declared zone; a date on the same day gains the hour")
  func nameFirst() throws {
    let local = CivilTime(year: 2026, month: 11, day: 22, hour: 2)
    #expect(try refined(candidate(taken, .name), local: local, zone: "UTC").candidate.origin == .name)
    let dated = candidate(sunday?.lowerBound, .name, day: sunday)
    let finer = try refined(dated, local: local, zone: "UTC").candidate
    #expect(finer.origin == .header && finer.time == Timestamp(rfc3339: "2026-11-22T02:00:00Z"))
    let other = try refined(dated, local: CivilTime(year: 2026, month: 11, day: 20), zone: "UTC")
    #expect(other.candidate.origin == .name && other.note != nil)
  }

  @Test("a time of completion counts less the duration, and only where a header would")
  func completed() throws {
    let rules = SelectionRules(headerTimezone: "UTC", duration: .seconds(600))
    let end = CivilTime(year: 2026, month: 11, day: 22, hour: 2)
    let dated = try candidate(nil, nil).refined(completed: end, rules: rules).candidate
    #expect(dated.time == Timestamp(rfc3339: "2026-11-22T01:50:00Z") && dated.origin == .header)
    #expect(try candidate(taken, .name).refined(completed: end, rules: rules).candidate == candidate(taken, .name))
    let (same, note) = try candidate(taken, .name).refined(
      completed: CivilTime(year: 2026, month: 11, day: 20), rules: SelectionRules(duration: .seconds(600)))
    #expect(same == candidate(taken, .name) && note?.code == "time_disagrees")
  }

  @Test("no header, or an impossible one, changes nothing")
  func nothing() throws {
    #expect(try refined(candidate(taken, .name)).candidate == candidate(taken, .name))
    #expect(try refined(candidate(nil, nil), local: CivilTime(year: 2026, month: 2, day: 30), zone: "UTC").candidate.time == nil)
  }

  @Test("a header zone that is none is a fault of the configuration")
  func wrongZone() {
    #expect(throws: Fault.self) { try refined(candidate(nil, nil), local: CivilTime(year: 2026, month: 1, day: 1), zone: "X/Y") }
  }
}
