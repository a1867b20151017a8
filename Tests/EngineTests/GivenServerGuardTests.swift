import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQL
import Foundation
import Testing

@Suite(
  "What a given server is refused for", .timeLimit(.minutes(15)),
  .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct GivenServerGuardTests {
  /// Expects a refusal before anything was written, by the look beforehand and by the run's own way.
  private func expectRefused(
    _ bench: PostgreSQLBench, on server: GivenPostgreSQL, _ code: FaultCode, _ words: String, _ location: SourceLocation = #_sourceLocation
  ) async throws {
    let before = try await server.shape()
    let looked = await bench.preflightFault()
    #expect(looked?.code == code && looked?.code.verdict == .cannotDrill, "\(String(describing: looked))", sourceLocation: location)
    #expect(looked?.description.contains(words) == true, "\(String(describing: looked))", sourceLocation: location)
    #expect(looked?.description.contains(GivenPostgreSQL.password) == false, sourceLocation: location)
    var second = bench
    second = PostgreSQLBench(
      options: bench.options, durability: .production, secrets: bench.secrets, protected: bench.protected, sources: bench.sources)
    #expect(try await second.fault(try await second.sample("custom"))?.code == code, sourceLocation: location)
    #expect(try await server.shape() == before, sourceLocation: location)
  }

  static let powers: [(grant: String, words: String)] = [
    ("ALTER ROLE drills SUPERUSER", "superuser"), ("ALTER ROLE drills CREATEROLE", "may make roles"),
    ("ALTER ROLE drills REPLICATION", "may replicate"), ("ALTER ROLE drills BYPASSRLS", "row security"),
    ("GRANT pg_execute_server_program TO drills", "pg_execute_server_program"),
    ("GRANT pg_write_server_files TO drills", "pg_write_server_files"), ("GRANT pg_read_server_files TO drills", "pg_read_server_files"),
    ("GRANT pg_read_all_data TO drills", "pg_read_all_data"), ("GRANT pg_signal_backend TO drills", "pg_signal_backend"),
    ("CREATE ROLE boss SUPERUSER; GRANT boss TO drills", "boss"),
    ("CREATE ROLE a; CREATE ROLE b CREATEROLE; GRANT b TO a; GRANT a TO drills", "member of b"),
    ("CREATE DATABASE mine OWNER drills", "owns databases of the given server: mine"),
    ("CREATE ROLE app; CREATE DATABASE apps OWNER app; GRANT app TO drills", "apps"),
    ("CREATE DATABASE other", "holds other databases: other"), ("CREATE TABLE t (a int)", "1 tables"),
  ]

  @Test("a role that could do more than make databases, and a server that holds others", arguments: powers)
  func tooPowerful(_ power: (grant: String, words: String)) async throws {
    let server = try await GivenPostgreSQL()
    for statement in power.grant.split(separator: ";") { try await server.admin(String(statement)) }
    try await expectRefused(.given(server), on: server, .productionGuard, power.words)
  }

  @Test("a role that may not make databases lacks a permission; one that only looks at the server is fine")
  func tooLittle() async throws {
    let server = try await GivenPostgreSQL()
    try await server.admin("ALTER ROLE drills NOCREATEDB")
    try await expectRefused(.given(server), on: server, .permissionDenied, "CREATEDB")
    try await server.admin("ALTER ROLE drills CREATEDB; GRANT pg_monitor TO drills; CREATE ROLE team; GRANT team TO drills")
    #expect(await PostgreSQLBench.given(server).preflightFault() == nil)
  }

  @Test("other databases are fine where the drill says that it knows, and databases of other runs always are")
  func shared() async throws {
    let server = try await GivenPostgreSQL()
    try await server.admin("CREATE DATABASE other; CREATE TABLE t (a int)".replacing("; ", with: ";\n"))
    var bench = PostgreSQLBench.given(server)
    bench.options.shared = true
    #expect(try await bench.count("orders", in: try await bench.sample("custom")) == 1000)
    let quiet = try await GivenPostgreSQL()
    try await quiet.admin("CREATE DATABASE drillmark_01aaaaaaaaaaaaaaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaa OWNER drills")
    #expect(await PostgreSQLBench.given(quiet).preflightFault() == nil)
  }

  @Test("a protected host, however it is written, one that cannot be resolved, and a protected system")
  func protected() async throws {
    let server = try await GivenPostgreSQL()
    for host in ["127.0.0.1", "localhost", "LOCALHOST.", "::ffff:127.0.0.1", "127.1", "no-such-host.invalid"] {
      var bench = PostgreSQLBench.given(server)
      bench.protected = ProtectedSystems(hosts: [host])
      try await expectRefused(bench, on: server, .productionGuard, host)
      bench = PostgreSQLBench.given(server, conninfo: server.socketConninfo)
      bench.protected = ProtectedSystems(hosts: [host])
      #expect(await bench.preflightFault()?.code == .productionGuard, "\(host)")
    }
    var bench = PostgreSQLBench.given(server)
    bench.protected = ProtectedSystems(systems: [try await server.admin("SELECT system_identifier FROM pg_control_system()")])
    try await expectRefused(bench, on: server, .productionGuard, "protect.systems")
    bench.protected = ProtectedSystems(hosts: ["192.0.2.7"], systems: ["1234567890"])
    #expect(await PostgreSQLBench(options: bench.options, secrets: bench.secrets, protected: bench.protected).preflightFault() == nil)
  }

  @Test("a name and an address that lead to different places are both looked at")
  func twoAddresses() async throws {
    let server = try await GivenPostgreSQL()
    var bench = PostgreSQLBench.given("host=db.example.invalid hostaddr=127.0.0.1 port=\(server.port) user=drills password=x")
    bench.protected = ProtectedSystems(hosts: ["127.0.0.1"])
    #expect(await bench.preflightFault()?.code == .productionGuard)
  }

  @Test("a standby")
  func standby() async throws {
    let server = try await GivenPostgreSQL(isStandby: true)
    // It cannot be given a role, so its superuser asks: being a standby comes first.
    let bench = PostgreSQLBench.given("host=\(server.socket) port=\(server.port) user=postgres")
    let fault = await bench.preflightFault()
    #expect(fault?.code == .productionGuard && fault?.message.contains("standby") == true, "\(String(describing: fault))")
  }

  @Test("backups inside a server's data directory")
  func source() async throws {
    let server = try await GivenPostgreSQL()
    var bench = PostgreSQLBench.given(server)
    bench.sources = ["\(server.data)/base"]
    try await expectRefused(bench, on: server, .productionGuard, "data directory")
    bench.sources = [bench.folder.path]
    #expect(await PostgreSQLBench(options: bench.options, secrets: bench.secrets, sources: bench.sources).preflightFault() == nil)
  }

  @Test("a wrong password, a server that is down, a name that leads nowhere: each is ours, and says which")
  func unreachable() async throws {
    let server = try await GivenPostgreSQL()
    try await expectRefused(.given("postgresql://drills:wrong@127.0.0.1:\(server.port)/"), on: server, .credentials, "refuses the login")
    try await expectRefused(.given("postgresql://nobody:wrong@127.0.0.1:\(server.port)/"), on: server, .credentials, "nobody")
    try await expectRefused(.given("postgresql://drills@no-such-host.invalid:\(server.port)/"), on: server, .scratchUnusable, "no address")
    let conninfo = server.conninfo
    await server.stop()
    let fault = await PostgreSQLBench.given(conninfo).preflightFault()
    #expect(fault?.code == .scratchUnusable && fault?.isTransient == true, "\(String(describing: fault))")
  }

  @Test("a login that only our own operating system user has is told before anything is made")
  func peer() async throws {
    let server = try await GivenPostgreSQL()
    let rules = "local all postgres trust\nlocal all all peer map=m\n"
    try Data(rules.utf8).write(to: URL(fileURLWithPath: "\(server.data)/pg_hba.conf"))
    try Data("m \(NSUserName()) drills\n".utf8).write(to: URL(fileURLWithPath: "\(server.data)/pg_ident.conf"))
    try await server.admin("SELECT pg_reload_conf()")
    try await Task.sleep(for: .milliseconds(300))
    let bench = PostgreSQLBench.given("host=\(server.socket) port=\(server.port) user=drills")
    guard NSUserName() == "root" else { return }
    let fault = try await bench.fault(try await bench.sample("custom"))
    #expect(fault?.code == .credentials && fault?.message.contains("run's own user") == true, "\(String(describing: fault))")
    #expect(try await server.scratchDatabases().isEmpty)
  }
}
