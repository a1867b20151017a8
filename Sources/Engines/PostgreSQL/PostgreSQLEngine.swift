package import DrillConfig
import DrillModel
package import EngineKit
import PostgreSQLKit
import ToolRunner

/// Restores `pg_dump` and `pg_dumpall` output into a scratch server of its own.
package struct PostgreSQLEngine: RestoreEngine {
  private let options: PostgreSQLOptions

  package init(_ options: PostgreSQLOptions = PostgreSQLOptions()) { self.options = options }

  /// What the registry lists.
  package static var kind: Kind<any RestoreEngine> {
    Kind(
      name: "postgresql", summary: "Dumps of pg_dump (plain, custom, tar, directory) and pg_dumpall, into a scratch server of its own.",
      section: PostgreSQLOptions.section, initial: PostgreSQLOptions()
    ) { options, _ in PostgreSQLEngine(options) }
  }

  package var name: String { "postgresql" }
  package var provides: ProbeKinds { [.sql, .schema, .deep] }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let installation = try await Installation.find(exactly: options.version, atLeast: PostgreSQLEngine.oldest, tools: context.tools)
    try requireRestriction(installation)
    let isolation = try RunIsolation()
    if options.superuser, !isolation.holdsSuperuser { throw RunIsolation.superuserRefused }
    return EngineIdentity(version: "postgresql \(installation.version)", isolation: isolation.description)
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    let format = try DumpFormat(head)
    let stored = head.storedBytes ?? Int64(head.bytes.count)
    switch format {
    case .plain(let header):
      let factor: Int64 = head.layers.isEmpty ? 3 : 24
      return BackupIdentity(
        format: format.description, intake: .stream, takenAt: header.started, localTime: header.startedLocal,
        spaceNeeded: stored * factor + PostgreSQLEngine.clusterBytes)
    case .custom(let header), .tar(let header), .directory(let header):
      // A copy may be needed beside the database itself; custom and directory archives are compressed inside.
      var isTar = false
      if case .tar = format { isTar = true }
      let factor: Int64 = isTar ? 4 : 10
      var intake = BackupIdentity.Intake.file
      if case .directory = format { intake = .directory }
      return BackupIdentity(
        format: format.description, intake: intake, localTime: header.created,
        spaceNeeded: stored * factor + PostgreSQLEngine.clusterBytes)
    }
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    let minimum = max(PostgreSQLEngine.oldest, PostgreSQLEngine.reader(of: identity.format))
    let installation = try await Installation.find(exactly: options.version, atLeast: minimum, tools: context.tools)
    try requireRestriction(installation)
    let isolation = try RunIsolation()
    if options.superuser, !isolation.holdsSuperuser { throw RunIsolation.superuserRefused }
    return try await PostgreSQLTarget.make(context, installation, isolation.confinement(context), options)
  }

  /// The role that reads every row (`pg_read_all_data`) came with this version.
  private static let oldest = 14
  /// An initialised cluster and its first write-ahead log.
  private static let clusterBytes: Int64 = 200 << 20

  private func requireRestriction(_ installation: Installation) throws {
    guard installation.knowsRestrict else {
      throw Fault(
        .toolTooOld, "psql \(installation.version) does not know \\restrict, without which a plain dump could run commands on this host",
        advice: "Update it: the minor releases of August 2025 and later know it (apt-get install postgresql-\(installation.major))")
    }
  }

  /// The oldest PostgreSQL that reads the archive which a description of ours names, 0 for plain SQL.
  private static func reader(of format: String) -> Int {
    guard let found = format.firstMatch(of: /format 1\.(\d+) from/), let minor = UInt8(found.1) else { return 0 }
    return ArchiveHeader.Version(major: 1, minor: minor).firstReader
  }
}
