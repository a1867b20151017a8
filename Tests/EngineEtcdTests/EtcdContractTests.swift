import DrillTestSupport
import EngineEtcd
import Foundation
import Testing
import ToolRunner

@Suite("The etcd engine, as every engine", .enabled(if: EtcdBench.isInstalled, "etcd-server and etcd-client are not installed"))
struct EtcdContractTests {
  private var fixture: EngineFixture {
    EngineFixture(engine: EtcdEngine(), tools: SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST")) { directory in
      let path = "\(directory)/good.db"
      try Data(try await EtcdMaterial.shared.value.later).write(to: URL(fileURLWithPath: path))
      return path
    }
  }

  @Test("restores a good backup, answers with the probes it provides, and can be destroyed twice") func good() async throws {
    try await EngineContract.restoresGood(fixture)
  }

  @Test("a target can be destroyed before anything was restored") func destroyedEarly() async throws {
    try await EngineContract.canBeDestroyedEarly(fixture)
  }

  @Test("a cut backup fails", arguments: [0.3, 0.7]) func cut(_ part: Double) async throws {
    try await EngineContract.refusesCut(fixture, keeping: part)
  }

  @Test("an empty backup fails as empty") func empty() async throws { try await EngineContract.refusesEmpty(fixture) }

  @Test("something else under the right name is told to be something else") func foreign() async throws {
    try await EngineContract.refusesForeign(fixture)
  }

  @Test("a stopped restore ends soon and leaves nothing running") func stopped() async throws {
    try await EngineContract.canBeStopped(fixture)
  }
}
