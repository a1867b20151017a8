package import DrillConfig
import DrillModel
package import EngineKit
package import Selecting
import ToolRunner

/// Restores snapshots of etcd, and stores of etcd-backup-restore with their deltas, into an etcd of the run's own (docs/engines/etcd.md).
package struct EtcdEngine: RestoreEngine {
  package let name = "etcd"
  package let provides: ProbeKinds = [.keys, .keyRevisions, .deep]

  private let options: EtcdOptions

  package init(_ options: EtcdOptions = EtcdOptions()) { self.options = options }

  /// What the registry lists.
  package static let kind = Kind<any RestoreEngine>(
    name: "etcd", summary: "Snapshots of etcd, and snapstores of etcd-backup-restore with their deltas", section: EtcdOptions.section,
    initial: EtcdOptions()
  ) { options, _ in EtcdEngine(options) }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let installation = try await EtcdInstallation.find(context.tools)
    return EngineIdentity(version: "etcd \(installation.version)", isolation: Isolation.current.description)
  }

  package func assemble(_ survey: Survey) async throws -> Survey { try Snapstore.assemble(survey) }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    let packing = try SnapshotHead(head).packing
    let stored = head.storedBytes ?? Int64(head.bytes.count)
    // The copy that is restored from, the database, and a log of 64 MB in two files.
    let factor: Int64 = packing == .none && head.layers.isEmpty ? 2 : 16
    let format = SnapshotName(head.name) == nil ? "snapshot of etcd" : "full snapshot of etcd-backup-restore"
    return BackupIdentity(
      format: format, intake: .stream, spaceNeeded: stored * factor + (160 << 20), chainFactor: packing == .none ? 2 : 8,
      name: head.name)
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    try checkReach(context)
    return EtcdTarget(
      context, try await EtcdInstallation.find(context.tools), options, promised: identity.name.flatMap(SnapshotName.init)?.last)
  }

  /// - Throws: `Fault` when the run's user could not reach its own directory.
  private func checkReach(_ context: EngineContext) throws {
    guard context.user != nil, let parent = BoxUsers.closedDirectory(above: context.directory) else { return }
    throw Fault(
      .scratchUnusable, "the scratch directory cannot be reached by the run's own user: \(parent) is closed to others",
      advice: "Open it for passing through (chmod o+x \(parent)), or set scratch.directory elsewhere")
  }
}
