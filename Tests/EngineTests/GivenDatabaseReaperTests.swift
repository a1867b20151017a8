import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import PostgreSQLKit
import Testing

@testable import EnginePostgreSQL

@Suite(
  "Reaping databases on given servers", .timeLimit(.minutes(15)),
  .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct GivenDatabaseReaperTests {
  private let server: GivenPostgreSQL
  private let run: RunID
  private let name: GivenDatabaseName

  init() async throws {
    server = try await GivenPostgreSQL()
    run = try #require(RunID("01M7ZDD7RHVP3HYBRBFBHVYHZH"))
    var random = SystemRandomNumberGenerator()
    let system = try await server.admin("SELECT system_identifier FROM pg_control_system()")
    name = GivenDatabaseName(run: run, place: "127.0.0.1:\(server.port)", system: system, using: &random)
  }

  private func reap(_ conninfo: String?..., of other: RunID? = nil, name text: String? = nil) async -> Fault? {
    let places = conninfo.isEmpty ? [server.conninfo] : conninfo.map { $0 ?? "" }
    let environment = Dictionary(uniqueKeysWithValues: places.enumerated().map { ("DB\($0.offset)", $0.element) })
    let references = places.indices.map { SecretReference.env("DB\($0)") }
    let reaper = GivenDatabaseReaper(references: references, secrets: SecretReader(environment: environment))
    let resource = ScratchResource(kind: "postgresql-database", name: text ?? name.text)
    do {
      try await reaper.destroy(resource, of: other ?? run, tools: PostgreSQLBench.tools)
      return nil
    } catch { return error as? Fault ?? Fault(.internalError, "\(error)") }
  }

  private func make(owner: String = "drills", comment: String?) async throws {
    try await server.admin("CREATE DATABASE \(name.database) OWNER \(owner) TEMPLATE template0")
    if let comment { try await server.admin("COMMENT ON DATABASE \(name.database) IS '\(comment)'") }
  }

  private var isThere: Bool {
    get async throws { try await server.admin("SELECT datname FROM pg_database").split(separator: "\n").contains(Substring(name.database)) }
  }

  @Test("drops what is named, marked and recorded, and calls what is gone a success")
  func marked() async throws {
    try await make(comment: "drillmark run \(run)")
    try await server.admin("CREATE TABLE t (a int)", in: name.database)
    #expect(await reap() == nil)
    #expect(try await !isThere)
    #expect(await reap() == nil)
  }

  @Test("drops a database without a comment only when it is empty: the run died before it marked it")
  func unmarked() async throws {
    try await make(comment: nil)
    #expect(await reap() == nil)
    #expect(try await !isThere)
    for content in [
      "CREATE TABLE t (a int)", "CREATE SCHEMA s", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT lo_create(0)",
    ] {
      try await make(comment: nil)
      try await server.admin(content, in: name.database)
      let fault = await reap()
      #expect(fault?.message.contains("left alone") == true && fault?.advice?.contains(name.database) == true, "\(content)")
      #expect(try await isThere)
      try await server.admin("DROP DATABASE \(name.database)")
    }
  }

  @Test("leaves alone what is marked for another run, belongs to another role, or was recorded under another name")
  func foreign() async throws {
    try await make(comment: "drillmark run 01ANOTHERANOTHERANOTHERANO")
    #expect(await reap()?.message.contains("left alone") == true)
    try await server.admin("COMMENT ON DATABASE \(name.database) IS 'drillmark run \(run)'")
    #expect(await reap(of: RunID("01M7ZDD7RHVP3HYBRBFBHVYHZJ")) != nil)
    for text in [
      name.database, "postgres on h:1, system \(name.system)", name.text.replacing(name.database, with: name.database + "\"; DROP"),
    ] {
      #expect(await reap(name: text)?.message.contains("nothing is dropped") == true, "\(text)")
    }
    #expect(try await isThere)
    try await server.admin("ALTER DATABASE \(name.database) OWNER TO postgres")
    #expect(await reap()?.message.contains("another role") == true)
    #expect(try await isThere)
  }

  @Test("touches no database of a similar name")
  func similar() async throws {
    let twin = String(name.database.dropLast()) + (name.database.hasSuffix("a") ? "b" : "a")
    for other in [twin, "drillmark_\(run.text.lowercased())", name.database.uppercased()] {
      try await server.admin("CREATE DATABASE \"\(other)\" OWNER drills")
    }
    try await make(comment: "drillmark run \(run)")
    #expect(await reap() == nil)
    #expect(try await server.admin("SELECT count(*) FROM pg_database WHERE datname ILIKE 'drillmark%'") == "3")
  }

  @Test("ends the sessions of what is dropped, and rolls prepared transactions back")
  func busy() async throws {
    await server.stop()
    try await server.start(["max_prepared_transactions=5"])
    try await make(comment: "drillmark run \(run)")
    let target = try Conninfo(server.conninfo).target().entering(name.database)
    let sitting = try await openedSession(target)
    #expect(await reap() == nil)
    #expect(try await !isThere)
    sitting.close()
  }

  private func openedSession(_ target: ConnectionTarget) async throws -> Connection {
    let connection = try Connection(target)
    try connection.execute("CREATE TABLE t (a int)")
    try connection.execute("BEGIN")
    try connection.execute("INSERT INTO t VALUES (1)")
    try connection.execute("PREPARE TRANSACTION 'stay'")
    try connection.execute("BEGIN")
    _ = try connection.query("SELECT 1")
    return connection
  }

  @Test("finds the server by its identity among those that drills are given, and says what to do by hand when none is it")
  func servers() async throws {
    try await make(comment: "drillmark run \(run)")
    let other = try await GivenPostgreSQL(isNew: true)
    for places in [[other.conninfo], [""], ["nonsense"], ["postgresql://drills:x@127.0.0.1:\(server.port)/"]] {
      let fault = await reap(places[0])
      #expect(fault?.code == .scratchUnusable && fault?.advice?.contains("DROP DATABASE") == true, "\(String(describing: fault))")
      #expect(fault?.message.contains(name.system) == true && fault?.message.contains(name.place) == true)
    }
    #expect(try await isThere)
    #expect(await reap(other.conninfo, "", server.socketConninfo) == nil)
    #expect(try await !isThere)
  }

  @Test("of a server that is down leaves the row for the next time")
  func down() async throws {
    try await make(comment: "drillmark run \(run)")
    await server.stop()
    #expect(await reap()?.code == .scratchUnusable)
    try await server.start()
    #expect(await reap() == nil)
    #expect(try await !isThere)
  }
}
