import Foundation
import Glibc
import Synchronization

/// A PostgreSQL server of a test's own for drills to be given: on loopback and a socket, with a role that may make databases and no more.
package final class GivenPostgreSQL: Sendable {
  package let port: Int
  /// The directory of the socket, open to every user.
  package var socket: String { "\(folder.path)/s" }
  package var data: String { "\(folder.path)/data" }
  private let folder: TemporaryFolder
  private let process: Mutex<HostCommand?>

  package static let role = "drills"
  /// One that a URI must encode, a password file escape, and no text show.
  package static let password = "p@ss:w/rd x\\%41'ö"

  /// What a drill's secret holds.
  package var conninfo: String { "postgresql://drills:p%40ss%3Aw%2Frd%20x%5C%2541%27%C3%B6@127.0.0.1:\(port)/" }
  package var socketConninfo: String { "host=\(socket) port=\(port) user=drills password='p@ss:w/rd x\\\\%41\\'ö'" }

  /// One that all tests of a process may share.
  package static func shared() async throws -> GivenPostgreSQL { try await common.value }

  private static let common = Task { try await GivenPostgreSQL() }

  /// - Parameters:
  ///   - settings: Further `-c` settings of the server, as `name=value`.
  ///   - isNew: Whether its system identifier is to be another one than that of the other servers of this process.
  package init(settings: [String] = [], isNew: Bool = false, isStandby: Bool = false) async throws {
    folder = TemporaryFolder("dmgiven")
    port = GivenPostgreSQL.freePort()
    process = Mutex(nil)
    try await Self.host(["/bin/chown", Self.user, folder.path])
    if isNew {
      try await Self.initialise(data)
    } else {
      try await Self.host(["/bin/cp", "-a", try await Self.template.value.path + "/data", data])
    }
    if isStandby { _ = folder.file("data/standby.signal", "") }
    try await Self.host(Self.become + ["/bin/mkdir", "-m", "755", socket])
    try await start(settings)
    if !isStandby {
      try await admin(
        "CREATE ROLE drills LOGIN CREATEDB PASSWORD E'\(Self.password.replacing("\\", with: "\\\\").replacing("'", with: "''"))'")
    }
  }

  deinit {
    guard let command = process.withLock({ $0 }) else { return }
    command.signal(SIGQUIT)
    // Its folder can be removed only once it writes there no more; an immediate shutdown takes some milliseconds.
    var info = siginfo_t()
    waitid(P_PID, id_t(command.pid), &info, WEXITED | WNOWAIT)
  }

  /// Starts it, again after `stop()`.
  package func start(_ settings: [String] = []) async throws {
    let more = settings.flatMap { ["-c", $0] }
    let command = HostCommand(
      Self.become + [
        "\(Self.programs)/postgres", "-D", data, "-c", "listen_addresses=127.0.0.1", "-p", String(port), "-k", socket, "-c", "fsync=on",
      ] + more, environment: HostCommand.environment)
    process.withLock { $0 = command }
    Self.endAtExit(command.pid)
    for _ in 0..<500 {
      if await HostCommand.run([Self.psql, "-XAtc", "select 1"] + reach("postgres")).status == 0 { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw SamplePostgreSQL.Failed(text: "the server did not answer: \(command.stderrSoFar)")
  }

  /// Ends it at once, as a power cut would.
  package func stop() async {
    let command = process.withLock { $0 }
    command?.signal(SIGQUIT)
    _ = await command?.result()
  }

  /// Runs SQL as its superuser and gives what it printed, a line a row.
  @discardableResult
  package func admin(_ sql: String, in database: String = "postgres") async throws -> String {
    let result = await HostCommand.run(
      [Self.psql, "-XAtq", "-v", "ON_ERROR_STOP=1", "-f", "-"] + reach(database), input: sql)
    guard result.status == 0 else { throw SamplePostgreSQL.Failed(text: result.said) }
    return result.stdout.trimmingCharacters(in: .newlines)
  }

  /// The databases of runs on it.
  package func scratchDatabases() async throws -> [String] {
    try await admin("SELECT datname FROM pg_database WHERE datname LIKE 'drillmark%' ORDER BY 1").split(separator: "\n").map(String.init)
  }

  /// Everything on the server that a drill could change outside its own database.
  package func shape() async throws -> String {
    try await admin(
      """
      SELECT 'db', datname, datdba::text, shobj_description(oid, 'pg_database') FROM pg_database
      UNION ALL SELECT 'role', rolname, rolsuper::text || rolcreaterole || rolcanlogin, rolpassword FROM pg_authid
      UNION ALL SELECT 'set', setdatabase::text, setrole::text, setconfig::text FROM pg_db_role_setting
      UNION ALL SELECT 'member', roleid::text, member::text, '' FROM pg_auth_members
      UNION ALL SELECT 'space', spcname, '', '' FROM pg_tablespace
      UNION ALL SELECT 'conf', name, setting, '' FROM pg_file_settings WHERE sourcefile LIKE '%auto.conf' ORDER BY 1, 2, 3
      """)
  }

  private func reach(_ database: String) -> [String] { ["-h", socket, "-p", String(port), "-U", "postgres", "-d", database] }

  private static var programs: String { SamplePostgreSQL.binaries ?? "" }
  private static var psql: String { "\(programs)/psql" }
  private static let user: String = geteuid() == 0 ? "postgres" : String(geteuid())
  // Servers refuse root; setpriv becomes the user without a session of its own.
  private static let become: [String] =
    geteuid() == 0 ? ["/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] : []

  private static let template = Task {
    let folder = TemporaryFolder("dmtemplate")
    try await host(["/bin/chown", user, folder.path])
    try await initialise("\(folder.path)/data")
    return folder
  }

  private static func initialise(_ data: String) async throws {
    try await host(
      become + ["\(programs)/initdb", "-D", data, "-U", "postgres", "-N", "--no-instructions", "-A", "trust", "-E", "UTF8", "--locale=C"])
    let rules = "local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
    try Data(rules.utf8).write(to: URL(fileURLWithPath: "\(data)/pg_hba.conf"))
  }

  private static func freePort() -> Int {
    let fd = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(fd) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
        bind(fd, raw, length)
        getsockname(fd, raw, &length)
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private static let running = Mutex<[pid_t]>([])

  /// A server that some test still holds when the process ends would live on.
  private static func endAtExit(_ pid: pid_t) {
    let isFirst = running.withLock { running in
      running.append(pid)
      return running.count == 1
    }
    if isFirst { atexit { for pid in GivenPostgreSQL.running.withLock({ $0 }) { kill(pid, SIGQUIT) } } }
  }

  @discardableResult
  private static func host(_ arguments: [String]) async throws -> CommandResult {
    let result = await HostCommand.run(arguments)
    guard result.status == 0 else { throw SamplePostgreSQL.Failed(text: "\(arguments[0]): \(result.said)") }
    return result
  }
}
