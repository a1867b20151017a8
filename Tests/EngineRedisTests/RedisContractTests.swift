import DrillTestSupport
import EngineKit
import EngineRedis
import Foundation
import Testing
import ToolRunner

@Suite("The engine redis keeps the contract of all", .enabled(if: SampleRedis.isInstalled, "\(SampleRedis.absence)"))
struct RedisContractTests {
  private let fixture = EngineFixture(engine: RedisEngine(), tools: RedisBench.tools) { directory in
    try Data(try await SampleRedis.backups().snapshot).write(to: URL(fileURLWithPath: directory + "/good.rdb"))
    return directory + "/good.rdb"
  }

  @Test("a good backup is restored, asked and destroyed twice")
  func good() async throws { try await EngineContract.restoresGood(fixture) }

  @Test("a target can be destroyed before anything was restored")
  func destroyedEarly() async throws { try await EngineContract.canBeDestroyedEarly(fixture) }

  @Test("a cut backup fails", arguments: [0.001, 0.3, 0.7, 0.999])
  func cut(_ part: Double) async throws { try await EngineContract.refusesCut(fixture, keeping: part) }

  @Test("an empty backup fails as empty, something else as that")
  func foreign() async throws {
    try await EngineContract.refusesEmpty(fixture)
    try await EngineContract.refusesForeign(fixture)
  }

  @Test("a stopped restore ends soon and leaves nothing running")
  func stopped() async throws { try await EngineContract.canBeStopped(fixture) }

  @Test("an append-only file and a directory of parts are restored as well")
  func others() async throws {
    let backups = try await SampleRedis.backups()
    let log = EngineFixture(engine: RedisEngine(), form: ", log", tools: RedisBench.tools) { directory in
      try Data(backups.log).write(to: URL(fileURLWithPath: directory + "/good.aof"))
      return directory + "/good.aof"
    }
    try await EngineContract.restoresGood(log)
    let parts = EngineFixture(engine: RedisEngine(), form: ", parts", tools: RedisBench.tools) { directory in
      try FileManager.default.createDirectory(atPath: directory + "/parts", withIntermediateDirectories: false)
      for (name, bytes) in backups.parts { try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/parts/\(name)")) }
      return directory + "/parts"
    }
    try await EngineContract.restoresGood(parts)
    try await EngineContract.canBeDestroyedEarly(parts)
  }
}
