import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Ledger
import Testing

@testable import Drilling

@Suite("Sealing, owing and reaping")
struct SealingTests {
  private let route = NotificationRoute(.sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:t")))
  private let failing = [ScriptedCheck(CheckFinding(.failed, expected: "1", found: "0"))]

  @Test("a failed run owes its message with the verdict, the next pass owes one that says recovered, the one after that none")
  func owed() async throws {
    let run = try ScriptedRun(routes: [route])
    _ = try await run.record(run.plan(checks: failing))
    #expect(try run.ledger.outbox().oldest.map(\.notification.event) == ["failed"])
    _ = try await run.record(run.plan())
    #expect(try run.ledger.outbox().oldest.map(\.notification.event) == ["failed", "recovered"])
    _ = try await run.record(run.plan())
    #expect(try run.ledger.outbox().count == 2)
  }

  @Test("the message carries the head of the chain that its own record made, and no row of data")
  func payload() async throws {
    let run = try ScriptedRun(routes: [route])
    let record = try await run.record(run.plan(checks: failing))
    let message = try #require(try run.ledger.outbox().oldest.first?.notification)
    let payload = try #require(JSONValue(message.payload))
    #expect(payload["run"].text == record.run.text)
    #expect(payload["verdict"].text == "failed")
    #expect(payload["head"].text == (try run.ledger.head()?.hash))
    #expect(message.run == record.run)
  }

  @Test("each route is owed its own message; a route that was not asked for an event gets none")
  func routes() async throws {
    let quiet = NotificationRoute(.sns(SNSTarget(topic: "arn:aws:sns:eu-west-1:123456789012:q")), on: [.passed])
    let named = NotificationRoute(route.channel, name: "second")
    let run = try ScriptedRun(routes: [route, quiet, named])
    _ = try await run.record(run.plan(checks: failing))
    #expect(try run.ledger.outbox().count == 2)
  }

  /// Claims a run, makes its directory, and lets go of it as a process that died.
  private func dead(_ run: ScriptedRun, core: Bool) throws -> (RunID, String) {
    var random = SystemRandomNumberGenerator()
    let id = RunID(at: run.clocks.now(), using: &random)
    guard case .claimed(let claim) = try run.ledger.claim(drill: "d", run: id, trigger: .manual, host: "h") else {
      throw Fault(.internalError, "not claimed")
    }
    let path = ScratchDirectory.path(in: "\(run.folder.path)/scratch", run: id)
    try FileManager.default.createDirectory(atPath: "\(run.folder.path)/scratch", withIntermediateDirectories: true)
    let resource = ScratchResource(kind: "directory", name: path)
    try run.ledger.intend(resource, for: claim)
    try ScratchDirectory(path: path, run: id).create()
    try run.ledger.made(resource, for: claim)
    if core {
      let state = RunState(
        run: id, drill: Drill(name: "d"), trigger: .manual, startedAt: run.clocks.now(),
        failureInstant: run.clocks.now(), origin: .zero)
      let judge = RunJudge(
        state: state, plan: run.plan(), checks: [], cleanup: CleanupRecord(verdict: .clean, resources: []), finishedAt: run.clocks.now(),
        settings: run.runner.settings, previousSealed: nil, remembered: [])
      var record = judge.record
      record.verdict = .failed
      try run.ledger.storeCore(record, for: claim)
    }
    return (id, path)
  }

  @Test("a run that died is interrupted, its directory goes, and reaping again does nothing")
  func reaped() async throws {
    let run = try ScriptedRun(routes: [route])
    let (id, path) = try dead(run, core: false)
    let notes = await Reaper(runner: run.runner).reap()
    #expect(notes.count == 1, "\(notes)")
    let sealed = try #require(try run.ledger.latest("d"))
    #expect(sealed.record.run == id)
    #expect(sealed.record.verdict == .interrupted)
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(try run.ledger.outbox().oldest.map(\.notification.event) == ["interrupted"])
    #expect(await Reaper(runner: run.runner).reap().isEmpty)
    #expect(try run.ledger.history(limit: 9).count == 1)
  }

  @Test("a run that died after its verification keeps the verdict it had reached")
  func reapedCore() async throws {
    let run = try ScriptedRun()
    let (id, path) = try dead(run, core: true)
    _ = await Reaper(runner: run.runner).reap()
    let record = try #require(try run.ledger.latest("d")?.record)
    #expect(record.run == id)
    #expect(record.verdict == .failed)
    #expect(record.codes.contains("cleanup_resumed"))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("a dead run whose directory is not provably ours leaks: failed, named, and the directory stays")
  func reapedForeign() async throws {
    let run = try ScriptedRun()
    let (_, path) = try dead(run, core: false)
    _ = run.folder.file("scratch/\(path.split(separator: "/").last ?? "")/\(ScratchDirectory.marker)", "somebody else\n")
    _ = await Reaper(runner: run.runner).reap()
    let record = try #require(try run.ledger.latest("d")?.record)
    #expect(record.verdict == .failed)
    #expect(record.texts.contains(path))
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(try Reaper(runner: run.runner).leftovers().map(\.name) == [path])
  }

  @Test("a dead run that nobody has finished yet is left over, and no living one is")
  func unfinished() async throws {
    let run = try ScriptedRun()
    let (_, path) = try dead(run, core: false)
    #expect(try Reaper(runner: run.runner).leftovers().map(\.name) == [path])
    let script = Script([
      "restore": .after {
        let left = try Reaper(runner: run.runner).leftovers().map(\.name)
        #expect(left == [path])
      }
    ])
    _ = try await run.record(run.plan(ScriptedEngine(script)))
    _ = await Reaper(runner: run.runner).reap()
    #expect(try Reaper(runner: run.runner).leftovers().isEmpty)
  }

  @Test("a living run is never touched by another process's reaping")
  func living() async throws {
    let run = try ScriptedRun()
    let script = Script(["restore": .hang])
    let plan = run.plan(ScriptedEngine(script))
    let task = Task { try await run.record(plan) }
    while !script.steps.contains("restore") { try await Task.sleep(for: .milliseconds(5)) }
    #expect(await Reaper(runner: run.runner).reap().isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(run.folder.path)/scratch").count == 1)
    task.cancel()
    #expect(try await task.value.verdict == .interrupted)
  }
}
