import DrillModel
import DrillTestSupport
import EngineFiles
import EngineKit
import EnginePostgreSQL
import Foundation
import Testing
import ToolRunner

/// What the contract suite needs of an engine: itself, a good backup, and a runner for its programs.
struct EngineFixture: Sendable, CustomTestStringConvertible {
  var engine: any RestoreEngine
  /// What is special about it where an engine has several.
  var form = ""
  var tools: any ToolRunning = NoPrograms()
  /// Makes a good backup of some kilobytes inside the given directory and gives its path.
  var backup: @Sendable (_ directory: String) async throws -> String

  var testDescription: String { engine.name + form }

  func context(_ scratch: EngineScratch) -> EngineContext {
    scratch.context(tools: tools, user: EngineScratch.boxUser, cache: EngineScratch.cache)
  }
}

/// Every engine behaves the same towards a run, whatever it restores.
@Suite("Every engine")
struct EngineContract {
  static let fixtures: [EngineFixture] = [.sqlite, .files] + EngineFixture.postgresql

  @Test("restores a good backup, answers with the probes it provides, and can be destroyed twice", arguments: fixtures)
  func good(_ fixture: EngineFixture) async throws {
    let scratch = try EngineScratch()
    let context = fixture.context(scratch)
    #expect(try await !fixture.engine.preflight(context).version.isEmpty)
    let (target, report) = try await EngineDrive.restore(fixture.engine, try await fixture.backup(scratch.path), context)
    #expect(report.engineTime > .zero)
    let probes = try await target.probes()
    let provides = fixture.engine.provides
    #expect((probes.sql != nil) == provides.contains(.sql))
    #expect((probes.schema != nil) == provides.contains(.schema))
    #expect((probes.files != nil) == provides.contains(.files))
    #expect((probes.deep != nil) == provides.contains(.deep))
    #expect(!target.access.isEmpty)
    try await target.destroy()
    try await target.destroy()
  }

  @Test("a target can be destroyed before anything was restored", arguments: fixtures)
  func destroyedEarly(_ fixture: EngineFixture) async throws {
    let scratch = try EngineScratch()
    let identity = try fixture.engine.inspect(try EngineDrive.head(try await fixture.backup(scratch.path)))
    let target = try await fixture.engine.provision(fixture.context(scratch), for: identity)
    try await target.destroy()
    try await target.destroy()
  }

  @Test("a cut backup fails", arguments: fixtures, [0.3, 0.7])
  func cut(_ fixture: EngineFixture, _ part: Double) async throws {
    let scratch = try EngineScratch()
    let whole = try Data(contentsOf: URL(fileURLWithPath: try await fixture.backup(scratch.path)))
    let path = try scratch.file("cut", whole.prefix(Int(Double(whole.count) * part)))
    let fault = await #expect(throws: Fault.self) {
      try await EngineDrive.restore(fixture.engine, path, fixture.context(scratch))
    }
    #expect(fault?.code.verdict == .failed)
  }

  @Test("an empty backup fails as empty", arguments: fixtures)
  func empty(_ fixture: EngineFixture) throws {
    let fault = #expect(throws: Fault.self) { try fixture.engine.inspect(ContentHead(name: "b", bytes: [])) }
    #expect(fault?.code == .backupEmpty)
  }

  @Test("something else under the right name is told to be something else", arguments: fixtures)
  func foreign(_ fixture: EngineFixture) throws {
    for text in ["<!DOCTYPE html><html>503</html>", "%PDF-1.7 x", "Rar!\u{1A}\u{7}"] {
      let fault = #expect(throws: Fault.self) { try fixture.engine.inspect(ContentHead(name: "b", bytes: Array(text.utf8))) }
      #expect(fault?.code == .backupWrongFormat)
    }
  }

  @Test("a stopped restore ends soon and leaves nothing running", arguments: fixtures)
  func stopped(_ fixture: EngineFixture) async throws {
    let scratch = try EngineScratch()
    let identity = try fixture.engine.inspect(try EngineDrive.head(try await fixture.backup(scratch.path)))
    let target = try await fixture.engine.provision(fixture.context(scratch), for: identity)
    // A pipe that gives a beginning and then stays silent.
    let pipe = Pipe()
    let restore = Task {
      try await target.restore(.stream(Descriptor(owning: dup(pipe.fileHandleForReading.fileDescriptor))))
    }
    try await Task.sleep(for: .milliseconds(100))
    restore.cancel()
    try pipe.fileHandleForWriting.close()
    await #expect(throws: (any Error).self) { try await restore.value }
    try await target.destroy()
  }
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
