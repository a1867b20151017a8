import DrillTestSupport
import EngineKit
import EngineMySQLPhysical
import Foundation
import Testing
import ToolRunner

@Suite(
  "The engine mysql-physical keeps the contract", .serialized,
  .enabled(if: PhysicalSample.isInstalled, "\(PhysicalSample.absence)"))
struct PhysicalContractTests {
  static let fixtures = [
    EngineFixture(engine: MySQLPhysicalEngine(), form: " (directory)", tools: PhysicalSample.tools) { directory in
      let place = "\(directory)/full"
      try HostProgram.run("/bin/cp", ["-r", try await PhysicalSample.shared().full, place])
      return place
    }, stream,
  ]

  static let stream = EngineFixture(engine: MySQLPhysicalEngine(), form: " (stream)", tools: PhysicalSample.tools) { _ in
    try await PhysicalSample.shared().streams[0]
  }

  @Test("a good backup is restored", arguments: fixtures)
  func good(_ fixture: EngineFixture) async throws { try await EngineContract.restoresGood(fixture) }

  @Test("a target can be destroyed early", arguments: fixtures)
  func early(_ fixture: EngineFixture) async throws { try await EngineContract.canBeDestroyedEarly(fixture) }

  @Test("a cut stream fails", arguments: [0.1, 0.5, 0.99])
  func cut(_ part: Double) async throws { try await EngineContract.refusesCut(PhysicalContractTests.stream, keeping: part) }

  @Test("empty and foreign content is told")
  func wrong() async throws {
    try await EngineContract.refusesEmpty(PhysicalContractTests.stream)
    try await EngineContract.refusesForeign(PhysicalContractTests.stream)
  }

  @Test("a stopped restore ends and leaves nothing running")
  func stop() async throws { try await EngineContract.canBeStopped(PhysicalContractTests.stream) }
}
