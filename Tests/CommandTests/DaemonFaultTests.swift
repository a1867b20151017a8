import DrillTestSupport
import Glibc
import Testing

/// A program between the daemon and the clock, from Debian's package libfaketime.
enum FakeTime {
  static let library: String? = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map { "/usr/lib/\($0)/faketime/libfaketime.so.1" }
    .first { access($0, R_OK) == 0 }
  static let absence: String = "libfaketime is not installed"

  /// A daemon that reads what the wall clock is set by from `file`, such as `+3600`.
  static func environment(_ file: String) -> [String: String] {
    [
      "LD_PRELOAD": library ?? "", "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
      "FAKETIME_DONT_RESET": "1",
    ]
  }
}

@Suite("The daemon on a machine in trouble", .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct DaemonFaultTests {
  /// A site whose drill `d` is due and runs until there is a file `go`.
  private func waitingSite() async -> ScratchSite {
    let site = await ScratchSite.sound(
      drill: SampleDrill.sqlite(checks: SampleDrill.rows + "  - command: {run: [./wait.sh]}\n", more: SampleDrill.justDue()))
    site.file("drills/wait.sh", "#!/bin/sh\n: > ../waiting\nwhile [ ! -e ../go ]; do sleep 0.05; done\n", mode: 0o755)
    site.setAge("\(site.path)/drills/d.yaml", .seconds(600))
    return site
  }

  private func until(_ command: HostCommand, says text: String, times: Int = 1) async throws {
    func count() -> Int { command.stderrSoFar.split(separator: text, omittingEmptySubsequences: false).count - 1 }
    for _ in 0..<1200 where count() < times { try await Task.sleep(for: .milliseconds(50)) }
    #expect(count() >= times, "\(text): \(command.stderrSoFar)")
  }

  /// Until the site's run waits in its check.
  private func untilItWaits(_ site: ScratchSite) async throws {
    for _ in 0..<1200 where access("\(site.path)/waiting", F_OK) != 0 { try await Task.sleep(for: .milliseconds(50)) }
  }

  private func verdicts(_ site: ScratchSite) async -> [String] {
    await site.run("history", "--json").records.compactMap { $0["verdict"].text }
  }

  @Test("stopped in the middle of a run and continued: nobody else takes the run, which ends as if nothing had been")
  func stopped() async throws {
    let site = await waitingSite()
    let daemon = site.start(["schedule"])
    try await untilItWaits(site)
    daemon.signal(SIGSTOP)
    let other = await site.run("run", "--due", "--json")
    #expect(other.records.isEmpty && other.status == 0, "\(other.said)")
    let cleanup = await site.run("cleanup")
    #expect(cleanup.status == 0 && site.scratchEntries.count == 1, "\(cleanup.said)")
    let byHand = await site.run("run", "d", "--json")
    #expect(byHand.records.isEmpty && byHand.stderr.contains("already running"), "\(byHand.said)")
    daemon.signal(SIGCONT)
    site.file("go", "")
    try await until(daemon, says: "passed after")
    daemon.signal(SIGTERM)
    #expect(await daemon.result().status == 0)
    #expect(await verdicts(site) == ["passed"])
    await site.expectClean()
  }

  @Test(
    "a disk that fills under the ledger in the middle of a run: told, nothing sealed wrongly, and whole once there is space",
    .enabled(if: geteuid() == 0, "mounting needs root"))
  func fullDisk() async throws {
    let site = await waitingSite()
    mkdir("\(site.path)/state", 0o700)
    let mounted = await HostCommand.run(["/bin/mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", "\(site.path)/state"])
    try #require(mounted.status == 0, "\(mounted.said)")
    let daemon = site.start(["schedule"])
    try await untilItWaits(site)
    _ = await HostCommand.run(["/bin/dd", "if=/dev/zero", "of=\(site.path)/state/filler", "bs=4k", "status=none"])
    site.file("go", "")
    try await until(daemon, says: "could not be sealed")
    #expect(!daemon.stderrSoFar.contains("passed after"))
    unlink("\(site.path)/state/filler")
    daemon.signal(SIGTERM)
    let ended = await daemon.result()
    #expect(ended.status == 0, "\(ended.said)")
    let next = site.start(["schedule"])
    try await until(next, says: "had died")
    next.signal(SIGTERM)
    #expect(await next.result().status == 0)
    #expect(await verdicts(site).count == 1, "the due time has one outcome")
    await site.expectClean()
    #expect(await HostCommand.run(["/bin/umount", "\(site.path)/state"]).status == 0)
  }

  @Test(
    "the wall clock is set forward by hours, back, and forward again: each due time is run once",
    .enabled(if: FakeTime.library != nil, "\(FakeTime.absence)"))
  func clockSteps() async throws {
    // Half an hour away from now, so that no due time comes by itself meanwhile.
    let minute = (time(nil) / 60 + 30) % 60
    let site = await ScratchSite.sound(drill: SampleDrill.sqlite(more: "schedule: {cron: \"\(minute) */4 * * *\"}\n"))
    let setting = site.file("clock", "+0\n")
    let daemon = site.start(["schedule"], environment: FakeTime.environment(setting))
    try await until(daemon, says: "started, 1 drill")
    func set(_ step: String, _ word: String, times: Int) async throws {
      site.file("clock", "\(step)\n")
      daemon.signal(SIGHUP)
      try await until(daemon, says: "the wall clock was set \(word) by", times: times)
    }
    try await set("+14400", "forward", times: 1)
    try await until(daemon, says: "passed after", times: 1)
    try await set("+0", "back", times: 1)
    try await set("+14400", "forward", times: 2)
    try await set("+28800", "forward", times: 3)
    try await until(daemon, says: "passed after", times: 2)
    daemon.signal(SIGTERM)
    let result = await daemon.result()
    #expect(result.status == 0, "\(result.said)")
    #expect(await verdicts(site) == ["passed", "passed"], "\(result.said)")
    await site.expectClean()
  }
}
