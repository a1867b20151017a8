internal import DrillModel
internal import EngineKit
internal import Foundation
internal import Glibc
internal import ToolRunner

/// An initialised data directory that every scratch server of one version begins as a copy of (initdb takes ten times as long).
struct ServerTemplate: Sendable {
  /// Raise it when what a template holds changes.
  private static let format = 3
  let path: String
  let superuser: String
  let password: String

  var data: String { "\(path)/data" }
  /// The database of our own connection, which no dump is loaded into. Named like the superuser, so that no dump knows it.
  var administration: String { superuser }
  /// The database that a dump finds itself in before it goes elsewhere.
  var initialDatabase: String { ServerTemplate.initialDatabase(superuser) }

  /// Gives the template of an installation, making it when it is not there yet.
  static func prepare(_ installation: Installation, _ context: EngineContext, _ confinement: Confinement) async throws -> ServerTemplate {
    let shelf = TemplateShelf(directory: context.cache, family: "postgresql-")
    let path = try await shelf.provide(
      "postgresql-\(installation.version)-\(format)", context, isWhole: { ServerTemplate(at: $0) != nil },
      build: { try await build(at: $0, installation, context, confinement) })
    guard let ready = ServerTemplate(at: path) else { throw TemplateShelf.unreadable(path) }
    return ready
  }

  init?(at path: String) {
    guard let text = try? String(contentsOfFile: "\(path)/superuser", encoding: .utf8),
      FileManager.default.fileExists(atPath: "\(path)/data/PG_VERSION")
    else { return nil }
    let lines = text.split(separator: "\n").map(String.init)
    guard lines.count == 2 else { return nil }
    self.path = path
    superuser = lines[0]
    password = lines[1]
  }

  private static func build(at workshop: String, _ installation: Installation, _ context: EngineContext, _ confinement: Confinement)
    async throws
  {
    let superuser = "dmboot_\(RandomText.hex(8))"
    let password = RandomText.hex(24)
    // initdb refuses root and a user without an entry in the password file. It sees nothing of any backup.
    let builder: Box.User? = confinement.user == nil ? nil : Accounts.nobody
    try Accounts.makeDirectory(workshop, owner: builder, mode: 0o700)
    try Accounts.writeFile("\(workshop)/password", password + "\n", owner: builder)
    let box = Box(
      user: builder, executable: [installation.program("initdb"), installation.program("postgres"), "/bin/sh", "/usr/bin/dash"],
      readable: installation.readable + ["/etc/passwd", "/etc/nsswitch.conf"], writable: [workshop, "/dev/null"])
    let locale = installation.major >= 10 ? "C.UTF-8" : "C"
    var arguments = ["-D", "\(workshop)/data", "-A", "scram-sha-256", "-U", superuser, "--pwfile=\(workshop)/password"]
    arguments += ["-E", "UTF8", "--locale=\(locale)", "-k", "-N", "--no-instructions"]
    let exit = try await context.tools.run(
      ToolCommand(
        installation.program("initdb"), arguments, environment: environment, directory: workshop, box: confinement.isBoxed ? box : nil),
      deadline: .seconds(300))
    guard exit.isSuccess else { throw failure("initdb", exit) }
    let script = "CREATE DATABASE \(superuser);\nCREATE DATABASE \(initialDatabase(superuser));\n"
    let single = try await context.tools.run(
      ToolCommand(
        installation.program("postgres"), ["--single", "-j", "-D", "\(workshop)/data", "-c", "exit_on_error=true", "postgres"],
        environment: environment, directory: workshop, input: .bytes(Array(script.replacing(";\n", with: ";\n\n").utf8)),
        box: confinement.isBoxed ? box : nil), deadline: .seconds(300))
    guard single.isSuccess else { throw failure("postgres --single", single) }
    try removeMaps(in: "\(workshop)/data")
    try FileManager.default.removeItem(atPath: "\(workshop)/password")
    try Accounts.writeFile("\(workshop)/superuser", "\(superuser)\n\(password)\n", owner: nil)
  }

  /// Takes away free space maps and visibility maps, a quarter of all files: a server makes them anew when it has use for them
  /// (PostgreSQL's storage chapter; both are hints, and a missing one says nothing).
  private static func removeMaps(in data: String) throws {
    for case let name as String in FileManager.default.enumerator(atPath: data) ?? .init() {
      let isMap = name.hasSuffix("_fsm") || name.hasSuffix("_vm")
      if isMap, name.hasPrefix("base/") || name.hasPrefix("global/") { try FileManager.default.removeItem(atPath: "\(data)/\(name)") }
    }
  }

  /// As generated as the superuser's name, so that no dump creates one of the same name.
  private static func initialDatabase(_ superuser: String) -> String { superuser.replacing("dmboot_", with: "dmload_") }

  static let environment = ["LC_ALL": "C", "PATH": "/nonexistent", "TZ": "UTC"]

  static func failure(_ tool: String, _ exit: ToolExit) -> Fault {
    let text = exit.errorText.split(separator: "\n").filter { !$0.isEmpty }.suffix(3).joined(separator: "; ")
    let isFull = text.contains("No space left")
    let advice =
      if text.contains("could not look up effective user ID") {
        "PostgreSQL does not run as a user without a name: give it an entry in /etc/passwd, or run as root"
      } else if text.contains("Operation not permitted") {
        Isolation.neededCapabilities
      } else {
        "See `drillmark log`"
      }
    return Fault(isFull ? .noSpace : .toolFailed, "\(tool) ended with \(exit.status): \(text)", advice: advice, isTransient: false)
  }
}
