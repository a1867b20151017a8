package import DrillConfig
import DrillModel
package import EngineKit
import TreeKit

/// Restores a directory or a tar archive into a directory (docs/engines/files.md).
package struct FilesEngine: RestoreEngine {
  package let name = "files"
  package let provides: ProbeKinds = .files

  /// What happens to devices and FIFOs, which no restore as a test should make.
  package enum Special: String, Sendable, CaseIterable { case refuse, skip }

  private var special: Special

  package init(special: Special = .refuse) { self.special = special }

  package static let kind = Kind<any RestoreEngine>(
    name: "files", summary: "A directory, or a tar archive of one",
    section: Section<FilesEngine>([
      Key("special", \.special, .choice(), default: "refuse", "Whether devices and FIFOs in the backup fail the run or are left out")
    ]), initial: FilesEngine()
  ) { engine, _ in engine }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    EngineIdentity(version: "files", isolation: "every entry is made below its own directory, through no link")
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    if head.directory != nil { return BackupIdentity(format: "directory", intake: .directory, spaceNeeded: head.storedBytes ?? 0) }
    try TarFormat.judge(head.bytes)
    let stored = head.storedBytes ?? 0
    return BackupIdentity(format: "tar archive", intake: .stream, spaceNeeded: head.layers.isEmpty ? stored : stored * 4)
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    let target = FilesTarget(special: special, context: context)
    try target.make()
    return target
  }
}
