package import DrillConfig
package import DrillModel
package import EngineKit
import Foundation
import Manifests
import MySQLKit
import MySQLReplay
package import Selecting
import ToolRunner

/// Restores backups of mariadb-backup and xtrabackup, full with incremental ones on top, and rolls them forward with binary logs
/// (docs/engines/mysql-physical.md).
package struct MySQLPhysicalEngine: RestoreEngine {
  private let options: MySQLPhysicalOptions

  package init(_ options: MySQLPhysicalOptions = MySQLPhysicalOptions()) { self.options = options }

  /// What the registry lists.
  package static var kind: Kind<any RestoreEngine> {
    Kind(
      name: "mysql-physical",
      summary: "Backups of mariadb-backup and xtrabackup: full, incremental, and rolled forward with binary logs.",
      section: MySQLPhysicalOptions.section, initial: MySQLPhysicalOptions()
    ) { options, _ in MySQLPhysicalEngine(options) }
  }

  package var name: String { "mysql-physical" }
  package var provides: ProbeKinds { [.sql, .schema, .deep, .digests] }
  package var takesLogs: Bool { true }

  package var recoveryInstant: Timestamp? {
    guard case .time(let time) = options.target else { return nil }
    return time
  }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let installation = try await MySQLInstallation.find(preferring: .mariadb, tools: context.tools)
    let programs = PhysicalPrograms(installation: installation, tools: context.tools)
    _ = try programs.preparer()
    if context.logs != nil { _ = try installation.logReader(context.tools) }
    if options.pageChecksums { _ = try programs.pageChecker() }
    return EngineIdentity(version: installation.description, isolation: try RunIsolation().description)
  }

  package func assemble(_ survey: Survey) async throws -> Survey {
    try await onThread("backup chains") { ChainAssembly.assemble(survey) }
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    let format = try BackupFormat(head)
    guard let directory = head.directory else {
      let stored = head.storedBytes ?? 0
      return BackupIdentity(
        format: format.rawValue, intake: .stream, spaceNeeded: (head.layers.isEmpty ? stored : stored * 4) + MySQLPhysicalEngine.logBytes,
        chainFactor: head.layers.isEmpty ? 2 : 5)
    }
    // Times were settled when the chain was put together: this is the full backup, and the point may be later.
    return BackupIdentity(
      format: format.rawValue, intake: .directory, spaceNeeded: try bytes(in: directory) + MySQLPhysicalEngine.logBytes)
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    let confinement = try RunIsolation().confinement(context)
    let socket = try await SocketDirectory.settle(context, longest: "mysql.sock.lock")
    guard let format = BackupFormat(rawValue: identity.format) else {
      throw Fault(.internalError, "the engine \(name) was given a format that it does not know")
    }
    return MySQLPhysicalTarget(context, options, confinement, socket, format)
  }

  /// The redo log and temporary tablespace of the scratch server.
  private static let logBytes: Int64 = 300 << 20

  private func bytes(in directory: String) throws -> Int64 {
    var walker = try TreeWalker(root: directory)
    var bytes: Int64 = 0
    while let entry = try walker.next() { bytes += entry.size }
    return bytes
  }
}
