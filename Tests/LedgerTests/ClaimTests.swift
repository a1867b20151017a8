import DrillModel
import Foundation
import Ledger
import Testing

@Suite("Claims")
struct ClaimTests {
  let fixture = LedgerFixture()

  @Test("a drill that is running is busy, for another process too") func busy() throws {
    let claim = try fixture.claim(in: fixture.open())
    let other = try fixture.open()
    guard case .busy(let run, let since) = try other.claim(drill: "orders", run: fixture.newRun(), trigger: .manual, host: "h") else {
      Issue.record("claimed twice")
      return
    }
    #expect(run == claim.run && since == claim.claimedAt)
    #expect(try other.unfinished().first?.isAlive == true)
  }

  @Test("another drill is not busy") func otherDrill() throws {
    let ledger = try fixture.open()
    let first = try fixture.claim("a", in: ledger)
    let second = try fixture.claim("b", in: ledger)
    #expect(first.run != second.run)
    #expect(try ledger.unfinished().count == 2)
  }

  @Test("a sealed drill is free, and its lock file is gone") func sealed() throws {
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    _ = try ledger.seal(fixture.record(claim), under: claim)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(fixture.directory)/state/locks") == ["create.lock"])
    try fixture.seal(in: ledger)
  }

  @Test("a refused claim leaves nothing") func refusedLeavesNothing() throws {
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    _ = try ledger.claim(drill: "orders", run: fixture.newRun(), trigger: .manual, host: "h")
    #expect(try ledger.unfinished().map(\.run) == [claim.run])
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(fixture.directory)/state/locks").count == 2)
  }

  @Test("a claim whose owner is gone frees the drill at once, and is reaped") func dead() throws {
    let ledger = try fixture.open()
    var claim: RunClaim? = try fixture.claim(in: ledger)
    let dead = try #require(claim?.run)
    claim = nil
    let unfinished = try #require(try ledger.unfinished().first)
    #expect(unfinished.run == dead && !unfinished.isAlive && unfinished.host == "h" && unfinished.bootID == Ledger.bootID)
    #expect(try fixture.claim(in: ledger).run != dead)
    let adopted = try #require(try ledger.adopt(unfinished))
    #expect(adopted.epoch == 2)
    #expect(try ledger.seal(fixture.record(adopted, .interrupted), under: adopted).record.run == dead)
  }

  @Test("a process that is killed frees its lock although nobody cleaned up") func killed() throws {
    let ledger = try fixture.open()
    var claim: RunClaim? = try fixture.claim(in: ledger)
    let path = "\(fixture.directory)/state/locks/\(try #require(claim?.run)).lock"
    claim = nil
    let holder = Process()
    holder.executableURL = URL(filePath: "/usr/bin/flock")
    holder.arguments = ["--no-fork", path, "sleep", "60"]
    try holder.run()
    for _ in 0..<200 where try ledger.unfinished().first?.isAlive == false { usleep(10_000) }
    let living = try #require(try ledger.unfinished().first)
    #expect(living.isAlive)
    #expect(try ledger.adopt(living) == nil)
    kill(holder.processIdentifier, SIGKILL)
    holder.waitUntilExit()
    #expect(try ledger.unfinished().first?.isAlive == false)
    #expect(try ledger.adopt(living) != nil)
  }

  @Test("a program that outlives us does not keep the lock") func childLivesOn() throws {
    let ledger = try fixture.open()
    var claim: RunClaim? = try fixture.claim(in: ledger)
    let child = Process()
    child.executableURL = URL(filePath: "/bin/sleep")
    child.arguments = ["60"]
    try child.run()
    #expect(claim != nil)
    claim = nil
    #expect(try ledger.unfinished().first?.isAlive == false)
    child.terminate()
  }

  @Test("a run that was taken over is fenced: it writes nothing more") func fenced() throws {
    let ledger = try fixture.open()
    let paused = try fixture.claim(in: ledger)
    try fixture.tamper("UPDATE live_run SET epoch = epoch + 1")
    let resource = ScratchResource(kind: "directory", name: "/s")
    #expect(fault { try ledger.intend(resource, for: paused) }?.code == .interrupted)
    #expect(fault { try ledger.storeCore(fixture.record(paused), for: paused) }?.code == .interrupted)
    #expect(fault { _ = try ledger.seal(fixture.record(paused), under: paused) }?.code == .interrupted)
    #expect(try ledger.latest("orders") == nil && ledger.resources(of: paused.run).isEmpty)
  }

  @Test("only one of two reapers adopts") func twoReapers() throws {
    let ledger = try fixture.open()
    _ = try fixture.claim(in: ledger)
    let unfinished = try #require(try ledger.unfinished().first)
    let first = try ledger.adopt(unfinished)
    #expect(first != nil)
    #expect(try fixture.open().adopt(unfinished) == nil)
  }

  @Test("a sealed run cannot be adopted") func adoptSealed() throws {
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    let unfinished = try #require(try ledger.unfinished().first)
    _ = try ledger.seal(fixture.record(claim), under: claim)
    #expect(try ledger.adopt(unfinished) == nil)
  }

  @Test("a due instant is answered once") func due() throws {
    let ledger = try fixture.open()
    let due = Timestamp(seconds: 1_795_000_000)
    let claim = try fixture.claim(in: ledger, due: due)
    _ = try ledger.seal(fixture.record(claim), under: claim)
    guard case .decided(let run) = try ledger.claim(drill: "orders", run: fixture.newRun(), trigger: .due, due: due, host: "h") else {
      Issue.record("a due instant ran twice")
      return
    }
    #expect(run == claim.run)
    #expect(try !ledger.note(Miss(drill: "orders", due: due, kind: .late, notedAt: due)))
    #expect(try fixture.claim(in: ledger, due: due + .seconds(60)).due == due + .seconds(60))
  }

  @Test("a miss is sealed once, and its instant does not run any more") func miss() throws {
    let ledger = try fixture.open()
    let miss = Miss(drill: "orders", due: Timestamp(seconds: 1), kind: .down, notedAt: Timestamp(seconds: 2))
    #expect(try ledger.note(miss))
    #expect(try !ledger.note(miss))
    guard case .decided(nil) = try ledger.claim(drill: "orders", run: fixture.newRun(), trigger: .due, due: miss.due, host: "h") else {
      Issue.record("a missed instant ran")
      return
    }
    #expect(try fixture.audit().entries == 1)
  }

  @Test("a core that was stored comes back; one that was edited does not") func core() throws {
    let ledger = try fixture.open()
    var claim: RunClaim? = try fixture.claim(in: ledger)
    let record = fixture.record(try #require(claim))
    try ledger.storeCore(record, for: try #require(claim))
    claim = nil
    #expect(try ledger.unfinished().first?.core == record)
    try fixture.tamper("UPDATE live_run SET core = CAST(replace(CAST(core AS TEXT), 'passed', 'failed') AS BLOB)")
    #expect(try ledger.unfinished().first?.core == nil)
  }

  @Test("programs are remembered until they end") func processes() throws {
    let ledger = try fixture.open()
    let claim = try fixture.claim(in: ledger)
    let process = RecordedProcess(bootID: "b", pid: 7, startTime: 1234, processGroup: 7)
    try ledger.started(process, for: claim)
    try ledger.started(process, for: claim)
    #expect(try ledger.unfinished().first?.processes == [process])
    try ledger.ended(process, for: claim)
    #expect(try ledger.unfinished().first?.processes.isEmpty == true)
  }

  @Test("twenty writers that read before they write never meet a busy ledger") func manyWriters() async throws {
    let path = fixture.path
    let clocks = fixture.clocks
    _ = try fixture.open()
    let failures = await withTaskGroup(of: String?.self) { group in
      for writer in 0..<20 {
        group.addTask {
          await withCheckedContinuation { done in
            Thread.detachNewThread {
              done.resume(returning: Self.writeMuch(path, clocks, drill: "d\(writer)"))
            }
          }
        }
      }
      return await group.reduce(into: [String]()) { if let text = $1 { $0.append(text) } }
    }
    #expect(failures == [])
    let report = try fixture.audit()
    #expect(report.outcome == .holds && report.entries == 200)
  }

  private static func writeMuch(_ path: String, _ clocks: SteppingClocks, drill: String) -> String? {
    do {
      let ledger = try Ledger.open(at: path, clocks: clocks, options: Ledger.Options(lockWait: .seconds(60)))
      var random = SystemRandomNumberGenerator()
      for _ in 0..<10 {
        let run = RunID(at: clocks.now(), using: &random)
        guard case .claimed(let claim) = try ledger.claim(drill: drill, run: run, trigger: .manual, host: "h") else { return "busy" }
        try ledger.intend(ScratchResource(kind: "directory", name: "/\(run)"), for: claim)
        try ledger.gone(ScratchResource(kind: "directory", name: "/\(run)"), for: claim)
        _ = try ledger.seal(LedgerFixture.record(run, drill, at: clocks.now()), under: claim)
      }
      return nil
    } catch { return "\(error)" }
  }
}
