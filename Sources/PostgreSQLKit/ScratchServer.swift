internal import DrillModel
package import EngineKit
package import ToolRunner

/// A PostgreSQL server of one run: its own data directory, a Unix socket only, nobody's user but the run's.
package final class ScratchServer: Sendable {
  package let installation: Installation
  package let confinement: Confinement
  /// The directory of the socket.
  package let socket: String
  /// Our own superuser's connection, in a database that no dump is loaded into.
  package let administrator: ConnectionTarget
  /// The database that a dump finds itself in first.
  package let initialDatabase: String
  private let process: ServerProcess

  /// Copies a template into the run's directory and starts the server.
  ///
  /// - Throws: `Fault`; a server that ends while it starts is quoted.
  package init(_ installation: Installation, _ context: EngineContext, _ confinement: Confinement, socket: String) async throws {
    let data = "\(context.directory)/data"
    let template = try await ScratchServer.copyTemplate(installation, context, confinement, to: data)
    try Accounts.makeDirectory(socket, owner: confinement.user, mode: 0o700)
    process = try ServerProcess(
      ServerProcess.Start(
        installation, confinement, data: data,
        arguments: ServerSettings.arguments(relaxed: context.durability == .relaxed, socket: socket), writing: [socket]),
      tools: context.tools)
    self.installation = installation
    self.confinement = confinement
    self.socket = socket
    initialDatabase = template.initialDatabase
    let fresh = RandomText.hex(24)
    let known = ConnectionTarget(
      host: socket, user: template.superuser, password: template.password, database: template.administration,
      settings: ["search_path": "pg_catalog", "statement_timeout": "0", "lock_timeout": "0"])
    administrator = ScratchServer.with(known, password: fresh)
    do {
      try await waitUntilAnswering(known, newPassword: fresh)
    } catch {
      await stop()
      throw error
    }
  }

  /// Takes a server that runs on a data directory which was restored whole.
  ///
  /// - Parameter administrator: A superuser's connection, in any database.
  package init(
    _ process: ServerProcess, _ installation: Installation, _ confinement: Confinement, socket: String, administrator: ConnectionTarget
  ) {
    self.process = process
    self.installation = installation
    self.confinement = confinement
    self.socket = socket
    self.administrator = administrator
    initialDatabase = administrator.database
  }

  /// Copies the template while nobody may remove it, and leaves those that nobody uses any more to be removed.
  private static func copyTemplate(
    _ installation: Installation, _ context: EngineContext, _ confinement: Confinement, to data: String
  ) async throws -> ServerTemplate {
    let (shelf, now) = (TemplateShelf(directory: context.cache, family: "postgresql-"), context.clocks.now())
    try await onThread("old templates") { shelf.removeUnused(now: now) }
    let use = try await shelf.use()
    defer { withExtendedLifetime(use) {} }
    let template = try await ServerTemplate.prepare(installation, context, confinement)
    try await TemplateCopy(owner: confinement.user).copy(template.data, to: data)
    return template
  }

  /// Whether the server has ended, and how.
  package var exit: ToolExit? { process.exit }

  /// What the server said last, for a fault.
  package var lastWords: String { process.lastWords }

  /// Ends the server without a checkpoint: its data is thrown away. Repeating it is a no-op.
  package func stop() async { await process.stop() }

  /// A connection for this server with other rights.
  package func target(user: String, password: String, database: String, settings: [String: String] = [:]) -> ConnectionTarget {
    ConnectionTarget(host: socket, user: user, password: password, database: database, settings: settings)
  }

  /// The template's password has been on disk, so it is good for one login, which changes it.
  private func waitUntilAnswering(_ target: ConnectionTarget, newPassword: String) async throws {
    let change = "ALTER ROLE \(Quoting.identifier(target.user)) PASSWORD \(Quoting.literal(newPassword))"
    let deadline = ContinuousClock.now + .seconds(120)
    while true {
      try Task.checkCancellation()
      let answer = try await onThread("pg connect") { () -> ServerError? in
        let connection: Connection
        do throws(ServerError) { connection = try Connection(target) } catch { return error }
        defer { connection.close() }
        do throws(ServerError) { try connection.execute(change) } catch {
          throw Fault(.toolFailed, "the scratch server refused to change its superuser's password: \(error.message)")
        }
        return nil
      }
      guard let answer else { return }
      if let exit {
        throw Fault(.toolFailed, "the scratch server ended while it started (\(exit.status)): \(lastWords)", advice: advice)
      }
      if answer.sqlState == "28P01" { throw Fault(.toolFailed, "the scratch server refuses its own superuser: \(answer.message)") }
      guard ContinuousClock.now < deadline else {
        throw Fault(.toolFailed, "the scratch server did not answer within 2 minutes: \(answer.message); \(lastWords)", advice: advice)
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  private var advice: String { "Run `drillmark log` for all it said; check memory and the space of the scratch directory" }

  private static func with(_ target: ConnectionTarget, password: String) -> ConnectionTarget {
    var copy = target
    copy.password = password
    return copy
  }
}
