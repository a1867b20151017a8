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
  private let shortDirectory: ScratchDirectory?
  private let restored = Mutex<Restored?>(nil)

  /// What a restore left for the checks.
  private struct Restored {
    var database: String
    var checker: ConnectionTarget
  }

  private init(_ context: EngineContext, _ options: PostgreSQLOptions, _ server: ScratchServer, _ shortDirectory: ScratchDirectory?) {
    self.context = context
    self.options = options
    self.server = server
    self.shortDirectory = shortDirectory
  }

  static func make(
    _ context: EngineContext, _ installation: Installation, _ confinement: Confinement, _ options: PostgreSQLOptions
  ) async throws -> PostgreSQLTarget {
    // A socket's whole path must fit into 107 bytes.
    var socket = "\(context.directory)/socket"
    var short: ScratchDirectory?
    if socket.utf8.count + "/.s.PGSQL.5432.lock".utf8.count > 107 {
      let directory = ScratchDirectory(path: ScratchDirectory.path(in: "/tmp", run: context.run, suffix: "-s"), run: context.run)
      let resource = ScratchResource(kind: "directory", name: directory.path)
      try await context.journal.intend(resource)
      try directory.create()
      try await context.journal.made(resource)
      socket = "\(directory.path)/socket"
      short = directory
    }
    let server = try await ScratchServer(installation, context, confinement, socket: socket)
    return PostgreSQLTarget(context, options, server, short)
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    var session = try await session(asSuperuser: options.superuser)
    var notes: [String] = []
    var target: String?
    switch content {
    case .stream(let source): notes = try await PlainRestore(session: session).load(source)
    case .file(let path, _, let isOurs): (session, target, notes) = try await restoreArchive(at: path, isOurs: isOurs, session)
    case .directory(let path): (session, target, notes) = try await restoreArchive(at: path, isOurs: false, session)
    case .handle: throw Fault(.internalError, "the engine postgresql was given no content")
    }
    let elapsed = context.clocks.elapsed() - begin
    try await finish(session, loaded: target)
    if session.isSuperuser { notes.append("the dump was loaded with a superuser's rights, inside the box") }
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
      deep: DeepCheck(server, checker: restored.checker, tools: context.tools, jobs: max(1, options.jobs / 2)))
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
    guard let shortDirectory else { return }
    try shortDirectory.destroy()
    try await context.journal.gone(ScratchResource(kind: "directory", name: shortDirectory.path))
  }

  private func session(asSuperuser: Bool) async throws -> LoadSession {
    let server = server
    let roles = try await onThread("pg admin") {
      do { return try LoadRoles(server, asSuperuser: asSuperuser) } catch {
        throw Fault(.toolFailed, "the scratch server's roles cannot be made: \((error as? ServerError)?.message ?? "no answer")")
      }
    }
    return LoadSession(context: context, server: server, roles: roles, options: options, isSuperuser: asSuperuser)
  }

  private func restoreArchive(at path: String, isOurs: Bool, _ session: LoadSession) async throws -> (LoadSession, String, [String]) {
    let place = try await reachable(path, isOurs: isOurs)
    let format = try DumpFormat(archiveAt: place)
    if case .tar = format { try await onThread("tar walk") { try TarWalk.verify(place) } }
    let restore = ArchiveRestore(session: session, format: format, path: place)
    try session.writePasswordFile()
    let contents = try await restore.contents()
    let name = options.database ?? databaseName(format)
    do {
      try await prepare(name, contents, session)
      let notes = try await restore.load(into: name, contents)
      try await confirm(restore, contents, in: name, session)
      return (session, name, notes)
    } catch let needed as SuperuserNeeded {
      guard server.confinement.holdsSuperuser else {
        throw Fault(
          .isolationMissing, "the dump needs a superuser to load: \(needed.right)",
          advice: "Run Drillmark as root on a kernel with Landlock, which keeps even a superuser in")
      }
      let again = try await self.session(asSuperuser: true)
      let second = ArchiveRestore(session: again, format: format, path: place)
      try again.writePasswordFile()
      try await prepare(name, contents, again)
      let notes = try await second.load(into: name, contents)
      try await confirm(second, contents, in: name, again)
      return (again, name, notes + ["loaded once more as a superuser: \(needed.right)"])
    }
  }

  private func prepare(_ name: String, _ contents: ArchiveRestore.Contents, _ session: LoadSession) async throws {
    let encoding = options.encoding ?? (contents.encoding == "SQL_ASCII" ? "SQL_ASCII" : nil)
    let roles = session.roles
    try await session.administering("the database \(name) cannot be made") {
      for role in contents.roles { try roles.ensure(role) }
      try roles.provide(name, encoding: encoding)
      try roles.open(name)
    }
  }

  private func confirm(_ restore: ArchiveRestore, _ contents: ArchiveRestore.Contents, in name: String, _ session: LoadSession) async throws
  {
    let target = server.administrator.entering(name)
    let missing = try await session.administering("the restored tables cannot be listed") { try restore.missing(contents, in: target) }
    guard missing.isEmpty else {
      let shown = missing.prefix(5).joined(separator: ", ")
      throw Fault(
        .restoreFailed, "the archive promises \(missing.count) tables that are not there after its restore: \(shown)",
        advice: DumpFormat.lookAtJob)
    }
  }

  private func databaseName(_ format: DumpFormat) -> String {
    let name = format.archive?.database ?? ""
    let taken = ["", "postgres", "template0", "template1", server.administrator.database, server.initialDatabase]
    return taken.contains(name) || name.utf8.count > 63 ? "restored" : name
  }

  /// A path to the archive that the run's user can read: the archive itself, or a copy in the run's directory.
  private func reachable(_ path: String, isOurs: Bool) async throws -> String {
    guard let user = server.confinement.user else { return path }
    let readable = isOurs ? false : Accounts.isReadable(path)
    if readable { return path }
    var place = path
    if !isOurs {
      place = "\(context.directory)/archive"
      let copy = try await context.tools.run(ToolCommand("/bin/cp", ["-R", "-H", "--reflink=auto", "--", path, place]))
      guard copy.isSuccess else {
        let text = copy.errorText
        throw Fault(text.contains("No space") ? .noSpace : .backupUnreadable, "the archive cannot be copied for the run's user: \(text)")
      }
    }
    let owned = try await context.tools.run(ToolCommand("/bin/chown", ["-R", "-h", "\(user.uid):\(user.gid)", place]))
    guard owned.isSuccess else { throw Fault(.scratchUnusable, "the archive cannot be given to the run's user: \(owned.errorText)") }
    return place
  }

  /// Takes the loader's rights away and settles which database the checks look at.
  private func finish(_ session: LoadSession, loaded: String?) async throws {
    let roles = session.roles
    let found = try await session.administering("the restored databases cannot be listed") {
      try roles.lock()
      // An archive went where we said.
      return try loaded != nil ? [] : roles.databases().map { FoundDatabase(name: $0.name, tables: $0.tables) }
    }
    let database = try loaded ?? choose(found)
    let line = "*:*:*:\(roles.checker.user):\(roles.checker.password)\n"
    try Accounts.writeFile(checkPasswords, line, owner: server.confinement.user)
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
