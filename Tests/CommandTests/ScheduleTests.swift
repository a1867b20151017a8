import DrillTestSupport
import Glibc
import Testing

@Suite("Drills by their schedules", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct ScheduleTests {
  /// A site whose drill `d` was declared ten minutes ago and is due since two.
  private func dueSite(checks: String = SampleDrill.rows) async -> ScratchSite {
    let site = await ScratchSite.sound(drill: SampleDrill.sqlite(checks: checks, more: SampleDrill.justDue()))
    site.file("drills/wait.sh", "#!/bin/sh\nwhile [ ! -e ../go ]; do sleep 0.05; done\n", mode: 0o755)
    site.setAge("\(site.path)/drills/d.yaml", .seconds(600))
    return site
  }

  private func until(_ command: HostCommand, says text: String) async throws {
    for _ in 0..<1200 where !command.stderrSoFar.contains(text) { try await Task.sleep(for: .milliseconds(50)) }
    #expect(command.stderrSoFar.contains(text), "\(command.stderrSoFar)")
  }

  @Test("run --due runs what is due once, then nothing with 0 and no word; two at the same time make one run") func due() async throws {
    let site = await dueSite()
    let both = [site.start(["run", "--due", "--json"]), site.start(["run", "--due", "--json"])]
    let (first, second) = (await both[0].result(), await both[1].result())
    let records = first.records + second.records
    #expect(records.compactMap { $0["trigger"].text } == ["due"], "\(first.said)\n\(second.said)")
    let again = await site.run("run", "--due")
    #expect(again.status == 0 && again.stdout.isEmpty && again.stderr.isEmpty, "\(again.said)")
    await site.expectClean()
  }

  @Test("with an invalid file beside it run --due runs the valid drill and then ends with 64") func invalidBeside() async {
    let site = await dueSite()
    site.drill("bad", "backup: {from: ../backups, matsch: x}\nrestore: {engine: sqlite}\n")
    let result = await site.run("run", "--due", "--json")
    #expect(result.status == 64 && result.records.count == 1, "\(result.said)")
  }

  @Test("a drill that never ran and missed its due time is told of as overdue, by name, once; its first pass recovers it") func neverRan()
    async throws
  {
    let server = ScriptedHTTPServer(.answer(200))
    let site = await ScratchSite.sound(
      "notify:\n  - webhook: {url: \"\(server.url)/in\"}\n", drill: SampleDrill.sqlite(more: SampleDrill.justDue(", start-within: 60s")))
    #expect(await site.run("status").stdout.contains("never tested"))
    site.setAge("\(site.path)/drills/d.yaml", .seconds(600))
    for _ in 0..<2 {
      let result = await site.run("run", "--due", "--json")
      #expect(result.status == 0 && result.records.isEmpty, "\(result.said)")
    }
    let notices = server.requests.compactMap { JSONValue($0.text) }
    #expect(notices.map { $0["event"].text } == ["overdue"] && notices.first?["drill"].text == "d")
    let status = await site.run("status")
    #expect(status.status == 1 && status.stdout.contains("overdue"), "\(status.said)")
    #expect(await site.runJSON("d").status == 0)
    #expect(server.requests.compactMap { JSONValue($0.text)?["event"].text } == ["overdue", "recovered"])
    #expect(await site.run("status").status == 0)
  }

  @Test("an edited schedule whose time has just passed does not run at once") func edited() async {
    let site = await ScratchSite.sound(drill: SampleDrill.sqlite(more: SampleDrill.justDue()))
    let result = await site.run("run", "--due", "--json")
    #expect(result.status == 0 && result.stdout.isEmpty, "\(result.said)")
  }

  @Test("the daemon runs what is due, lets it end after SIGTERM, and ends with 0; status shows it meanwhile") func drains() async throws {
    let site = await dueSite(checks: SampleDrill.rows + "  - command: {run: [./wait.sh]}\n")
    let daemon = site.start(["schedule"])
    try await until(daemon, says: " started\n")
    #expect(await site.run("status").stdout.contains("scheduler: the daemon runs since"))
    daemon.signal(SIGHUP)
    try await until(daemon, says: "after SIGHUP")
    daemon.signal(SIGTERM)
    try await until(daemon, says: "stopping")
    site.file("go", "")
    let result = await daemon.result()
    #expect(result.status == 0, "\(result.said)")
    let records = await site.run("history", "--json").records
    #expect(records.compactMap { $0["verdict"].text } == ["passed"] && records.first?["trigger"].text == "schedule")
    await site.expectClean()
  }

  @Test("a second SIGTERM interrupts the run and cleans up first") func interrupted() async throws {
    let site = await dueSite(checks: SampleDrill.rows + "  - command: {run: [./wait.sh]}\n")
    let daemon = site.start(["schedule"])
    try await until(daemon, says: " started\n")
    daemon.signal(SIGTERM)
    try await until(daemon, says: "stopping")
    daemon.signal(SIGTERM)
    #expect(await daemon.result().status == 0)
    #expect(await site.run("history", "--json").records.compactMap { $0["verdict"].text } == ["interrupted"])
    await site.expectClean()
  }

  @Test("kill -9 in the middle of a run: the next start seals it as interrupted, and its due time is not run again") func killed()
    async throws
  {
    let site = await dueSite(checks: SampleDrill.rows + "  - command: {run: [./wait.sh]}\n")
    let daemon = site.start(["schedule"])
    try await until(daemon, says: " started\n")
    daemon.signal(SIGKILL)
    _ = await daemon.result()
    #expect(await site.run("status").stdout.contains("is dead"))
    let next = site.start(["schedule"])
    try await until(next, says: "had died")
    next.signal(SIGTERM)
    #expect(await next.result().status == 0)
    #expect(await site.run("history", "--json").records.compactMap { $0["verdict"].text } == ["interrupted"])
    await site.expectClean()
  }

  @Test("finish-within stops a run, which says so") func finishWithin() async {
    let site = await dueSite(checks: SampleDrill.rows + "  - command: {run: [./wait.sh]}\n")
    let limited = SampleDrill.justDue(", finish-within: 2m5s")
    site.drill("d", SampleDrill.sqlite(checks: SampleDrill.rows + "  - command: {run: [./wait.sh]}\n", more: limited))
    site.setAge("\(site.path)/drills/d.yaml", .seconds(600))
    let result = await site.run("run", "--due", "--json")
    if result.records.isEmpty {
      // The machine was so slow that even the start came too late.
      #expect(result.stderr.contains("missed (late)"), "\(result.said)")
    } else {
      #expect(result.record["verdict"].text == "interrupted" && result.stdout.contains("finish-within"), "\(result.said)")
    }
    await site.expectClean()
  }

  @Test(
    "systemd takes the units of cron/",
    .enabled(if: access("/usr/bin/systemd-analyze", X_OK) == 0, "systemd-analyze is not installed")) func units() async
  {
    let folder = TemporaryFolder("dmunits")
    var paths: [String] = []
    for name in ["drillmark.service", "drillmark-due.service", "drillmark-due.timer"] {
      let text = TextFile.read("\(packageRoot)/cron/\(name)").replacing("/usr/local/bin/drillmark", with: "/bin/true")
      #expect(!text.isEmpty)
      paths.append(folder.file(name, text))
    }
    let result = await HostCommand.run(["/usr/bin/systemd-analyze", "verify"] + paths)
    #expect(result.status == 0 && result.stderr.isEmpty, "\(result.said)")
  }
}
