package import DrillModel
package import EngineKit
import Glibc
package import Selecting
import Synchronization
package import ToolRunner

/// A store that follows a script: its artefacts are given, and each is opened as the same content.
package struct ScriptedSource: BackupSource {
  package let location = "scripted store"
  package let localDirectories: [String]
  package let script: Script
  let listed: [Artefact]
  /// The bytes of every artefact; nil gives handles.
  let path: String?
  /// Who is said to write the bytes; nil for nobody.
  let feed: (any StreamFeed)?
  package var clockError = Duration.zero

  package init(
    _ artefacts: [Artefact], _ script: Script = Script(), path: String? = nil, localDirectories: [String] = [],
    feed: (any StreamFeed)? = nil
  ) {
    listed = artefacts
    self.script = script
    self.path = path
    self.localDirectories = localDirectories
    self.feed = feed
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
    return .stream(StoredStream(Descriptor(owning: fd), bytes: artefact.bytes, feed: feed))
  }
}

/// A feed that ends as it is told to, and counts how often it was stopped.
package final class ScriptedFeed: StreamFeed {
  package let canVerify: Bool
  private let verdict: Result<StreamFeedReport, Fault>
  private let count = Mutex(0)

  package init(_ verdict: Result<StreamFeedReport, Fault> = .success(StreamFeedReport()), canVerify: Bool = false) {
    self.verdict = verdict
    self.canVerify = canVerify
  }

  package var isStopped: Bool { count.withLock { $0 > 0 } }
  package func finish() async throws -> StreamFeedReport { try verdict.get() }
  package func stop() { count.withLock { $0 += 1 } }
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
