package import DrillConfig
package import DrillModel
package import EngineKit
import PostgreSQLKit
import RepositoryKit
package import Selecting
import ToolRunner
import TreeKit

/// Restores physical backups of PostgreSQL and rolls them forward with an archive of the write-ahead log.
package struct PhysicalEngine: RestoreEngine {
  private let options: PhysicalOptions

  package init(_ options: PhysicalOptions = PhysicalOptions()) { self.options = options }

  /// What the registry lists.
  package static var kind: Kind<any RestoreEngine> {
    Kind(
      name: "postgresql-physical",
      summary: "Base backups of PostgreSQL (files, or in a repository of pgBackRest or Barman), rolled forward with archived log.",
      section: PhysicalOptions.section, initial: PhysicalOptions()
    ) { options, _ in PhysicalEngine(options) }
  }

  package var name: String { "postgresql-physical" }
  package var provides: ProbeKinds { [.sql, .schema, .deep, .digests] }
  package var takesLogs: Bool { true }
  package var restoresHandles: Bool { true }

  package var recoveryInstant: Timestamp? {
    if case .time(let time)? = options.target { return time }
    return nil
  }

  /// Recovery is told by `recovery.signal` since this version.
  static let oldest = 12
  /// The log that a server writes and keeps while it recovers.
  private static let logBytes: Int64 = 2 << 30

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let installation = try await Installation.find(exactly: nil, atLeast: PhysicalEngine.oldest, tools: context.tools)
    return EngineIdentity(version: "postgresql \(installation.version)", isolation: try RunIsolation().description)
  }

  package func assemble(_ survey: Survey) async throws -> Survey { try await onThread("pg survey") { BackupInProgress.setAside(survey) } }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    if let directory = head.directory { return try inspect(directory: directory) }
    // What a source only names has no bytes, and the name says all.
    if head.bytes.isEmpty, head.name.hasPrefix("{") { return try inspect(RepositoryPoint(handle: head.name)) }
    try TarFormat.judge(head.bytes)
    let beginning = ArchiveBeginning(head.bytes)
    if beginning.isDump {
      throw Fault(
        .backupWrongFormat, "the backup is a dump that pg_dump -Ft wrote, not a physical backup", advice: "Use `engine: postgresql`")
    }
    let stored = head.storedBytes ?? Int64(head.bytes.count)
    return BackupIdentity(
      format: "tar archive of a data directory\(beginning.major.map { " of PostgreSQL \($0)" } ?? "")", intake: .stream,
      takenAt: beginning.label?.startTime, localTime: beginning.label?.localStart,
      spaceNeeded: stored * (head.layers.isEmpty ? 1 : 5) + PhysicalEngine.logBytes)
  }

  private func inspect(_ point: RepositoryPoint) throws -> BackupIdentity {
    BackupIdentity(
      format: point.description, intake: .handle, takenAt: point.ended,
      spaceNeeded: (point.restoredBytes ?? point.storedBytes ?? 0) + PhysicalEngine.logBytes)
  }

  private func inspect(directory: String) throws -> BackupIdentity {
    let form = try BackupForm(at: directory)
    var label: BackupLabel?
    var time: Timestamp?
    var what = "archives of pg_basebackup"
    switch form {
    case .plain(let path):
      what = "data directory of PostgreSQL \(form.major.map(String.init) ?? "of no version")"
      label = SmallText.read("\(path)/backup_label").flatMap { BackupLabel($0) }
      // A zone's abbreviation says nothing certain; the control file's own time has no zone to be wrong about.
      if label == nil || label?.startTime == nil { time = ControlHead(at: "\(path)/global/pg_control")?.time }
    case .archives(let base, _, _, _):
      if base.hasSuffix(".tar") { label = ArchiveBeginning(SmallText.bytes(base, limit: 64 << 10)).label }
    }
    return BackupIdentity(
      format: what, intake: .directory, takenAt: label?.startTime ?? time, localTime: label?.localStart,
      spaceNeeded: form.storedBytes + PhysicalEngine.logBytes)
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    try await PhysicalTarget.make(context, try RunIsolation().confinement(context), options)
  }
}
