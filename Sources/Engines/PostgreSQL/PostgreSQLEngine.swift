package import DrillConfig
import DrillModel
package import EngineKit
import PostgreSQLKit
import ToolRunner

/// Restores `pg_dump` and `pg_dumpall` output into a scratch server of its own, or into a database that it makes on a server it is given.
package struct PostgreSQLEngine: RestoreEngine {
  private let options: PostgreSQLOptions

  package init(_ options: PostgreSQLOptions = PostgreSQLOptions()) { self.options = options }

  /// What the registry lists.
  package static var kind: Kind<any RestoreEngine> {
    Kind(
      name: "postgresql",
      summary:
        "Dumps of pg_dump (plain, custom, tar, directory) and pg_dumpall, into a scratch server of its own or a database of a given one.",
      section: PostgreSQLOptions.section, initial: PostgreSQLOptions()
    ) { options, context in
      if options.shared, options.server == nil { context.warn("`shared` means nothing without `server`", at: "shared") }
      return PostgreSQLEngine(options)
    }
  }

  /// Drops the databases that dead runs left on servers which drills of a site are given.
  package static func reaper(of engines: [any RestoreEngine], secrets: SecretReader) -> any ResourceReaper {
    GivenDatabaseReaper(references: engines.filter { $0.name == "postgresql" }.flatMap(\.secretReferences), secrets: secrets)
  }

  package var name: String { "postgresql" }
  package var provides: ProbeKinds { [.sql, .schema, .deep, .digests] }

  package var secretReferences: [SecretReference] { options.server.map { [$0] } ?? [] }

  package func sensitiveParts(of secrets: FetchedSecrets) -> [String] {
    // A value in percent-encoding is shown decoded by whoever reads it.
    guard let server = options.server, let text = try? secrets.value(of: server), let parts = try? Conninfo(text) else { return [] }
    let own = [parts.values["password"], parts.values["sslpassword"]].compactMap(\.self)
    return own + (parts.values["passfile"].map { PasswordFile.passwords(at: $0) } ?? [])
  }

  package func place(scratch: String) -> String {
    guard let server = options.server else { return "a new directory in \(scratch), engine \(name)" }
    return "a new database on the server that \(server.place) names, engine \(name)"
  }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    if let server = options.server { return try await examine(server, context) }
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
      if options.server != nil, header.banner == .cluster {
        throw GivenPlaces.refusal("the dump is one of pg_dumpall, which makes roles and databases")
      }
      let factor: Int64 = head.layers.isEmpty ? 3 : 24
      return BackupIdentity(
        format: format.description, intake: .stream, takenAt: header.started, localTime: header.startedLocal,
        spaceNeeded: options.server == nil ? stored * factor + PostgreSQLEngine.clusterBytes : 0)
    case .custom(let header), .tar(let header), .directory(let header):
      // A copy may be needed beside the database itself; custom and directory archives are compressed inside.
      var isTar = false
      if case .tar = format { isTar = true }
      let factor: Int64 = isTar ? 4 : 10
      var intake = BackupIdentity.Intake.file
      if case .directory = format { intake = .directory }
      return BackupIdentity(
        format: format.description, intake: intake, localTime: header.created,
        spaceNeeded: options.server == nil ? stored * factor + PostgreSQLEngine.clusterBytes : stored * (head.layers.isEmpty ? 1 : factor))
    }
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    let minimum = max(PostgreSQLEngine.oldest, PostgreSQLEngine.reader(of: identity.format))
    if let server = options.server { return try await provision(on: server, context, minimum) }
    let installation = try await Installation.find(exactly: options.version, atLeast: minimum, tools: context.tools)
    try requireRestriction(installation)
    let isolation = try RunIsolation()
    if options.superuser, !isolation.holdsSuperuser { throw RunIsolation.superuserRefused }
    return try await PostgreSQLTarget.make(context, installation, isolation.confinement(context), options)
  }

  /// Finds the client programs, reaches the given server and lets the guards judge it.
  private func examine(_ reference: SecretReference, _ context: EngineContext) async throws -> EngineIdentity {
    let installation = try await clients(PostgreSQLEngine.oldest, context)
    let isolation = try RunIsolation()
    let server = try await GivenServer.open(reference, shared: options.shared, context)
    let facts = server.facts
    return EngineIdentity(
      version: "postgresql \(facts.version), a given server; client \(installation.version)",
      isolation: "none around the given server; its client: \(isolation.description(network: !server.administrator.isSocket))",
      durability: facts.isDurable ? nil : .relaxed)
  }

  private func provision(on reference: SecretReference, _ context: EngineContext, _ minimum: Int) async throws -> any ScratchTarget {
    let installation = try await clients(minimum, context)
    let confinement = try RunIsolation().confinement(context)
    let server = try await GivenServer.open(reference, shared: options.shared, context)
    return try await GivenDatabaseTarget.make(context, installation, confinement, options, server)
  }

  private func clients(_ minimum: Int, _ context: EngineContext) async throws -> Installation {
    let found = try await Installation.find(exactly: options.version, atLeast: minimum, needs: .client, tools: context.tools)
    try requireRestriction(found)
    return found
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
