import DrillTestSupport
import Testing

@Suite(
  "Which backup a run restores, and what it says of the others", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct SelectionRunTests {
  @Test("a newest file of zero bytes fails the run once it has settled, and is named; an older sound one was restored")
  func emptyNewest() async {
    let site = await ScratchSite.sound()
    let empty = SampleDrill.name(.seconds(5400))
    site.backup(empty, [], age: .seconds(5400))
    let result = await site.runJSON("d")
    #expect(result.status == 1)
    #expect(result.record["verdict"].text == "failed")
    #expect(result.record.reasonCodes.first == "rejected_newer")
    #expect(result.record.reasonTexts.contains(empty))
    #expect(result.record["checks"].items.first?["verdict"].text == "passed")
    await site.expectClean()
  }

  @Test("one that may still be arriving is a note")
  func emptySettling() async {
    let site = await ScratchSite.sound()
    let empty = SampleDrill.name(.seconds(60))
    site.backup(empty, [], age: .seconds(30))
    let result = await site.runJSON("d")
    #expect(result.record["verdict"].text == "passed")
    #expect(result.record.reasonCodes.contains("rejected_newer_settling"))
    #expect(result.record.reasonTexts.contains(empty))
  }

  @Test("an unfinished upload (.part) fails the run once it has settled, and is a note before")
  func part() async {
    for (age, verdict) in [(Duration.seconds(5400), "failed"), (.seconds(30), "passed")] {
      let site = await ScratchSite.sound()
      let name = SampleDrill.name(age) + ".part"
      site.backup(name, Array((await SampleBackups.database()).prefix(5000)), age: age)
      let result = await site.runJSON("d")
      #expect(result.record["verdict"].text == verdict, "\(result.said)")
      #expect(result.record.reasonTexts.contains(name))
    }
  }

  @Test("a checksum beside the file: the right one passes, a wrong one fails, one that says nothing is told")
  func checksums() async {
    let name = SampleDrill.name()
    let bytes = await SampleBackups.database()
    let folder = TemporaryFolder()
    let right = await HostCommand.run(["/usr/bin/sha256sum", folder.file(name, bytes)]).stdout.prefix(64)
    let cases: [(String, String, String)] = [
      ("\(right)  \(name)\n", "passed", ""), ("\(right)\n", "passed", ""), ("\(right.uppercased()) *\(name)\r\n", "passed", ""),
      ("\(String(repeating: "0", count: 64))  \(name)\n", "failed", "checksum_mismatch"), ("not a checksum\n", "failed", ""),
      ("", "failed", ""),
      ("\(right.dropLast())\n", "failed", ""),
    ]
    for (text, verdict, code) in cases {
      let site = ScratchSite()
      site.drill("d", SampleDrill.sqlite())
      site.backup(name, bytes)
      site.backup(name + ".sha256", text)
      let result = await site.runJSON("d")
      #expect(result.record["verdict"].text == verdict, "\(text): \(result.said)")
      #expect(code.isEmpty || result.record.reasonCodes.contains(code), "\(result.record.reasonTexts)")
      #expect(verdict == "passed" || result.record.reasonTexts.contains(name))
      #expect(site.scratchEntries.isEmpty)
    }
  }

  private func siteOfThree(_ select: String) async -> (ScratchSite, [String]) {
    let site = ScratchSite()
    let names = [10, 5, 1].map { SampleDrill.name(.seconds(86_400 * $0)) }
    for (name, days) in zip(names, [10, 5, 1]) { site.backup(name, await SampleBackups.database(), age: .seconds(86_400 * days)) }
    site.drill("d", SampleDrill.sqlite(backup: "select: \(select)"))
    return (site, names)
  }

  @Test("oldest-within takes the oldest that is young enough")
  func oldest() async {
    let (site, names) = await siteOfThree("{oldest-within: 7d}")
    let record = await site.runJSON("d").record
    #expect(record["verdict"].text == "passed")
    #expect(record["recovery_point"]["id"].text == names[1])
    // The age is of the newest point, whichever was restored.
    #expect((record["rpo"]["artefact_age_s"].number ?? 0) < 86_500)
  }

  @Test("random-within takes every point that is young enough, sometime")
  func random() async {
    let (site, names) = await siteOfThree("{random-within: 7d}")
    var seen: Set<String> = []
    for _ in 0..<12 { seen.insert(await site.runJSON("d").record["recovery_point"]["id"].text ?? "none") }
    #expect(seen == Set(names.dropFirst()))
  }

  @Test("at takes the newest at or before that time, which is the failure instant")
  func pointInTime() async {
    let stamp = BackupStamp.ago(.seconds(86_400 * 4))
    let day = "\(stamp.prefix(4))-\(stamp.dropFirst(4).prefix(2))-\(stamp.dropFirst(6).prefix(2))T00:00:00Z"
    let (site, names) = await siteOfThree("{at: \(day)}")
    let record = await site.runJSON("d").record
    #expect(record["verdict"].text == "passed")
    #expect(record["recovery_point"]["id"].text == names[1])
    #expect(record["failure_instant"].text == day.replacing("Z", with: ".000Z"))
    let (early, _) = await siteOfThree("{at: 2001-01-01T00:00:00Z}")
    #expect(await early.runJSON("d").record["reasons"].items.first?["code"].text == "nothing_to_restore")
  }

  @Test("a time a little in the future counts as now and is noted; one further ahead is unknown and fails an RPO")
  func future() async {
    for (ahead, verdict, rpo) in [(120, "passed", "met"), (7200, "failed", "unknown")] {
      let site = ScratchSite()
      site.backup(SampleDrill.name(.seconds(-ahead)), await SampleBackups.database())
      site.drill("d", SampleDrill.sqlite(more: "objectives: {rpo: 1d}\n"))
      let record = await site.runJSON("d").record
      #expect(record["verdict"].text == verdict, "\(record.reasonTexts)")
      #expect(record["rpo"]["verdict"].text == rpo)
      #expect(!record.reasonTexts.isEmpty)
    }
  }

  @Test("no time at all fails an RPO, and is no obstacle without one")
  func noTime() async {
    let site = ScratchSite()
    site.backup("b.db", await SampleBackups.database())
    site.drill("with", SampleDrill.sqlite(match: "b.db", more: "objectives: {rpo: 1d}\n"))
    site.drill("without", SampleDrill.sqlite(match: "b.db"))
    site.drill("trusting", SampleDrill.sqlite(match: "b.db", backup: "trust-modified-time: true", more: "objectives: {rpo: 1d}\n"))
    let with = await site.runJSON("with").record
    #expect(with["verdict"].text == "failed")
    #expect(with["rpo"]["verdict"].text == "unknown")
    #expect(with["rpo"]["actual_s"].isNull)
    #expect(await site.runJSON("without").record["verdict"].text == "passed")
    #expect(await site.runJSON("trusting").record["recovery_point"]["time_origin"].text == "modified")
  }

  @Test("nothing to restore fails, an empty directory and one of other files alike")
  func nothing() async {
    let site = ScratchSite()
    site.drill("d", SampleDrill.sqlite())
    for _ in 0..<2 {
      let result = await site.runJSON("d")
      #expect(result.status == 1)
      #expect(result.record.reasonCodes.first == "nothing_to_restore")
      site.backup("readme.txt", "hello")
    }
  }
}
