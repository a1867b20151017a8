import DrillModel
import EngineKit
import Foundation
import PostgreSQLKit
import ToolRunner

/// A database on a given server that one backup is restored into.
final class GivenDatabaseTarget: ScratchTarget {
  private let session: LoadSession
  private let database: GivenDatabase
  private let traces: ServerTraces
  private var context: EngineContext { session.context }

  private init(_ session: LoadSession, _ database: GivenDatabase, _ traces: ServerTraces) {
    self.session = session
    self.database = database
    self.traces = traces
  }

  static func make(
    _ context: EngineContext, _ installation: Installation, _ confinement: Confinement, _ options: PostgreSQLOptions, _ server: GivenServer
  ) async throws -> GivenDatabaseTarget {
    let directory = "\(context.directory)/client"
    try Accounts.makeDirectory(directory, owner: confinement.user, mode: 0o700)
    let session = LoadSession(
      context: context, installation: installation, confinement: confinement, options: options,
      loader: try staged(server.administrator, in: directory, confinement), inspector: server.administrator, directory: directory,
      serverVersion: server.facts.version, isGiven: true, isSuperuser: false, lastWords: { "nothing that we can read" })
    try session.writePasswordFile()
    try await GivenDatabaseTarget.confirmLogin(session)
    var random = SystemRandomNumberGenerator()
    let name = GivenDatabaseName(run: context.run, place: server.administrator.place, system: server.facts.system, using: &random)
    let database = GivenDatabase(name: name, run: context.run, administrator: server.administrator)
    let traces = try await onThread("pg traces") { try ServerTraces(server.administrator) }
    // A server in another encoding could not hold what dumps are written in.
    let encoding = options.encoding ?? (server.facts.encoding == "UTF8" ? nil : "UTF8")
    try await context.journal.intend(name.resource)
    try await onThread("pg create") { try database.create(encoding: encoding) }
    try await context.journal.made(name.resource)
    return GivenDatabaseTarget(session, database, traces)
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    var notes: [String]
    switch content {
    case .stream(let source):
      notes = try await PlainRestore(session: session, places: GivenPlaces(database, encoding: session.options.encoding)).load(source)
    case .file(let path, _, let isOurs): notes = try await restoreArchive(at: path, isOurs: isOurs)
    case .directory(let path): notes = try await restoreArchive(at: path, isOurs: false)
    case .handle: throw Fault(.internalError, "the engine postgresql was given no content")
    }
    let elapsed = context.clocks.elapsed() - begin
    try await onThread("pg traces") { [traces, database] in try traces.confirmNothingMore(database.administrator) }
    notes.append("restored into a database of a given server, which is not boxed")
    return RestoreReport(engineTime: elapsed, notes: notes)
  }

  func awaitReady() async throws {
    do { _ = try await DatabaseProbe(checker).query("SELECT 1", timeout: .seconds(60), limit: 1) } catch let error as ProbeError {
      throw Fault(.notReady, "the restored database \(database.name.database) does not answer: \(error.message)")
    }
  }

  func probes() async throws -> Probes {
    let sql = DatabaseProbe(checker)
    return Probes(sql: sql, schema: SchemaDescription(sql), deep: ReadingCheck(checker), digests: TableDigests(checker))
  }

  var access: [String] {
    let target = session.loader
    var words = ["host=\(Quoting.connectionValue(target.host))", "port=\(target.port)", "user=\(Quoting.connectionValue(target.user))"]
    words.append("dbname=\(Quoting.connectionValue(database.name.database))")
    for (keyword, value) in target.transport.sorted(by: { $0.key < $1.key }) {
      words.append("\(keyword)=\(Quoting.connectionValue(value))")
    }
    return ["PGPASSFILE=\(session.directory)/load \(session.installation.program("psql")) \"\(words.joined(separator: " "))\""]
  }

  func destroy() async throws {
    let database = database
    try await onThread("pg drop") { try database.drop() }
    try await context.journal.gone(database.name.resource)
  }

  /// The loading role, which owns what it loaded. A policy that would hide rows from it is an error of the question instead.
  private var checker: ConnectionTarget {
    var target = database.administrator.entering(database.name.database)
    target.settings = ["row_security": "off"]
    return target
  }

  private func restoreArchive(at path: String, isOurs: Bool) async throws -> [String] {
    let (place, format) = try await ArchivePlace.prepare(path, isOurs: isOurs, context, session.confinement)
    let restore = ArchiveRestore(session: session, format: format, path: place)
    let contents = try await restore.contents()
    if let odd = contents.serverWide.first(where: { $0.hasSuffix(" DATABASE") || $0.hasSuffix(" ROLE") || $0.hasSuffix(" SYSTEM") }) {
      throw Fault(
        .unsafeContent, "the archive holds \(odd) among its definitions, where pg_dump writes none",
        advice: "See who can write to the place where the backups lie")
    }
    if contents.encoding == "SQL_ASCII", session.options.encoding == nil {
      try await onThread("pg create") { [database] in try database.recreate(encoding: "SQL_ASCII") }
    }
    do {
      let notes = try await restore.load(into: database.name.database, contents)
      try await restore.confirm(contents, in: database.name.database)
      return notes
    } catch let needed as SuperuserNeeded {
      throw GivenPlaces.superuserNeeded(needed.right)
    }
  }

  /// Certificates and keys where the run's user reads them.
  private static func staged(_ target: ConnectionTarget, in directory: String, _ confinement: Confinement) throws -> ConnectionTarget {
    var target = target
    for keyword in ["sslrootcert", "sslcert", "sslkey", "sslcrl"] {
      guard let path = target.transport[keyword], path != "system" else { continue }
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw Fault(
          .credentials, "the file \(path), which the connection string names as \(keyword), cannot be read",
          advice: "Check its path, owner and mode")
      }
      let copy = "\(directory)/\(keyword)"
      try Accounts.writeFile(copy, text, owner: confinement.user)
      target.transport[keyword] = copy
    }
    return target
  }

  /// The run's user must get in as we do: a server that asks the operating system who we are lets only us in.
  private static func confirmLogin(_ session: LoadSession) async throws {
    let psql = session.installation.program("psql")
    let exit = try await session.context.tools.run(
      ToolCommand(
        psql, ["-X", "-q", "-w", "-A", "-t", "-c", "SELECT 1"], environment: session.environment(database: session.loader.database),
        box: session.box(for: psql, alone: true)), deadline: .seconds(60))
    guard !exit.isSuccess else { return }
    let reason = exit.errorText.split(whereSeparator: \.isNewline).first.map(String.init) ?? "\(exit.status)"
    throw Fault(
      .credentials, "psql, as the run's own user, cannot log in to the given server \(session.loader.place): \(reason)",
      advice: "Let the server ask for a password or certificate (pg_hba.conf: scram-sha-256), and its socket be open to others")
  }
}
