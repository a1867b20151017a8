import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Ledger
import Testing

@testable import Drilling

@Suite("A run with scripted parts")
struct ScriptedRunTests {
  private func expectEmpty(_ run: ScriptedRun, _ location: SourceLocation = #_sourceLocation) {
    let left = (try? FileManager.default.contentsOfDirectory(atPath: "\(run.folder.path)/scratch")) ?? []
    #expect(left.isEmpty, sourceLocation: location)
  }

  @Test("all goes well: every step once, in order")
  func passes() async throws {
    let run = try ScriptedRun()
    let engine = ScriptedEngine()
    let record = try await run.record(run.plan(engine))
    #expect(record.verdict == .passed, "\(record.texts)")
    #expect(engine.script.steps == ["preflight", "inspect", "provision", "restore", "ready", "probes", "destroy"])
    #expect(record.rto.phases.map(\.name) == [.select, .provision, .fetch, .restore, .ready, .verify, .cleanup])
    expectEmpty(run)
  }

  @Test("the wall clock steps back an hour during the run: the RTA does not, and finished_at is what the clock said")
  func wallClockSteps() async throws {
    let run = try ScriptedRun()
    let step = Script(["restore": .after { run.clocks.stepWall(by: .seconds(-3600)) }])
    let record = try await run.record(run.plan(ScriptedEngine(step)) { $0.objectives.rto = .seconds(1800) })
    #expect(record.verdict == .passed, "\(record.texts)")
    #expect(record.finishedAt < record.startedAt)
    let actual = try #require(record.rto.actual)
    #expect(actual > 0 && actual < 1800)
    #expect(record.rto.phases.allSatisfy { $0.start >= 0 && $0.end >= $0.start })
  }

  @Test("the wall clock steps ahead a day during the run: no objective is missed by that")
  func wallClockAhead() async throws {
    let run = try ScriptedRun()
    let step = Script(["restore": .after { run.clocks.stepWall(by: .seconds(86_400)) }])
    let record = try await run.record(
      run.plan(ScriptedEngine(step)) {
        $0.objectives.rto = .seconds(1800)
        $0.objectives.rpo = .seconds(10_000)
      })
    #expect(record.verdict == .passed, "\(record.texts)")
  }

  @Test("a clock that the store shows to be wrong tells no age: ours with an RPO, a warning without, nothing when it is nearly right")
  func wrongClock() async throws {
    for (error, rpo, verdict) in [
      (Duration.seconds(3600), Duration.seconds(10_000) as Duration?, Verdict.cannotDrill),
      (.seconds(-3600), .seconds(10_000), .cannotDrill),
      (.seconds(3600), nil, .passed), (.seconds(240), .seconds(10_000), .passed),
    ] {
      let run = try ScriptedRun()
      var source = ScriptedSource([ScriptedRun.artefact()])
      source.clockError = error
      let record = try await run.record(run.plan(source: source) { $0.objectives.rpo = rpo })
      #expect(record.verdict == verdict, "\(error): \(record.texts)")
      #expect(
        record.codes.contains("rpo_unknown") == (abs(error.inSeconds) > 300) && (record.rpo.actual == nil) == (abs(error.inSeconds) > 300))
    }
  }

  @Test("a source that hangs is given up at its deadline, as ours")
  func sourceHangs() async throws {
    for step in ["list", "open"] {
      let run = try ScriptedRun()
      let source = ScriptedSource([ScriptedRun.artefact()], Script([step: .hang]))
      let record = try await run.record(run.plan(source: source) { $0.deadlines.limits[.select] = .milliseconds(100) })
      #expect(record.verdict == .cannotDrill, "\(step): \(record.texts)")
      #expect(record.codes.first == FaultCode.sourceUnreachable.rawValue)
      expectEmpty(run)
    }
  }

  @Test("a restore that hangs is ended at its deadline and fails the run; the target is destroyed")
  func restoreHangs() async throws {
    let run = try ScriptedRun()
    let engine = ScriptedEngine(Script(["restore": .hang]))
    let record = try await run.record(run.plan(engine) { $0.deadlines.limits[.restore] = .milliseconds(100) })
    #expect(record.verdict == .failed)
    #expect(record.codes.first == FaultCode.deadlineExceeded.rawValue)
    #expect(record.checks.allSatisfy { $0.verdict == .skipped })
    #expect(engine.script.steps.last == "destroy")
    #expect(record.rto.actual == nil)
    expectEmpty(run)
  }

  @Test("a target that never answers fails, a provision that never ends is ours")
  func neverUp() async throws {
    for (step, phase, verdict) in [("ready", PhaseName.ready, Verdict.failed), ("provision", .provision, .cannotDrill)] {
      let run = try ScriptedRun()
      let record = try await run.record(run.plan(ScriptedEngine(Script([step: .hang]))) { $0.deadlines.limits[phase] = .milliseconds(100) })
      #expect(record.verdict == verdict, "\(step): \(record.texts)")
      expectEmpty(run)
    }
  }

  @Test("a provision that throws ends the run as its fault says, and nothing is restored")
  func provisionThrows() async throws {
    let run = try ScriptedRun()
    let engine = ScriptedEngine(Script(["provision": .fail(Fault(.toolTooOld, "the server is too old"))]))
    let record = try await run.record(run.plan(engine))
    #expect(record.verdict == .cannotDrill)
    #expect(record.texts.contains("too old"))
    #expect(engine.script.steps == ["preflight", "inspect", "provision"])
    expectEmpty(run)
  }

  @Test("a target that cannot be destroyed is told, and never passes silently")
  func destroyThrows() async throws {
    let run = try ScriptedRun()
    let engine = ScriptedEngine(Script(["destroy": .fail(Fault(.scratchUnusable, "the server does not stop"))]))
    let record = try await run.record(run.plan(engine))
    #expect(record.texts.contains("does not stop"))
    #expect(record.cleanup.verdict == .clean ? record.reasons.contains { $0.severity == .warn } : record.verdict == .failed)
  }

  @Test("a directory that cannot be removed has leaked: the run failed, and it is named")
  func leaked() async throws {
    let run = try ScriptedRun()
    // Somebody else's marker: the directory is not provably ours any more.
    let spoil = Script([
      "destroy": .after {
        let scratch = "\(run.folder.path)/scratch"
        for name in try FileManager.default.contentsOfDirectory(atPath: scratch) {
          try Data("01AAAAAAAAAAAAAAAAAAAAAAAA\n".utf8).write(to: URL(fileURLWithPath: "\(scratch)/\(name)/\(ScratchDirectory.marker)"))
        }
      }
    ])
    let record = try await run.record(run.plan(ScriptedEngine(spoil)))
    #expect(record.verdict == .failed)
    #expect(record.codes.contains("cleanup_leaked"))
    let leaked = try #require(record.cleanup.resources.first { $0.state == .leaked })
    #expect(record.texts.contains(leaked.name))
    #expect(record.texts.contains("does not carry the marker of run"), "why it is still there")
    #expect(FileManager.default.fileExists(atPath: leaked.name))
    #expect(try run.ledger.leftovers().map(\.resource.name) == [leaked.name])
  }

  @Test("a check that hangs could not be carried out; the next one still has its turn")
  func checkHangs() async throws {
    let run = try ScriptedRun()
    let hanging = ScriptedCheck(CheckFinding(.passed), Script(["check": .hang]))
    let record = try await run.record(run.plan(checks: [hanging, ScriptedCheck()]) { $0.checkTimeout = .milliseconds(100) })
    #expect(record.verdict == .couldNotVerify, "\(record.texts)")
    #expect(record.checks.map(\.verdict) == [.couldNotVerify, .passed])
  }

  @Test("content that is cut is the cause that is told, not what the engine then stumbled over")
  func cutContent() async throws {
    let run = try ScriptedRun()
    let whole = await SampleBackups.gzip((0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) })
    let path = run.folder.file("cut.gz", whole.prefix(whole.count / 2))
    let source = ScriptedSource([ScriptedRun.artefact(bytes: Int64(whole.count / 2))], path: path)
    let engine = ScriptedEngine(Script(["restore": .fail(Fault(.restoreFailed, "syntax error at line 7"))]), intake: .stream)
    let record = try await run.record(run.plan(engine, source: source))
    #expect(record.verdict == .failed)
    #expect(record.codes.first == FaultCode.backupTruncated.rawValue, "\(record.texts)")
    #expect(!record.texts.contains("line 7"))
  }

  @Test("sound content leaves the engine's own fault as the cause")
  func engineFault() async throws {
    let run = try ScriptedRun()
    let whole = await SampleBackups.gzip(Array("some content".utf8))
    let source = ScriptedSource([ScriptedRun.artefact(bytes: Int64(whole.count))], path: run.folder.file("b.gz", whole))
    let engine = ScriptedEngine(Script(["restore": .fail(Fault(.restoreFailed, "syntax error at line 7"))]), intake: .stream)
    let record = try await run.record(run.plan(engine, source: source))
    #expect(record.codes.first == FaultCode.restoreFailed.rawValue, "\(record.texts)")
  }

  @Test(
    "a cancelled run is interrupted, whatever step it was in, and cleaned up",
    arguments: ["list", "preflight", "provision", "restore", "ready", "probes"])
  func cancelled(_ step: String) async throws {
    let run = try ScriptedRun()
    let script = Script([step: .hang])
    let plan = run.plan(ScriptedEngine(script), source: ScriptedSource([ScriptedRun.artefact()], script))
    let task = Task { try await run.record(plan) }
    while !script.steps.contains(step) { try await Task.sleep(for: .milliseconds(5)) }
    task.cancel()
    let record = try await task.value
    #expect(record.verdict == .interrupted, "\(record.texts)")
    expectEmpty(run)
  }

  @Test("a feed that failed is the run's cause, though the engine took what came for a whole backup")
  func brokenFeed() async throws {
    let run = try ScriptedRun()
    let broken = Fault(.sourceUnreachable, "the store went away", isTransient: true)
    let feed = ScriptedFeed(.failure(broken))
    let path = run.folder.file("b.bin", Array("0123456789".utf8))
    let source = ScriptedSource([ScriptedRun.artefact(bytes: 10)], path: path, feed: feed)
    let record = try await run.record(run.plan(ScriptedEngine(intake: .stream), source: source))
    #expect(record.verdict == .cannotDrill && record.codes.first == "source_unreachable", "\(record.texts)")
  }

  @Test("a run that ends before its restore stops whoever feeds it")
  func stoppedFeed() async throws {
    let run = try ScriptedRun()
    let feed = ScriptedFeed()
    let source = ScriptedSource([ScriptedRun.artefact(bytes: 10)], path: run.folder.file("b.bin", Array("0123456789".utf8)), feed: feed)
    let script = Script(["provision": .fail(Fault(.scratchUnusable, "no room"))])
    let record = try await run.record(run.plan(ScriptedEngine(script, intake: .stream), source: source))
    #expect(record.verdict == .cannotDrill && feed.isStopped)
  }
}
