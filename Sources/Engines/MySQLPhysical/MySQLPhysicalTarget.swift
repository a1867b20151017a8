import DrillModel
import EngineKit
import Foundation
import Glibc
import MySQLKit
import MySQLReplay
import Synchronization
import ToolRunner

/// A scratch server on the prepared files of one physical backup.
final class MySQLPhysicalTarget: ScratchTarget {
  private let context: EngineContext
  private let options: MySQLPhysicalOptions
  private let confinement: Confinement
  private let socket: SocketDirectory
  private let format: BackupFormat
  private let state = Mutex(State())

  private struct State {
    var server: MySQLServer?
    var end: BackupMetadata?
    var checker: MySQLEndpoint?
  }

  init(
    _ context: EngineContext, _ options: MySQLPhysicalOptions, _ confinement: Confinement, _ socket: SocketDirectory, _ format: BackupFormat
  ) {
    self.context = context
    self.options = options
    self.confinement = confinement
    self.socket = socket
    self.format = format
  }

  var rollsForward: Bool { context.logs != nil }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    let restore = PhysicalRestore(context: context, confinement: confinement, options: options, format: format)
    let prepared = try await restore.run(content)
    state.withLock { $0.end = prepared.last }
    let server = try await restore.start(prepared, socket: socket.path, rollsForward: rollsForward)
    state.withLock { $0.server = server }
    try await judge(server)
    if !rollsForward { try await finish(server) }
    return RestoreReport(
      engineTime: context.clocks.elapsed() - begin,
      // A directory was dated by the same line when its chain was put together.
      completed: format == .directory ? nil : prepared.last.ended, notes: prepared.notes)
  }

  func recover() async throws -> RestoreReport {
    let state = state.withLock { $0 }
    guard let server = state.server, let end = state.end, let archive = context.logs else {
      throw Fault(.notReady, "nothing was restored")
    }
    guard let start = end.position else {
      throw Fault(
        .configuration, "the backup does not say where in the binary logs it ends (xtrabackup_binlog_info), so logs cannot be applied",
        advice: "Switch the binary log on where the backup is made, or remove `logs`")
    }
    let target = options.target ?? context.recoverTo.map { .time($0) } ?? .latest
    let replay = LogReplay(context: context, server: server, archive: archive, target: target)
    let report = try await replay.run(from: start, transactions: end.transactions)
    try await finish(server)
    return report
  }

  func awaitReady() async throws {
    let checker = try checker()
    do { _ = try await MySQLProbe(checker, vendor: vendor()).query("SELECT 1", timeout: .seconds(60), limit: 1) } catch let error
      as ProbeError
    {
      throw Fault(.notReady, "the restored server does not answer: \(error.message)")
    }
  }

  func probes() async throws -> Probes {
    let checker = try checker()
    guard let server = state.withLock({ $0.server }) else { throw Fault(.notReady, "nothing was restored") }
    let vendor = server.installation.vendor
    let sql = MySQLProbe(checker, vendor: vendor)
    return Probes(
      sql: sql,
      // Triggers and events show themselves only to whoever could change them, and views to whoever may be anybody.
      schema: MySQLSchema(MySQLProbe(server.administrator.entering(checker.database), vendor: vendor)),
      deep: MySQLDeepCheck(server.administrator, vendor: vendor, server: server), digests: MySQLTableDigests(sql))
  }

  var access: [String] {
    let state = state.withLock { $0 }
    guard let server = state.server, state.checker != nil else { return [] }
    return ["\(server.installation.client) --defaults-file=\(checkOptions)"]
  }

  private var checkOptions: String { "\(socket.path)/check.cnf" }

  func destroy() async throws {
    if let server = state.withLock({ $0.server }) { await server.stop() }
    try await socket.remove(context)
  }

  private func checker() throws -> MySQLEndpoint {
    guard let checker = state.withLock({ $0.checker }) else { throw Fault(.notReady, "nothing was restored") }
    return checker
  }

  private func vendor() throws -> MySQLVendor {
    guard let server = state.withLock({ $0.server }) else { throw Fault(.notReady, "nothing was restored") }
    return server.installation.vendor
  }

  /// Looks for what a server starts with nevertheless.
  private func judge(_ server: MySQLServer) async throws {
    try await onThread("mysql contents") { try MySQLPhysicalTarget.asking(server) { try $0.judge() } }
    let said = server.lastWords
    if said.contains("is in the future") {
      throw Fault(
        .restoreFailed, "pages of the backup are newer than its redo log: \(InertText.line(said, limit: 300))",
        advice: "Parts of it are of another moment or of another server")
    }
  }

  /// Blocks.
  private static func asking(_ server: MySQLServer, _ question: (RestoredContents) throws -> Void) throws {
    let connection: MySQLConnection
    do throws(MySQLError) { connection = try MySQLConnection(server.administrator) } catch {
      throw Fault(.notReady, "the restored server does not answer: \(error.withoutValues)")
    }
    defer { connection.close() }
    try question(RestoredContents(connection: connection, vendor: server.installation.vendor, data: server.data))
  }

  /// Makes the account of the checks and shuts all others out.
  private func finish(_ server: MySQLServer) async throws {
    let wanted = options.database
    let checker = try await onThread("mysql accounts") { () -> MySQLEndpoint in
      let accounts = try MySQLAccounts(server)
      let names = [server.administrator.user, accounts.loader.user, accounts.checker.user]
      try MySQLPhysicalTarget.asking(server) { try $0.lockAccounts(but: names) }
      let databases: [(name: String, tables: Int)]
      do throws(MySQLError) {
        databases = try accounts.databases()
        try accounts.lock()
      } catch {
        throw Fault(.toolFailed, "the scratch server's accounts cannot be made: \(error.withoutValues)", advice: "See `drillmark log`")
      }
      return try MySQLPhysicalTarget.endpoint(accounts.checker, wanted, databases)
    }
    unlink(checkOptions)
    try Accounts.writeFile(checkOptions, checker.optionsFile, owner: confinement.user)
    state.withLock { $0.checker = checker }
  }

  private static func endpoint(
    _ checker: MySQLEndpoint, _ wanted: String?, _ databases: [(name: String, tables: Int)]
  ) throws -> MySQLEndpoint {
    if let wanted {
      guard databases.contains(where: { $0.name == wanted }) else {
        throw Fault(
          .restoreFailed, "the backup holds no database \(InertText.line(wanted, limit: 64)), but \(databases.count) others",
          advice: "Compare `database` with what was backed up")
      }
      return checker.entering(wanted)
    }
    let full = databases.filter { $0.tables > 0 }
    return checker.entering(full.count == 1 ? full.first?.name : nil)
  }
}
