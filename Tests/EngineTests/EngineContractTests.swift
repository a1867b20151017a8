import DrillModel
import DrillTestSupport
import EngineFiles
import EngineKit
import EnginePostgreSQL
import Foundation
import Testing
import ToolRunner

@Suite("Every engine")
struct EngineContractTests {
  static let fixtures: [EngineFixture] = [.sqlite, .files] + EngineFixture.postgresql

  @Test("restores a good backup, answers with the probes it provides, and can be destroyed twice", arguments: fixtures)
  func good(_ fixture: EngineFixture) async throws { try await EngineContract.restoresGood(fixture) }

  @Test("a target can be destroyed before anything was restored", arguments: fixtures)
  func destroyedEarly(_ fixture: EngineFixture) async throws { try await EngineContract.canBeDestroyedEarly(fixture) }

  @Test("a cut backup fails", arguments: fixtures, [0.3, 0.7])
  func cut(_ fixture: EngineFixture, _ part: Double) async throws { try await EngineContract.refusesCut(fixture, keeping: part) }

  @Test("an empty backup fails as empty", arguments: fixtures)
  func empty(_ fixture: EngineFixture) async throws { try await EngineContract.refusesEmpty(fixture) }

  @Test("something else under the right name is told to be something else", arguments: fixtures)
  func foreign(_ fixture: EngineFixture) async throws { try await EngineContract.refusesForeign(fixture) }

  @Test("a stopped restore ends soon and leaves nothing running", arguments: fixtures)
  func stopped(_ fixture: EngineFixture) async throws { try await EngineContract.canBeStopped(fixture) }
}

extension EngineFixture {
  static let sqlite = EngineFixture(engine: SQLiteBench.engine, tools: SupervisedTools(run: SQLiteBench.run)) { directory in
    let path = directory + "/good.sqlite"
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, 'row ' || i FROM n;"
    try HostProgram.run("/usr/bin/sqlite3", [path], input: "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT);" + rows)
    return path
  }

  static let files = EngineFixture(engine: FilesEngine()) { directory in
    try FileManager.default.createDirectory(atPath: directory + "/tree/sub", withIntermediateDirectories: true)
    for number in 0..<50 {
      let bytes = [UInt8](repeating: UInt8(number), count: number * 37)
      try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/tree/sub/file \(number)"))
    }
    try HostProgram.run("/bin/tar", ["-C", directory + "/tree", "-cf", directory + "/good.tar", "."])
    return directory + "/good.tar"
  }

  /// One for each form that comes as one file; none where no server is installed.
  static let postgresql: [EngineFixture] = {
    guard SamplePostgreSQL.binaries != nil else { return [] }
    let forms: [(String, @Sendable (SamplePostgreSQL.Dumps) -> [UInt8])] = [("plain", \.plain), ("custom", \.custom), ("tar", \.tar)]
    return forms.map { form, bytes in
      EngineFixture(engine: PostgreSQLEngine(), form: ", \(form)", tools: PostgreSQLBench.tools) { directory in
        let path = "\(directory)/good.\(form)"
        try Data(bytes(try await SamplePostgreSQL.dumps())).write(to: URL(fileURLWithPath: path))
        return path
      }
    }
  }()
}
