import DrillModel
package import EngineKit
import Glibc
import Synchronization
package import ToolRunner

/// A MariaDB or MySQL server of one run: a data directory of its own, a Unix socket only, nobody's user but the run's.
package final class MySQLServer: Sendable {
  package let installation: MySQLInstallation
  package let confinement: Confinement
  /// The directory of the socket; files that only the run's user may read lie there too.
  package let socket: String
  package let data: String
  /// Our own account with every right, which no backup knows.
  package let administrator: MySQLEndpoint
  private let tool: any RunningTool
  private let log = MySQLLog()
  private let ended = Mutex<ToolExit?>(nil)

  /// The socket's name in its directory.
  package static let socketName = "mysql.sock"

  /// Of the server and of every program that talks to it.
  package static let environment = ["LC_ALL": "C", "PATH": "/nonexistent", "HOME": "/nonexistent", "TZ": "UTC"]

  /// Starts a new server without any database of a backup.
  ///
  /// - Throws: `Fault`; a server that ends while it starts is quoted.
  package static func fresh(
    _ installation: MySQLInstallation, _ context: EngineContext, _ confinement: Confinement, socket: String, extra: [String] = []
  ) async throws -> MySQLServer {
    let data = "\(context.directory)/data"
    try await MySQLTemplate.copy(of: installation, context, confinement, to: data)
    // MySQL's own initialisation leaves a superuser without a password.
    let noRoot = installation.vendor == .mysql ? ["DROP USER IF EXISTS 'root'@'localhost'"] : []
    return try await MySQLServer(installation, context, confinement, socket: socket, data: data, opening: noRoot, extra: extra)
  }

  /// Starts a server on a data directory that is there and belongs to the run's user.
  ///
  /// It gets an administrator of our own before anybody can connect; accounts that the directory holds stay as they are.
  /// - Parameters:
  ///   - socket: A directory that is not there yet.
  ///   - opening: Statements for the server's superuser before anybody can connect, each on one line without its semicolon.
  ///   - extra: Arguments that win over ours, such as the page size that a backup was taken with.
  package init(
    _ installation: MySQLInstallation, _ context: EngineContext, _ confinement: Confinement, socket: String, data: String,
    opening: [String] = [], extra: [String] = []
  ) async throws {
    let own = "\(context.directory)/server"
    let places = MySQLSettings.Places(
      data: data, socket: socket, temporary: "\(own)/tmp", nowhere: "\(own)/nowhere", opening: "\(own)/opening.sql")
    try Accounts.makeDirectory(socket, owner: confinement.user, mode: 0o700)
    try Accounts.makeDirectory(own, owner: confinement.user, mode: 0o700)
    try Accounts.makeDirectory(places.temporary, owner: confinement.user, mode: 0o700)
    // Not the run's user's: what is empty must stay so.
    try Accounts.makeDirectory(places.nowhere, owner: nil, mode: 0o555)
    let (user, password) = ("dmboot_\(RandomText.hex(8))", RandomText.hex(24))
    let account = MySQLQuoting.account(user, host: "localhost")
    let statements =
      opening + ["CREATE USER \(account) IDENTIFIED BY '\(password)'", "GRANT ALL PRIVILEGES ON *.* TO \(account) WITH GRANT OPTION"]
    try Accounts.writeFile(places.opening, statements.map { "\($0);\n" }.joined(), owner: confinement.user)
    let log = log
    tool = try context.tools.start(
      ToolCommand(
        installation.server,
        MySQLSettings.arguments(installation, places, relaxed: context.durability == .relaxed, extra: extra),
        environment: MySQLServer.environment, directory: data, output: .discarded, errors: .lines { log.add($0) },
        box: confinement.box(
          for: installation.server, reading: installation.readable + [places.nowhere], writing: [data, own, socket, "/dev/null"]),
        grace: .seconds(10)))
    self.installation = installation
    self.confinement = confinement
    self.socket = socket
    self.data = data
    administrator = MySQLEndpoint(.socket("\(socket)/\(MySQLServer.socketName)"), user: user, password: password)
    do {
      try await waitUntilAnswering(within: context.durability == .relaxed ? .seconds(120) : .seconds(600))
      unlink(places.opening)
    } catch {
      await stop()
      throw error
    }
  }

  /// Whether the server has ended, and how.
  package var exit: ToolExit? { ended.withLock { $0 } }

  /// What the server said last, for a fault.
  package var lastWords: String { log.tail }

  /// The same place for another account.
  package func endpoint(user: String, password: String, database: String? = nil) -> MySQLEndpoint {
    MySQLEndpoint(administrator.place, user: user, password: password, database: database)
  }

  /// Kills the server: its data is thrown away. Repeating it is a no-op.
  package func stop() async {
    guard exit == nil else { return }
    kill(tool.pid, SIGKILL)
    let tool = tool
    let watchdog = Task {
      try await Task.sleep(for: .seconds(10))
      tool.stop(as: .exited(0))
    }
    let exit = await tool.exit()
    watchdog.cancel()
    ended.withLock { $0 = exit }
  }

  private func waitUntilAnswering(within limit: Duration) async throws {
    let (tool, administrator) = (tool, administrator)
    Task { [weak self] in
      let exit = await tool.exit()
      self?.ended.withLock { if $0 == nil { $0 = exit } }
    }
    let deadline = ContinuousClock.now + limit
    while true {
      try Task.checkCancellation()
      let answer = try await onThread("mysql connect") { () -> MySQLError? in
        do throws(MySQLError) { try MySQLConnection(administrator, silence: .seconds(60)).execute("SELECT 1") } catch { return error }
        return nil
      }
      guard let answer else { return }
      if let exit {
        throw Fault(.toolFailed, "the scratch server ended while it started (\(exit.status)): \(log.tail)", advice: MySQLServer.advice)
      }
      if answer.code == 1045 {
        throw Fault(
          .toolFailed, "the scratch server refuses the account that it was told to make: \(log.tail)", advice: MySQLServer.advice)
      }
      guard ContinuousClock.now < deadline else {
        throw Fault(
          .toolFailed, "the scratch server did not answer within \(limit.readable): \(answer.message); \(log.tail)",
          advice: MySQLServer.advice)
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  private static let advice = "Run `drillmark log` for all it said; check memory and the space of the scratch directory"
}

/// The last lines that a server wrote.
private final class MySQLLog: Sendable {
  private let lines = Mutex<(last: [String], errors: [String])>(([], []))

  func add(_ line: String) {
    lines.withLock { lines in
      if line.contains("[ERROR]") || line.contains("Assertion") || line.contains("No space left") {
        lines.errors = (lines.errors + [line]).suffix(5)
      }
      lines.last = (lines.last + [line]).suffix(3)
    }
  }

  /// Errors if there are any, else the last lines.
  var tail: String { lines.withLock { ($0.errors.isEmpty ? $0.last : $0.errors).suffix(3).joined(separator: "; ") } }
}
