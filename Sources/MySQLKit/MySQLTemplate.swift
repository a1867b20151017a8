import DrillModel
import EngineKit
import Foundation
import ToolRunner

/// An initialised data directory without any account, which every scratch server of one version begins as a copy of.
enum MySQLTemplate {
  /// Raise it when what a template holds changes.
  private static let format = 1
  private static let family = "mysql-"

  /// Copies the template to `data`, making it before when it is not there yet, and leaves those that nobody uses any more to be removed.
  static func copy(
    of installation: MySQLInstallation, _ context: EngineContext, _ confinement: Confinement, to data: String
  ) async throws {
    let (shelf, now) = (TemplateShelf(directory: context.cache, family: family), context.clocks.now())
    try await onThread("old templates") { shelf.removeUnused(now: now) }
    let use = try await shelf.use()
    defer { withExtendedLifetime(use) {} }
    let path = try await shelf.provide(
      "\(family)\(installation.vendor.rawValue)-\(installation.version)-\(format)", context, isWhole: isWhole,
      build: { try await build(at: $0, installation, context, confinement) })
    try await TemplateCopy(owner: confinement.user).copy("\(path)/data", to: data)
  }

  private static func isWhole(_ path: String) -> Bool {
    ["data/ibdata1", "data/mysql"].allSatisfy { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
  }

  private static func build(
    at workshop: String, _ installation: MySQLInstallation, _ context: EngineContext, _ confinement: Confinement
  ) async throws {
    // It sees nothing of any backup, and the run's own user need not own what other runs copy.
    let builder: Box.User? = confinement.user == nil ? nil : Accounts.nobody
    try Accounts.makeDirectory(workshop, owner: builder, mode: 0o700)
    for name in ["data", "tmp", "nowhere"] { try Accounts.makeDirectory("\(workshop)/\(name)", owner: builder, mode: 0o700) }
    let box = Confinement(user: builder, isBoxed: confinement.isBoxed, holdsSuperuser: false)
      .box(for: installation.server, reading: installation.readable, writing: [workshop, "/dev/null"], alone: false)
    let common = [
      "--no-defaults", "--datadir=\(workshop)/data", "--tmpdir=\(workshop)/tmp", "--plugin-dir=\(workshop)/nowhere",
      "--character-set-server=utf8mb4",
    ]
    let exit: ToolExit
    switch installation.vendor {
    case .mariadb:
      exit = try await context.tools.run(
        ToolCommand(
          installation.server, common + ["--bootstrap", "--log-warnings=0", "--max-allowed-packet=8M"],
          environment: MySQLServer.environment, directory: workshop, input: .bytes(try bootstrap(installation)), box: box),
        deadline: .seconds(300))
    case .mysql:
      exit = try await context.tools.run(
        ToolCommand(
          installation.server, common + ["--initialize-insecure", "--loose-auto-generate-certs=OFF"],
          environment: MySQLServer.environment, directory: workshop, box: box), deadline: .seconds(300))
    }
    guard exit.isSuccess else { throw failure(installation, exit) }
    for name in ["tmp", "nowhere"] { try FileManager.default.removeItem(atPath: "\(workshop)/\(name)") }
  }

  /// What `mariadb-install-db` feeds to the server, without help texts and the test database, and with no account left at its end.
  private static func bootstrap(_ installation: MySQLInstallation) throws -> [UInt8] {
    guard let folder = installation.scripts else {
      throw Fault(
        .toolMissing, "the SQL files that make the system tables of \(installation.description) are not on this machine",
        advice: "Install the whole server: apt-get install \(installation.vendor.package)")
    }
    var script = Array("CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n".utf8)
    let files = ["system_tables", "performance_tables", "system_tables_data"].map { "mysql_\($0)" }
    for name in files + ["maria_add_gis_sp_bootstrap", "mysql_sys_schema"] {
      // The later two exist from 10.1 and 10.6 on.
      guard let text = FileManager.default.contents(atPath: "\(folder)/\(name).sql") else { continue }
      script += Array(text)
    }
    let noAccounts = "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';\nDELETE FROM mysql.db;\nDELETE FROM mysql.proxies_priv;\n"
    return script + Array(noAccounts.utf8)
  }

  private static func failure(_ installation: MySQLInstallation, _ exit: ToolExit) -> Fault {
    let lines = exit.errorText.split(separator: "\n").filter { $0.contains("ERROR") }.suffix(2).joined(separator: "; ")
    let isFull = exit.errorText.contains("No space left") || exit.errorText.contains("errno: 28")
    return Fault(
      isFull ? .noSpace : .toolFailed, "\(installation.description) could not make its system tables, \(exit.status): \(lines)",
      advice: "See `drillmark log`")
  }
}
