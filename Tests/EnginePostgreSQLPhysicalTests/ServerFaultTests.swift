import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQLPhysical
import Foundation
import Glibc
import Testing
import ToolRunner

@Suite(
  "Servers that fail during a roll-forward", .serialized, .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct ServerFaultTests {
  /// Processes of a program in a test's directory.
  private func servers(_ bench: PhysicalBench) -> [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }.filter {
      TextFile.read("/proc/\($0)/cmdline").contains("\(bench.scratch.path)/run/data")
    }
  }

  @Test("one that dies in the middle is told, and leaves nothing") func dies() async throws {
    let bench = try await PhysicalBench().prepare(.plain)
    let last = try #require(bench.segments.last)
    let archive = PhysicalBench.archive(bench.log) { name in
      guard name == last else { return }
      for server in self.servers(bench) { kill(server, SIGKILL) }
      try await Task.sleep(for: .milliseconds(300))
    }
    let fault = await bench.fault(PhysicalOptions(), bench.context(archive))
    #expect(fault?.code == .toolFailed, "\(fault.map(\.description) ?? "")")
    #expect(servers(bench).isEmpty)
  }

  @Test("an archive that hangs is ended with the run, and nothing of it lives on") func hangs() async throws {
    let bench = try await PhysicalBench().prepare(.plain)
    let last = try #require(bench.segments.last)
    let archive = PhysicalBench.archive(bench.log) { if $0 == last { try await Task.sleep(for: .seconds(600)) } }
    let context = bench.context(archive)
    let run = Task { try await bench.restore(PhysicalOptions(), context) }
    for _ in 0..<400 where servers(bench).isEmpty { try await Task.sleep(for: .milliseconds(25)) }
    let begin = ContinuousClock.now
    run.cancel()
    await #expect(throws: (any Error).self) { try await run.value }
    #expect(ContinuousClock.now - begin < .seconds(30))
    #expect(servers(bench).isEmpty)
  }

  @Test("disk stays bounded however long the log is: only a window of segments lies ready") func bounded() async throws {
    let bench = try await PhysicalBench().prepare(.plain)
    let restored = try await bench.restore()
    let staged = try FileManager.default.contentsOfDirectory(atPath: "\(bench.scratch.path)/run/wal").filter { $0.hasPrefix("segment") }
    #expect(staged.isEmpty)
    try await restored.target.destroy()
  }
}

@Suite("The engine postgresql-physical", .serialized, .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct PhysicalContractTests {
  static let fixture = EngineFixture(engine: PhysicalEngine(), tools: PhysicalBench.tools) { directory in
    try HostProgram.run("/bin/cp", [try await SampleCluster.shared.value.stream, "\(directory)/good.tar"])
    return "\(directory)/good.tar"
  }

  @Test("restores a good backup, answers with the probes it provides, and can be destroyed twice")
  func good() async throws { try await EngineContract.restoresGood(Self.fixture) }

  @Test("a target can be destroyed before anything was restored")
  func destroyedEarly() async throws { try await EngineContract.canBeDestroyedEarly(Self.fixture) }

  @Test("a cut backup fails", arguments: [0.3, 0.7])
  func cut(_ part: Double) async throws { try await EngineContract.refusesCut(Self.fixture, keeping: part) }

  @Test("an empty backup fails as empty") func empty() async throws { try await EngineContract.refusesEmpty(Self.fixture) }

  @Test("something else under the right name is told to be something else")
  func foreign() async throws { try await EngineContract.refusesForeign(Self.fixture) }

  @Test("a stopped restore ends soon and leaves nothing running")
  func stopped() async throws { try await EngineContract.canBeStopped(Self.fixture) }
}
