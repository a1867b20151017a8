import DrillModel
import DrillTestSupport
import EngineKit
import Ledger
import Synchronization
import Testing
import ToolRunner

@testable import Drilling

@Suite("Reaping what will not go")
struct ReaperTests {
  /// Refuses at first, then holds on for ever, then lets go.
  private final class SlowReaper: ResourceReaper {
    let kinds = ["cloud"]
    private let count = Mutex(0)
    var calls: Int { count.withLock { $0 } }

    func destroy(_ resource: ScratchResource, of run: RunID, tools: any ToolRunning) async throws {
      let call = count.withLock { count in
        count += 1
        return count
      }
      if call == 1 { throw Fault(.scratchUnusable, "not now") }
      while call == 2 { try await Task.sleep(for: .seconds(3600)) }
    }

    func remains(_ resource: ScratchResource) -> String? { "It bills on: remove-it \(resource.name)" }
  }

  @Test("a leak that its provider holds on to keeps the next start waiting for a while and not for ever, and is named with what ends it")
  func bounded() async throws {
    let cloud = SlowReaper()
    let run = try ScriptedRun(reapers: [cloud])
    var random = SystemRandomNumberGenerator()
    let id = RunID(at: run.clocks.now(), using: &random)
    do {
      guard case .claimed(let claim) = try run.ledger.claim(drill: "d", run: id, trigger: .manual, host: "h") else {
        throw Fault(.internalError, "not claimed")
      }
      try run.ledger.intend(ScratchResource(kind: "cloud", name: "c-1"), for: claim)
    }
    let reaper = Reaper(runner: run.runner)
    _ = await reaper.reap(within: .milliseconds(100))
    #expect(cloud.calls == 1, "what was just tried is not tried again at once")
    let notes = await reaper.reap(within: .milliseconds(100))
    #expect(notes.count == 1 && notes[0].contains("could not be destroyed within") && notes[0].contains("remove-it c-1"), "\(notes)")
    #expect(try reaper.leftovers().map(\.name) == ["c-1"])
    #expect(await reaper.reap().first?.contains("is gone") == true)
    #expect(try reaper.leftovers().isEmpty && cloud.calls == 3)
  }
}
