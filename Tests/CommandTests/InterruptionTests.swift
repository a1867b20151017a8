import DrillTestSupport
import Glibc
import Testing

@Suite("Runs that meet, are kept or are stopped", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct InterruptionTests {
  /// A drill whose last check waits until the file `go` is there.
  private static let waiting = SampleDrill.sqlite(checks: SampleDrill.rows + "  - command: {run: [./wait.sh]}\n")

  private func waitingSite() async -> ScratchSite {
    let site = await ScratchSite.sound(drill: Self.waiting)
    site.file("drills/wait.sh", "#!/bin/sh\nwhile [ ! -e ../go ]; do sleep 0.05; done\n", mode: 0o755)
    return site
  }

  /// Waits until the command has said `text` on standard error.
  private func until(_ command: HostCommand, says text: String) async throws {
    for _ in 0..<600 where !command.stderrSoFar.contains(text) { try await Task.sleep(for: .milliseconds(50)) }
    #expect(command.stderrSoFar.contains(text))
  }

  @Test("a second run of a drill that runs is refused with 2; with --wait it waits and passes; another drill runs beside it")
  func second() async throws {
    let site = await waitingSite()
    site.drill("other", SampleDrill.sqlite())
    let first = site.start(["run", "d", "--json"])
    try await until(first, says: "d: verify")
    let refused = await site.runJSON("d")
    #expect(refused.status == 2, "\(refused.said)")
    #expect(refused.stdout.isEmpty && refused.stderr.contains("already running"))
    #expect(await site.runJSON("other").status == 0)
    #expect(await site.run("cleanup").status == 0)
    let waiting = site.start(["run", "d", "--json", "--wait"])
    try await Task.sleep(for: .milliseconds(300))
    site.file("go", "")
    let waited = await waiting.result()
    #expect(waited.record["verdict"].text == "passed", "\(waited.said)")
    let result = await first.result()
    #expect(result.record["verdict"].text == "passed", "\(result.said)")
    #expect(result.record["chain"]["sequence"].number ?? 9 < waited.record["chain"]["sequence"].number ?? 0)
    await site.expectClean()
  }

  @Test("--keep leaves the target for its time, says how to reach it, reads kept, and removes it then")
  func keep() async throws {
    let site = await ScratchSite.sound()
    let result = await site.run("run", "d", "--json", "--keep", "2s")
    #expect(result.status == 0)
    #expect(result.record["verdict"].text == "passed")
    #expect(result.record["cleanup"]["verdict"].text == "kept")
    #expect(result.record["cleanup"]["resources"].items.first?["state"].text == "kept")
    #expect(result.stderr.contains("kept until"))
    await site.expectClean()
  }

  @Test("a kept target is there as long as it is kept, for cleanup too; stopping the command removes it")
  func keepStopped() async throws {
    let site = await ScratchSite.sound()
    let command = site.start(["run", "d", "--json", "--keep", "2h"])
    try await until(command, says: "kept until")
    #expect(await site.run("cleanup").status == 0)
    #expect(site.scratchEntries.count == 1)
    command.signal(SIGINT)
    #expect(await command.result().record["cleanup"]["verdict"].text == "kept")
    await site.expectClean()
  }

  @Test("a kept target outlives kill -9 of its run until its time, and cleanup removes it then")
  func keptAndKilled() async throws {
    let site = await ScratchSite.sound()
    let command = site.start(["run", "d", "--keep", "4s"])
    try await until(command, says: "kept until")
    command.signal(SIGKILL)
    _ = await command.result()
    #expect(await site.run("cleanup").status == 0)
    try await Task.sleep(for: .seconds(4.5))
    #expect(await site.run("cleanup").status == 0)
    await site.expectClean()
  }

  @Test(
    "SIGTERM, SIGINT and SIGHUP during a run: sealed as interrupted, exit status 2, nothing left", arguments: [SIGTERM, SIGINT, SIGHUP])
  func stopped(_ number: Int32) async throws {
    let site = await waitingSite()
    let command = site.start(["run", "d", "--json"])
    try await until(command, says: "d: verify")
    command.signal(number)
    let result = await command.result()
    #expect(result.status == 2, "\(result.said)")
    #expect(result.record["verdict"].text == "interrupted")
    #expect(result.record.reasonCodes.contains("interrupted"))
    #expect(HostProcesses.ofRun(result.record["run"].text ?? "none").isEmpty)
    await site.expectClean()
    #expect(await site.run("history", "--json").records.count == 1)
  }

  @Test("a second signal does not make a leak")
  func stoppedTwice() async throws {
    let site = await waitingSite()
    let command = site.start(["run", "d", "--json"])
    try await until(command, says: "d: verify")
    for _ in 0..<3 { command.signal(SIGTERM) }
    #expect(await command.result().status == 2)
    await site.expectClean()
  }
}
