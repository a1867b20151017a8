import DrillModel
import EngineKit
import Foundation
import Glibc
import MySQLKit
import Synchronization
import ToolRunner

/// A scratch server that one logical backup is restored into.
final class MySQLTarget: ScratchTarget {
  private let context: EngineContext
  private let options: MySQLOptions
  private let server: MySQLServer
  private let socket: SocketDirectory
  private let restored = Mutex<MySQLEndpoint?>(nil)
  /// What was loaded and waits to be rolled forward.
  private let loaded = Mutex<Loaded?>(nil)

  private struct Loaded: Sendable {
    var session: MySQLLoadSession
    var initial: String?
    var coordinates: DumpCoordinates
    var isWhole: Bool?
    var named: String?
  }

  private init(_ context: EngineContext, _ options: MySQLOptions, _ server: MySQLServer, _ socket: SocketDirectory) {
    self.context = context
    self.options = options
    self.server = server
    self.socket = socket
  }

  static func make(
    _ context: EngineContext, _ installation: MySQLInstallation, _ confinement: Confinement, _ options: MySQLOptions
  ) async throws -> MySQLTarget {
    let socket = try await SocketDirectory.settle(context, longest: MySQLServer.socketName)
    do {
      let server = try await MySQLServer.fresh(
        installation, context, confinement, socket: socket.path,
        // LOAD DATA in logs comes as files that the reader writes beside them.
        extra: context.logs == nil ? [] : ["--local-infile=1"])
      return MySQLTarget(context, options, server, socket)
    } catch {
      try await socket.remove(context)
      throw error
    }
  }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    let server = server
    let accounts = try await onThread("mysql accounts") { try MySQLAccounts(server) }
    let session = MySQLLoadSession(context: context, server: server, accounts: accounts, options: options)
    var report = RestoreReport(engineTime: .zero)
    let loaded: Loaded
    switch content {
    case .stream(let source):
      let (scan, header, database) = try await MySQLPlainLoad(session: session).load(source)
      (report.notes, report.completed) = (scan.notes, scan.completed)
      loaded = Loaded(
        session: session, initial: database, coordinates: scan.coordinates,
        // Of several databases the tools name the first, and of all none.
        isWhole: header.isVendors ? header.database == nil : nil, named: header.database)
    case .directory(let path):
      let dump = try MyDumperDirectory(path)
      if context.logs != nil { _ = try DumpReplay.start(dump.coordinates ?? DumpCoordinates()) }
      report.notes = try await MyDumperLoad(session: session, dump: dump).load()
      loaded = Loaded(session: session, coordinates: dump.coordinates ?? DumpCoordinates())
    case .file, .handle: throw Fault(.internalError, "the engine mysql was given content of a kind that it did not ask for")
    }
    report.engineTime = context.clocks.elapsed() - begin
    if rollsForward {
      _ = try DumpReplay.start(loaded.coordinates)
      self.loaded.withLock { $0 = loaded }
    } else {
      try await finish(accounts, initial: loaded.initial)
    }
    return report
  }

  var rollsForward: Bool { context.logs != nil }

  func recover() async throws -> RestoreReport {
    guard let loaded = loaded.withLock({ $0 }), let archive = context.logs else { throw Fault(.notReady, "nothing was restored") }
    let accounts = loaded.session.accounts
    let found: [String]
    do {
      found = try await onThread("mysql databases") {
        try accounts.databases().filter { $0.name != loaded.initial || $0.tables > 0 }.map(\.name)
      }
    } catch let error as MySQLError { throw MySQLTarget.unlisted(error) }
    let dumped = DumpReplay.Dumped(
      isWhole: loaded.isWhole, named: loaded.named, databases: found.isEmpty ? [loaded.initial].compactMap(\.self) : found)
    let replay = try DumpReplay(loaded.session, archive, loaded.coordinates, holds: dumped)
    let report = try await replay.run()
    try await finish(accounts, initial: loaded.initial)
    return report
  }

  /// Takes the loader's rights away and settles which database the checks look at.
  private func finish(_ accounts: MySQLAccounts, initial: String?) async throws {
    let found: [FoundDatabase]
    do {
      found = try await onThread("mysql lock") {
        try accounts.lock()
        return try accounts.databases().map { FoundDatabase(name: $0.name, tables: $0.tables) }
      }
    } catch let error as MySQLError { throw MySQLTarget.unlisted(error) }
    let database = try choose(found, initial: initial)
    try Accounts.writeFile(checkOptions, accounts.checker.optionsFile, owner: server.confinement.user)
    restored.withLock { $0 = accounts.checker.entering(database) }
  }

  private static func unlisted(_ error: MySQLError) -> Fault {
    Fault(.toolFailed, "the restored databases cannot be listed: \(error.withoutValues)", advice: "See `drillmark log`", isTransient: true)
  }

  private struct FoundDatabase: Sendable {
    var name: String
    var tables: Int
  }

  private func choose(_ found: [FoundDatabase], initial: String?) throws -> String {
    let filled = found.filter { $0.tables > 0 }
    if let wanted = options.database, filled.contains(where: { $0.name == wanted }) { return wanted }
    let names = filled.map(\.name).joined(separator: ", ")
    if let wanted = options.database, !filled.isEmpty {
      throw Fault(
        .configuration, "the backup holds no database \(wanted), but \(names)", advice: "Name one of them as `database` under `restore`")
    }
    if filled.count == 1 { return filled[0].name }
    if filled.isEmpty {
      guard let name = initial ?? found.first?.name else {
        throw Fault(.backupEmpty, "the backup holds no database", advice: MySQLEngine.lookAtJob)
      }
      return name
    }
    throw Fault(
      .configuration, "the backup filled several databases: \(names)", advice: "Name the one to check as `database` under `restore`")
  }

  func awaitReady() async throws {
    guard let endpoint = restored.withLock({ $0 }) else { throw Fault(.notReady, "nothing was restored") }
    let probe = MySQLProbe(endpoint, vendor: server.installation.vendor)
    do { _ = try await probe.query("SELECT 1", timeout: .seconds(60), limit: 1) } catch let error as ProbeError {
      throw Fault(.notReady, "the restored server does not answer: \(error.message); it said: \(server.lastWords)")
    }
  }

  func probes() async throws -> Probes {
    guard let endpoint = restored.withLock({ $0 }) else { throw Fault(.notReady, "nothing was restored") }
    let probe = MySQLProbe(endpoint, vendor: server.installation.vendor)
    return Probes(
      sql: probe,
      // Triggers and events show themselves only to whoever could change them.
      schema: MySQLSchema(MySQLProbe(server.administrator.entering(endpoint.database), vendor: server.installation.vendor)),
      deep: MySQLDeepCheck(server.administrator, vendor: server.installation.vendor, server: server),
      digests: MySQLTableDigests(probe))
  }

  var access: [String] {
    guard let endpoint = restored.withLock({ $0 }) else { return [] }
    return ["\(server.installation.client) --defaults-file=\(checkOptions) --database=\"\(endpoint.database ?? "")\""]
  }

  private var checkOptions: String { "\(server.socket)/check.cnf" }

  func destroy() async throws {
    await server.stop()
    try await socket.remove(context)
  }
}
