import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQL
import Foundation
import Testing

@Suite("The engines mysql and mariadb keep the contract")
struct MySQLContractTests {
  static let fixtures: [EngineFixture] = {
    guard SampleMySQL.isInstalled else { return [] }
    return [
      EngineFixture(engine: MySQLEngine(), form: ", plain", tools: SampleMySQL.tools) { directory in
        let path = "\(directory)/good.sql"
        try Data(try await SampleMySQL.dumps().plain).write(to: URL(fileURLWithPath: path))
        return path
      }
    ]
  }()

  @Test("a good backup is restored, and the target destroyed twice", arguments: fixtures)
  func good(_ fixture: EngineFixture) async throws { try await EngineContract.restoresGood(fixture) }

  @Test("a target can be destroyed before anything was restored", arguments: fixtures)
  func destroyedEarly(_ fixture: EngineFixture) async throws { try await EngineContract.canBeDestroyedEarly(fixture) }

  @Test("a cut backup fails", arguments: fixtures, [0.05, 0.3, 0.7, 0.999])
  func cut(_ fixture: EngineFixture, _ part: Double) async throws { try await EngineContract.refusesCut(fixture, keeping: part) }

  @Test("an empty backup fails as empty", arguments: fixtures)
  func empty(_ fixture: EngineFixture) async throws { try await EngineContract.refusesEmpty(fixture) }

  @Test("something else is told to be something else", arguments: fixtures)
  func foreign(_ fixture: EngineFixture) async throws { try await EngineContract.refusesForeign(fixture) }

  @Test("a stopped restore ends soon and leaves nothing running", arguments: fixtures)
  func stopped(_ fixture: EngineFixture) async throws { try await EngineContract.canBeStopped(fixture) }

  @Test("a mydumper directory is restored", .enabled(if: SampleMySQL.isInstalled && SampleMySQL.hasMyDumper, "no mydumper is installed"))
  func directory() async throws {
    try await EngineContract.restoresGood(
      EngineFixture(engine: MySQLEngine(name: "mariadb"), form: ", mydumper", tools: SampleMySQL.tools) { directory in
        try HostProgram.run("/bin/cp", ["-r", try await SampleMySQL.dumps().directory ?? "", "\(directory)/dump"])
        return "\(directory)/dump"
      })
  }
}
