package import DrillModel
package import EngineKit
import Glibc
package import Selecting
import Synchronization
import ToolRunner

/// A store that follows a script: its artefacts are given, and each is opened as the same content.
package struct ScriptedSource: BackupSource {
  package let location = "scripted store"
  package let localDirectories: [String]
  package let script: Script
  let listed: [Artefact]
  /// The bytes of every artefact; nil gives handles.
  let path: String?

  package init(_ artefacts: [Artefact], _ script: Script = Script(), path: String? = nil, localDirectories: [String] = []) {
    listed = artefacts
    self.script = script
    self.path = path
    self.localDirectories = localDirectories
  }

  package func artefacts() async throws -> [Artefact] {
    try await script.step("list")
    return listed
  }

  package func open(_ artefact: Artefact) async throws -> OpenedArtefact {
    guard listed.contains(artefact) else { throw Fault(.internalError, "\(artefact.name) is not of this store") }
    try await script.step("open")
    guard let path else { return .handle(artefact.name) }
    let fd = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { throw Fault(.backupUnreadable, "\(path) cannot be read") }
    return .stream(StoredStream(Descriptor(owning: fd), bytes: artefact.bytes))
  }
}

/// Two clocks that a test moves apart: the wall clock steps when told, the other one only runs.
package final class SteppedClocks: Clocks {
  private let step = Mutex<Duration>(.zero)
  private let start = ContinuousClock.now
  private let base: Timestamp

  package init(_ base: Timestamp) { self.base = base }

  package func now() -> Timestamp { base + elapsed() + step.withLock { $0 } }
  package func elapsed() -> Duration { ContinuousClock.now - start }

  /// Steps the wall clock, back for a negative span.
  package func stepWall(by span: Duration) { step.withLock { $0 += span } }
}
