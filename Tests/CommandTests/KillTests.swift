import DrillTestSupport
import Glibc
import Testing

@Suite("kill -9 at random moments", .serialized, .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct KillTests {
  /// Starts a run and kills it after a random part of `whole`.
  private func kill(_ site: ScratchSite, within whole: Duration) async throws {
    let command = site.start(["run", "d", "--json"])
    try await Task.sleep(for: .milliseconds(Int64.random(in: 1...max(2, whole.components.seconds * 1000 + 300))))
    command.signal(SIGKILL)
    _ = await command.result()
  }

  @Test("twenty times, some twice in a row", arguments: CrashCase.all)
  func random(_ crash: CrashCase) async throws {
    let site = try await crash.site()
    let start = ContinuousClock.now
    _ = await site.runJSON("d")
    let whole = ContinuousClock.now - start
    for round in 0..<20 {
      try await kill(site, within: whole)
      if round % 4 == 0 { try await kill(site, within: whole) }
      try await site.expectNoProcess("round \(round)")
      let cleanup = await site.run("cleanup")
      #expect(cleanup.status == 0 && site.scratchEntries.isEmpty, "round \(round): \(cleanup.said)")
    }
    try await site.expectRecovery("twenty rounds")
  }

  @Test("five times while cleaning up", arguments: CrashCase.all)
  func cleanup(_ crash: CrashCase) async throws {
    let site = try await crash.site()
    for round in 0..<5 {
      _ = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": "ended restore"])
      let command = site.start(["cleanup"])
      try await Task.sleep(for: .milliseconds(Int64.random(in: 1...120)))
      command.signal(SIGKILL)
      _ = await command.result()
      try await site.expectRecovery("round \(round)")
    }
  }

  @Test("what a check started dies with the killed run, also when it ran away into a session of its own")
  func runaway() async throws {
    let site = ScratchSite()
    site.backup(SampleDrill.name(), await SampleBackups.database())
    site.file("drills/away.sh", "#!/bin/sh\nsetsid sh -c 'sleep 300' \"$1\" &\nsleep 300\n", mode: 0o755)
    site.drill("d", SampleDrill.sqlite(checks: SampleDrill.rows + "  - command: {run: [./away.sh, \"\(site.path)\"]}\n"))
    let command = site.start(["run", "d", "--json"])
    for _ in 0..<400 where HostProcesses.withArgument(site.path).count < 4 { try await Task.sleep(for: .milliseconds(25)) }
    command.signal(SIGKILL)
    _ = await command.result()
    try await site.expectNoProcess("runaway")
    #expect(await site.run("cleanup").status == 0)
    await site.expectClean()
  }

  @Test(
    "a ledger that can no longer be written in mid-run: nothing is reported as passed, exit status 2",
    .enabled(if: geteuid() == 0, "mounting needs root"))
  func ledgerGoesReadOnly() async throws {
    let site = await ScratchSite.sound(drill: SampleDrill.sqlite(checks: SampleDrill.rows + "  - command: {run: [sleep, \"3\"]}\n"))
    mkdir("\(site.path)/state", 0o700)
    let mounted = await HostCommand.run(["/bin/mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", "\(site.path)/state"])
    try #require(mounted.status == 0, "\(mounted.said)")
    let command = site.start(["run", "d", "--json"])
    for _ in 0..<400 where !command.stderrSoFar.contains("verify") { try await Task.sleep(for: .milliseconds(25)) }
    // A file that takes every block that is left.
    _ = await HostCommand.run(["/bin/dd", "if=/dev/zero", "of=\(site.path)/state/filler", "bs=4k", "status=none"])
    let result = await command.result()
    #expect(result.status == 2, "\(result.said)")
    #expect(!result.stdout.contains("passed"))
    #expect(result.stderr.contains("ledger") && !result.stderr.contains("came to \"failed\""), "\(result.said)")
    let blocked = await site.run("cleanup")
    #expect(blocked.status != 0, "\(blocked.said)")
    unlink("\(site.path)/state/filler")
    #expect(await site.run("cleanup").status == 0)
    #expect(site.scratchEntries.isEmpty)
    #expect(!(await site.run("history", "--json").stdout.contains("\"verdict\":\"passed\"}")))
    #expect(await HostCommand.run(["/bin/umount", "\(site.path)/state"]).status == 0)
  }
}
