import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Selecting
import Testing

@testable import Drilling

@Suite("A run of a chain, or with logs")
struct RollForwardTests {
  private let old = ScriptedRun.artefact(.seconds(20_000), bytes: 4)
  private let new = ScriptedRun.artefact(.seconds(7200), bytes: 4)

  /// The older artefact as the base of the newer one.
  @Sendable private static func chained(_ survey: Survey) -> Survey {
    var survey = survey
    let all = survey.candidates
    survey.candidates = [all[0], Candidate(artefact: all[0].artefact, chain: [all[1].artefact], time: all[1].time, origin: all[1].origin)]
    return survey
  }

  private func store(_ run: ScriptedRun, _ artefacts: [Artefact]) throws -> ScriptedSource {
    let path = "\(run.folder.path)/content"
    try Data("1234".utf8).write(to: URL(fileURLWithPath: path))
    return ScriptedSource(artefacts, path: path)
  }

  @Test("a chain is restored from its base on, and the record names every artefact with its digest")
  func chain() async throws {
    let run = try ScriptedRun()
    var engine = ScriptedEngine(intake: .stream)
    engine.assembling = Self.chained
    let record = try await run.record(run.plan(engine, source: try store(run, [old, new])))
    #expect(record.verdict == .passed, "\(record.texts)")
    let point = try #require(record.recoveryPoint)
    #expect(point.id == new.name)
    #expect(point.artefacts.map(\.location) == [old.location, new.location])
    #expect(point.artefacts.allSatisfy { $0.sha256?.count == 64 && $0.bytes == 4 })
    #expect(point.bytes == 8)
    #expect((7200...7260).contains(record.rpo.artefactAge ?? 0))
  }

  @Test("an engine that leaves out a link of the chain cannot pass")
  func leftOut() async throws {
    let run = try ScriptedRun()
    var engine = ScriptedEngine(intake: .stream)
    engine.assembling = Self.chained
    engine.readsChain = false
    let record = try await run.record(run.plan(engine, source: try store(run, [old, new])))
    #expect(record.verdict != .passed)
    #expect(record.texts.contains("did not read \(new.name)"), "\(record.texts)")
  }

  @Test("a link that is shorter than listed fails the run")
  func cutLink() async throws {
    let run = try ScriptedRun()
    var engine = ScriptedEngine(intake: .stream)
    engine.assembling = Self.chained
    var cut = new
    cut.bytes = 5
    let record = try await run.record(run.plan(engine, source: try store(run, [old, cut])))
    #expect(record.verdict == .failed, "\(record.texts)")
  }

  @Test("logs roll the point forward: its time is what the data vouch for, and no gap is made of the bases")
  func logs() async throws {
    let run = try ScriptedRun()
    var engine = ScriptedEngine(intake: .stream)
    let reached = ScriptedRun.start - .seconds(60)
    engine.rolling = RestoreReport(engineTime: .milliseconds(7), dataTime: reached, notes: ["rolled"])
    let segment = Artefact(location: "wal/1", name: "1", bytes: 4, modified: nil)
    let logs = try store(run, [segment, Artefact(location: "wal/2", name: "2", bytes: 4, modified: nil)])
    let record = try await run.record(
      run.plan(engine, source: try store(run, [old, new]), logs: logs) { $0.objectives.rpo = .seconds(300) })
    #expect(record.verdict == .passed, "\(record.texts)")
    #expect(record.rto.phases.map(\.name).contains(.recover))
    #expect(engine.script.steps == ["preflight", "inspect", "provision", "restore", "recover", "ready", "probes", "destroy"])
    #expect(record.recoveryPoint?.timeOrigin == .metadata && record.recoveryPoint?.takenAt == reached)
    #expect(record.rpo.worstGap == record.rpo.artefactAge)
    #expect(record.recoveryPoint?.artefacts.last?.location == "scripted store: 1 to 2, 2 files")
    #expect(record.texts.contains("rolled"))
  }

  @Test("old logs miss the objective, however new the base is named")
  func oldLogs() async throws {
    let run = try ScriptedRun()
    var engine = ScriptedEngine(intake: .stream)
    engine.rolling = RestoreReport(engineTime: .zero, dataTime: ScriptedRun.start - .seconds(9000))
    let record = try await run.record(
      run.plan(engine, source: try store(run, [new]), logs: try store(run, [])) { $0.objectives.rpo = .seconds(8000) })
    #expect(record.verdict == .failed)
    #expect(record.rpo.verdict == .missed)
  }

  @Test("a roll-forward that hangs is ended at its deadline and fails the run")
  func hangs() async throws {
    let run = try ScriptedRun()
    var engine = ScriptedEngine(Script(["recover": .hang]), intake: .stream)
    engine.rolling = RestoreReport(engineTime: .zero)
    let record = try await run.record(
      run.plan(engine, source: try store(run, [new])) { $0.deadlines.limits[.recover] = .milliseconds(100) })
    #expect(record.verdict == .failed)
    #expect(record.texts.contains("deadlines.recover"), "\(record.texts)")
    #expect(engine.script.steps.last == "destroy")
  }

  @Test("the moment that an engine is to restore to is the failure instant, unless the drill declares one")
  func instant() async throws {
    let run = try ScriptedRun()
    var engine = ScriptedEngine(intake: .stream)
    let moment = ScriptedRun.start - .seconds(10_000)
    engine.recoveryInstant = moment
    let source = try store(run, [old, new])
    let record = try await run.record(run.plan(engine, source: source))
    #expect(record.failureInstant == moment)
    #expect(record.recoveryPoint?.id == old.name)
    let declared = try await run.record(run.plan(engine, source: source) { $0.failureInstant = ScriptedRun.start })
    #expect(declared.failureInstant == ScriptedRun.start)
  }
}
