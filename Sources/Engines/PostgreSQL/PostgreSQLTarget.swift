import DrillModel
import EngineKit
import Foundation
import PostgreSQLKit
import Synchronization
import ToolRunner

/// A scratch server that one backup is restored into.
final class PostgreSQLTarget: ScratchTarget {
  private let context: EngineContext
  private let options: PostgreSQLOptions
  private let server: ScratchServer
  private let socket: SocketDirectory
  private let restored = Mutex<Restored?>(nil)

  /// What a restore left for the checks.
  private struct Restored {
    var database: String
    var checker: ConnectionTarget
  }

  private init(_ context: EngineContext, _ options: PostgreSQLOptions, _ server: ScratchServer, _ socket: SocketDirectory) {
    self.context = context
    self.options = options
    self.server = server
    self.socket = socket
  }

  static func make(
    _ context: EngineContext, _ installation: Installation, _ confinement: Confinement, _ options: PostgreSQLOptions
  ) async throws -> PostgreSQLTarget {
    let socket = try await SocketDirectory.settle(context, longest: ".s.PGSQL.5432.lock")
    let server = try await ScratchServer(installation, context, confinement, socket: socket.path)
    return PostgreSQLTarget(context, options, server, socket)
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    var load = try await load(asSuperuser: options.superuser)
    var notes: [String] = []
    var target: String?
    switch content {
    case .stream(let source):
      let places = ScratchPlaces(session: load.session, roles: load.roles, server: server)
      notes = try await PlainRestore(session: load.session, places: places).load(source)
    case .file(let path, _, let isOurs): (load, target, notes) = try await restoreArchive(at: path, isOurs: isOurs, load)
    case .directory(let path): (load, target, notes) = try await restoreArchive(at: path, isOurs: false, load)
    case .handle: throw Fault(.internalError, "the engine postgresql was given no content")
    }
    let elapsed = context.clocks.elapsed() - begin
    try await finish(load, loaded: target)
    if load.session.isSuperuser { notes.append("the dump was loaded with a superuser's rights, inside the box") }
    return RestoreReport(engineTime: elapsed, notes: notes)
  }

  func awaitReady() async throws {
    let restored = restored.withLock { $0 }
    guard let restored else { throw Fault(.notReady, "nothing was restored") }
    do { _ = try await DatabaseProbe(restored.checker).query("SELECT 1", timeout: .seconds(60), limit: 1) } catch let error as ProbeError {
      throw Fault(.notReady, "the restored database \(restored.database) does not answer: \(error.message)")
    }
  }

  func probes() async throws -> Probes {
    guard let restored = restored.withLock({ $0 }) else { throw Fault(.notReady, "nothing was restored") }
    let sql = DatabaseProbe(restored.checker)
    return Probes(
      sql: sql, schema: SchemaDescription(sql),
      deep: DeepCheck(server, checker: restored.checker, tools: context.tools, jobs: max(1, options.jobs / 2)),
      digests: TableDigests(restored.checker))
  }

  var access: [String] {
    guard let restored = restored.withLock({ $0 }) else { return [] }
    let database = Quoting.connectionValue(restored.database)
    return [
      "PGPASSFILE=\(checkPasswords) \(server.installation.program("psql")) -h \(server.socket) -U \(restored.checker.user) \"dbname=\(database)\""
    ]
  }

  private var checkPasswords: String { "\(server.socket)/check" }

  func destroy() async throws {
    await server.stop()
    try await socket.remove(context)
  }

  /// A load with its roles.
  private typealias Load = (session: LoadSession, roles: LoadRoles)

  private func load(asSuperuser: Bool) async throws -> Load {
    let server = server
    let roles = try await onThread("pg admin") {
      do { return try LoadRoles(server, asSuperuser: asSuperuser) } catch {
        throw Fault(.toolFailed, "the scratch server's roles cannot be made: \((error as? ServerError)?.message ?? "no answer")")
      }
    }
    let session = LoadSession(
      context: context, installation: server.installation, confinement: server.confinement, options: options, loader: roles.loader,
      inspector: server.administrator, directory: server.socket, serverVersion: server.installation.version, isGiven: false,
      isSuperuser: asSuperuser, lastWords: { server.lastWords })
    return (session, roles)
  }

  private func restoreArchive(at path: String, isOurs: Bool, _ load: Load) async throws -> (Load, String, [String]) {
    let (place, format) = try await ArchivePlace.prepare(path, isOurs: isOurs, context, server.confinement)
    let restore = ArchiveRestore(session: load.session, format: format, path: place)
    try load.session.writePasswordFile()
    let contents = try await restore.contents()
    let name = options.database ?? databaseName(format)
    do {
      try await prepare(name, contents, load)
      let notes = try await restore.load(into: name, contents)
      try await restore.confirm(contents, in: name)
      return (load, name, notes)
    } catch let needed as SuperuserNeeded {
      guard server.confinement.holdsSuperuser else {
        throw Fault(
          .isolationMissing, "the dump needs a superuser to load: \(needed.right)",
          advice: "Run Drillmark as root on a kernel with Landlock, which keeps even a superuser in")
      }
      let again = try await self.load(asSuperuser: true)
      let second = ArchiveRestore(session: again.session, format: format, path: place)
      try again.session.writePasswordFile()
      try await prepare(name, contents, again)
      let notes = try await second.load(into: name, contents)
      try await second.confirm(contents, in: name)
      return (again, name, notes + ["loaded once more as a superuser: \(needed.right)"])
    }
  }

  private func prepare(_ name: String, _ contents: ArchiveRestore.Contents, _ load: Load) async throws {
    let encoding = options.encoding ?? (contents.encoding == "SQL_ASCII" ? "SQL_ASCII" : nil)
    let roles = load.roles
    try await load.session.administering("the database \(name) cannot be made") {
      for role in contents.roles { try roles.ensure(role) }
      try roles.provide(name, encoding: encoding)
      try roles.open(name)
    }
  }

  private func databaseName(_ format: DumpFormat) -> String {
    let name = format.archive?.database ?? ""
    let taken = ["", "postgres", "template0", "template1", server.administrator.database, server.initialDatabase]
    return taken.contains(name) || name.utf8.count > 63 ? "restored" : name
  }

  /// Takes the loader's rights away and settles which database the checks look at.
  private func finish(_ load: Load, loaded: String?) async throws {
    let roles = load.roles
    let found = try await load.session.administering("the restored databases cannot be listed") {
      try roles.lock()
      // An archive went where we said.
      return try loaded != nil ? [] : roles.databases().map { FoundDatabase(name: $0.name, tables: $0.tables) }
    }
    let database = try loaded ?? choose(found)
    try Accounts.writeFile(checkPasswords, PasswordFile.line(roles.checker), owner: server.confinement.user)
    restored.withLock { $0 = Restored(database: database, checker: roles.checker.entering(database)) }
  }

  private struct FoundDatabase: Sendable {
    var name: String
    var tables: Int
  }

  private func choose(_ found: [FoundDatabase]) throws -> String {
    if let wanted = options.database, found.contains(where: { $0.name == wanted }) { return wanted }
    let filled = found.filter { $0.tables > 0 && $0.name != "template1" }
    if filled.count == 1 { return filled[0].name }
    if filled.isEmpty {
      let builtIn = ["postgres", "template1", server.initialDatabase]
      let created = found.filter { !builtIn.contains($0.name) }
      return created.count == 1 ? created[0].name : server.initialDatabase
    }
    let names = filled.map(\.name).joined(separator: ", ")
    if let wanted = options.database {
      throw Fault(
        .configuration, "the dump holds no database \(wanted), but \(names)", advice: "Name one of them as `database` under `restore`")
    }
    throw Fault(
      .configuration, "the dump filled several databases: \(names)", advice: "Name the one to check as `database` under `restore`")
  }
}
