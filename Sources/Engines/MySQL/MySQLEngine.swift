package import DrillConfig
package import DrillModel
package import EngineKit
import MySQLKit
import MySQLReplay
import ToolRunner

/// Restores logical backups of MySQL and MariaDB into a scratch server of its own.
package struct MySQLEngine: RestoreEngine {
  package let name: String
  private let options: MySQLOptions

  package init(name: String = "mysql", _ options: MySQLOptions = MySQLOptions()) {
    self.name = name
    self.options = options
  }

  /// What the registry lists: one engine under the names of both servers.
  package static var kinds: [Kind<any RestoreEngine>] {
    ["mysql", "mariadb"].map { name in
      Kind(
        name: name,
        summary: "Dumps of mysqldump and mariadb-dump (plain SQL) and directories of mydumper, into a scratch server of its own.",
        section: MySQLOptions.section, initial: MySQLOptions()
      ) { options, _ in MySQLEngine(name: name, options) }
    }
  }

  package var provides: ProbeKinds { [.sql, .schema, .deep, .digests] }

  package var takesLogs: Bool { true }

  package var recoveryInstant: Timestamp? {
    guard case .time(let time) = options.target else { return nil }
    return time
  }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let installation = try await MySQLInstallation.find(preferring: preferred, tools: context.tools)
    if context.logs != nil { _ = try installation.logReader(context.tools) }
    return EngineIdentity(version: installation.description, isolation: try RunIsolation().description)
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    if let directory = head.directory {
      let dump = try MyDumperDirectory(directory)
      return BackupIdentity(
        format: dump.description, intake: .directory, localTime: dump.started,
        spaceNeeded: dump.bytes * (dump.isCompressed ? 24 : 3) + MySQLEngine.serverBytes)
    }
    guard !head.bytes.isEmpty else { throw Fault(.backupEmpty, "the backup is empty", advice: MySQLEngine.lookAtJob) }
    try KnownFormat.refuseEncrypted(head.bytes)
    let header = try MySQLDumpHeader(head.bytes)
    let stored = head.storedBytes ?? Int64(head.bytes.count)
    return BackupIdentity(
      format: header.description, intake: .stream, takenAt: header.takenAt,
      spaceNeeded: stored * (head.layers.isEmpty ? 3 : 24) + MySQLEngine.serverBytes)
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    let wanted = MySQLVendor.allCases.first { identity.format.contains(" of \($0.title) ") }
    let installation = try await MySQLInstallation.find(preferring: wanted ?? preferred, tools: context.tools)
    let confinement = try RunIsolation().confinement(context)
    return try await MySQLTarget.make(context, installation, confinement, options)
  }

  private var preferred: MySQLVendor? { MySQLVendor(rawValue: name) }

  /// A new server with its log.
  private static let serverBytes: Int64 = 450 << 20
  static let lookAtJob = "Look at the disk space and exit status of the backup job"
}
