import DrillTestSupport
import Glibc
import Testing

@Suite("kill -9 at every durable step", .serialized, .enabled(if: SampleBackups.hasSQLite, "\(SampleBackups.sqliteAbsence)"))
struct CrashPointTests {
  /// The names of the steps that an undisturbed run passes.
  private func steps(_ crash: CrashCase) async throws -> [String] {
    let site = try await crash.site()
    let log = "\(site.path)/steps"
    let result = await site.runJSON("d", environment: ["DRILLMARK_CRASH_LOG": log])
    #expect(result.record["verdict"].text == "passed", "\(result.said)")
    return TextFile.read(log).split(separator: "\n").map(String.init)
  }

  @Test("the steps are those of a whole run", arguments: CrashCase.all)
  func names(_ crash: CrashCase) async throws {
    let names = try await steps(crash)
    #expect(names.count >= 40)
    for step in ["claimed", "intended", "made directory, not recorded", "core stored", "destroyed directory, not recorded", "sealed"] {
      #expect(names.contains(step), "\(step)")
    }
  }

  @Test(
    "killed at any of them: nothing lives on, cleanup finishes, the next run passes; each run has one record",
    arguments: CrashCase.all + CrashCase.redis)
  func everyStep(_ crash: CrashCase) async throws {
    // Nothing durable happens between a step and what follows it up to the ledger's next transaction; repeated steps are those of processes.
    let names = try await steps(crash).filter { !$0.hasSuffix("create") && !$0.hasPrefix("ledger, before") && !$0.contains(":") }
    let known = try await inHalves(names) { try await kill(crash, at: $0) }
    #expect(known.reduce(0, +) >= 25)
  }

  /// Both halves at the same time, each in a site of its own: most of a run is waiting.
  private func inHalves<Result: Sendable>(_ steps: [String], _ body: @Sendable ([String]) async throws -> Result) async throws -> [Result] {
    async let first = body(Array(steps.prefix(steps.count / 2)))
    async let second = body(Array(steps.dropFirst(steps.count / 2)))
    return [try await first, try await second]
  }

  /// Gives the number of killed runs that are known by their ids.
  private func kill(_ crash: CrashCase, at steps: [String]) async throws -> Int {
    let site = try await crash.site()
    var expected: [String: String] = [:]
    for step in steps {
      let killed = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": step])
      #expect(killed.status == 128 + SIGKILL, "\(step): \(killed.said)")
      try await site.expectNoProcess(step)
      let cleanup = await site.run("cleanup")
      #expect(cleanup.status == 0 && site.scratchEntries.isEmpty, "\(step): \(cleanup.said)")
      if let run = HostProcesses.run(in: killed.stderr) { expected[run] = step }
      let next = await site.runJSON("d")
      #expect(next.record["verdict"].text == "passed" && site.scratchEntries.isEmpty, "\(step): \(next.said)")
    }
    try await expectRecords(site, expected)
    return expected.count
  }

  /// One record of every run, those that had ended their verification with the verdict that they had reached.
  private func expectRecords(_ site: ScratchSite, _ killed: [String: String]) async throws {
    let records = await site.run("history", "--json", "--limit", "1000").records
    let verdicts = Dictionary(records.map { ($0["run"].text ?? "", $0["verdict"].text ?? "") }) { "\($0) and \($1)" }
    for (run, step) in killed {
      let isKnown = ["core stored", "sealed", "verdict, not sealed", "began cleanup", "ended cleanup", "ledger, before seal"].contains(step)
      let verdict = verdicts[run] ?? "none"
      #expect(isKnown ? verdict == "passed" : ["passed", "interrupted"].contains(verdict), "\(step): \(verdict)")
    }
    await site.expectClean()
  }

  @Test("killed while the ledger is being made", arguments: ["before create", "inside create", "after create"])
  func making(_ step: String) async throws {
    let site = try await CrashCase.all[0].site()
    #expect(await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": "ledger, \(step)"]).status == 128 + SIGKILL)
    try await site.expectRecovery(step)
  }

  @Test("killed at any of the steps that telling people adds: every verdict is told, under one id") func told() async throws {
    let hook = ScriptedHTTPServer(.answer(204))
    let site = await ScratchSite.sound("notify:\n  - webhook: {url: \"\(hook.url)/in\", on: [passed, failed, interrupted]}\n")
    let log = "\(site.path)/steps"
    #expect(await site.runJSON("d", environment: ["DRILLMARK_CRASH_LOG": log]).status == 0)
    let plain = Set(try await steps(CrashCase.all[0]))
    let steps = TextFile.read(log).split(separator: "\n").map(String.init).filter { !plain.contains($0) && !$0.contains(":") }
    #expect(steps.contains("sent, not marked") && steps.count >= 5, "\(steps)")
    for step in steps {
      #expect(await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": step]).status == 128 + SIGKILL, "\(step)")
      let retry = await site.run("notify", "retry")
      #expect(retry.status == 0, "\(step): \(retry.said)")
    }
    #expect(await site.run("cleanup").status == 0)
    let notices = hook.requests.compactMap { JSONValue($0.text) }
    let records = await site.run("history", "--json", "--limit", "1000").records
    #expect(records.count == steps.count + 1)
    for record in records {
      let told = notices.filter { $0["run"] == record["run"] }
      #expect((1...2).contains(told.count) && Set(told.map { $0["id"] }).count == 1, "\(record["run"])")
      #expect(told.allSatisfy { $0["verdict"] == record["verdict"] })
    }
    await site.expectClean()
  }

  @Test("killed during the cleanup of a killed run, at every step of it", arguments: CrashCase.all)
  func duringCleanup(_ crash: CrashCase) async throws {
    let site = try await crash.site()
    let log = "\(site.path)/steps"
    _ = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": "ended restore"])
    #expect(await site.run("cleanup", environment: ["DRILLMARK_CRASH_LOG": log]).status == 0)
    let steps = TextFile.read(log).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("ledger, before") }
    #expect(steps.contains("verdict, not sealed"))
    _ = try await inHalves(steps) { try await killCleanups(crash, at: $0) }
  }

  private func killCleanups(_ crash: CrashCase, at steps: [String]) async throws {
    let site = try await crash.site()
    for step in steps {
      _ = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": "ended restore"])
      #expect(await site.run("cleanup", environment: ["DRILLMARK_CRASH_AT": step]).status == 128 + SIGKILL, "\(step)")
      let cleanup = await site.run("cleanup")
      #expect(cleanup.status == 0 && site.scratchEntries.isEmpty, "\(step): \(cleanup.said)")
    }
    let records = await site.run("history", "--json", "--limit", "1000").records
    #expect(records.count == steps.count)
    #expect(records.allSatisfy { $0["verdict"].text == "interrupted" })
    await site.expectClean()
  }
}
