import DrillModel
package import EngineKit
import Foundation
import Glibc
package import ToolRunner

/// What the contract suite needs of an engine: itself, a good backup, and a runner for its programs.
package struct EngineFixture: Sendable, CustomStringConvertible {
  package var engine: any RestoreEngine
  /// What is special about it where an engine has several.
  package var form: String
  package var tools: any ToolRunning
  /// Makes a good backup of some kilobytes inside the given directory and gives its path.
  package var backup: @Sendable (_ directory: String) async throws -> String

  package init(
    engine: any RestoreEngine, form: String = "", tools: any ToolRunning = NoPrograms(),
    backup: @escaping @Sendable (_ directory: String) async throws -> String
  ) {
    self.engine = engine
    self.form = form
    self.tools = tools
    self.backup = backup
  }

  package var description: String { engine.name + form }

  package func context(_ scratch: EngineScratch) -> EngineContext {
    scratch.context(tools: tools, user: EngineScratch.boxUser, cache: EngineScratch.cache)
  }
}

/// What every engine does the same towards a run, whatever it restores. Each requirement throws a `Breach` that says what was otherwise.
package enum EngineContract {
  /// A requirement that an engine does not meet.
  package struct Breach: Error, CustomStringConvertible {
    package let description: String
  }

  /// A good backup is restored, the target answers with the probes that the engine provides, and can be destroyed twice.
  package static func restoresGood(_ fixture: EngineFixture) async throws {
    let scratch = try EngineScratch()
    let context = fixture.context(scratch)
    try require(try await !fixture.engine.preflight(context).version.isEmpty, "no version")
    let (target, report) = try await EngineDrive.restore(fixture.engine, try await fixture.backup(scratch.path), context)
    try require(report.engineTime > .zero, "a restore that took no time")
    try compare(try await target.probes(), fixture.engine.provides)
    try require(!target.access.isEmpty, "no access")
    try await target.destroy()
    try await target.destroy()
  }

  /// A target can be destroyed before anything was restored.
  package static func canBeDestroyedEarly(_ fixture: EngineFixture) async throws {
    let scratch = try EngineScratch()
    let identity = try fixture.engine.inspect(try EngineDrive.head(try await fixture.backup(scratch.path)))
    let target = try await fixture.engine.provision(fixture.context(scratch), for: identity)
    try await target.destroy()
    try await target.destroy()
  }

  /// A backup of which only a part came fails. For backups that are one file.
  package static func refusesCut(_ fixture: EngineFixture, keeping part: Double) async throws {
    let scratch = try EngineScratch()
    let whole = try Data(contentsOf: URL(fileURLWithPath: try await fixture.backup(scratch.path)))
    let path = try scratch.file("cut", whole.prefix(Int(Double(whole.count) * part)))
    let code = await fault { _ = try await EngineDrive.restore(fixture.engine, path, fixture.context(scratch)) }?.code
    try require(code?.verdict == .failed, "a cut backup ended as \(code?.rawValue ?? "restored")")
  }

  /// An empty file fails as empty.
  package static func refusesEmpty(_ fixture: EngineFixture) async throws {
    let code = await fault { _ = try fixture.engine.inspect(ContentHead(name: "b", bytes: [])) }?.code
    try require(code == .backupEmpty, "an empty backup was called \(code?.rawValue ?? "good")")
  }

  /// Something else under the right name is told to be something else.
  package static func refusesForeign(_ fixture: EngineFixture) async throws {
    for text in ["<!DOCTYPE html><html>503</html>", "%PDF-1.7 x", "Rar!\u{1A}\u{7}"] {
      let code = await fault { _ = try fixture.engine.inspect(ContentHead(name: "b", bytes: Array(text.utf8))) }?.code
      try require(code == .backupWrongFormat, "\(text) was called \(code?.rawValue ?? "good")")
    }
  }

  /// A stopped restore ends soon and leaves nothing running. For backups that come as a stream or may.
  package static func canBeStopped(_ fixture: EngineFixture) async throws {
    let scratch = try EngineScratch()
    let identity = try fixture.engine.inspect(try EngineDrive.head(try await fixture.backup(scratch.path)))
    let target = try await fixture.engine.provision(fixture.context(scratch), for: identity)
    // A pipe that gives a beginning and then stays silent.
    let pipe = Foundation.Pipe()
    let restore = Task {
      try await target.restore(.stream(Descriptor(owning: dup(pipe.fileHandleForReading.fileDescriptor))))
    }
    try await Task.sleep(for: .milliseconds(100))
    restore.cancel()
    try pipe.fileHandleForWriting.close()
    let isEnded: Bool
    do {
      _ = try await restore.value
      isEnded = false
    } catch { isEnded = true }
    try await target.destroy()
    try require(isEnded, "a stopped restore ended as if it were whole")
  }

  private static func compare(_ probes: Probes, _ provides: ProbeKinds) throws {
    let pairs: [(Bool, ProbeKinds)] = [
      (probes.sql != nil, .sql), (probes.schema != nil, .schema), (probes.files != nil, .files), (probes.deep != nil, .deep),
      (probes.keys != nil, .keys),
    ]
    for (isThere, kind) in pairs where isThere != provides.contains(kind) {
      throw Breach(description: "it \(isThere ? "gives" : "lacks") a probe for \(kind.names), unlike what it says to provide")
    }
  }

  private static func require(_ holds: Bool, _ breach: String) throws {
    if !holds { throw Breach(description: breach) }
  }

  /// The fault that a step ends with; nil when it ends well or with another error.
  private static func fault(_ step: () async throws -> Void) async -> Fault? {
    do { try await step() } catch { return error as? Fault }
    return nil
  }
}
