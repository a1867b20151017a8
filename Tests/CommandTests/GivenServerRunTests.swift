import DrillTestSupport
import Glibc
import Testing

@Suite("Runs into a given server", .serialized, .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct GivenServerRunTests {
  private func site(_ drill: String = SampleDrill.given(), siteFile: String = "") async throws -> ScratchSite {
    let site = ScratchSite(siteFile)
    site.backup(SampleDrill.name(.seconds(7200), "dump"), try await SamplePostgreSQL.dumps().custom)
    site.drill("d", drill)
    return site
  }

  private func secret(_ conninfo: String) -> [String: String] { ["DRILL_DB": conninfo] }

  @Test("pass, say what the target was, and leave nothing: no database, and the secret nowhere")
  func good() async throws {
    let server = try await GivenPostgreSQL.shared()
    let site = try await site(SampleDrill.given(checks: "  - rows: {table: orders, equals: 1000}\n  - command: {run: [sleep, \"1\"]}\n"))
    let command = site.start(["run", "d", "--json"], environment: secret(server.conninfo))
    let parts = ["p@ss", "p%40ss", "rd x"]
    var seen = 0
    while !command.stderrSoFar.contains("cleanup") {
      for part in parts { #expect(HostProcesses.withArgument(part).isEmpty, "\(part) in an argument list") }
      seen += 1
      try await Task.sleep(for: .milliseconds(5))
      if seen > 4000 { break }
    }
    let result = await command.result()
    let record = result.record
    #expect(record["verdict"].text == "passed" && seen > 10, "\(result.said)")
    #expect(record["environment"]["engine"].text?.contains("a given server") == true)
    #expect(record["environment"]["isolation"].text?.contains("none around the given server") == true)
    #expect(record["cleanup"]["resources"].items.contains { $0["kind"].text == "postgresql-database" && $0["state"].text == "destroyed" })
    let run = record["run"].text ?? ""
    let shown = await site.run("show", run).stdout + site.run("log", run).stdout + result.said + site.durableText
    for part in parts { #expect(!shown.contains(part), "\(part)") }
    #expect(try await server.scratchDatabases().isEmpty)
    await site.expectClean()
  }

  @Test("take the secret from a file and from a command", arguments: [SampleDrill.Secret.file, .command])
  func places(_ place: SampleDrill.Secret) async throws {
    let site = try await site(SampleDrill.given(place))
    let path = site.file("secret", try await GivenPostgreSQL.shared().conninfo + "\n", mode: 0o600)
    if place == .command { site.drill("d", SampleDrill.given(place).replacing("../secret", with: path)) }
    let result = await site.runJSON("d")
    #expect(result.record["verdict"].text == "passed", "\(result.said)")
  }

  @Test("that cannot start are ours to mend, and say what to do; doctor says the same beforehand, plan touches nothing")
  func refused() async throws {
    let server = try await GivenPostgreSQL.shared()
    let site = try await site()
    let cases: [(environment: [String: String], words: String)] = [
      ([:], "DRILL_DB"), (secret("postgresql://drills:hunter2secret@127.0.0.1:\(server.port)/"), "refuses the login"),
      (secret("hunter2secret"), "cannot be read"),
      (secret("host=127.0.0.1 port=1 user=drills password=hunter2secret"), "cannot be reached"),
    ]
    for (environment, words) in cases {
      let result = await site.runJSON("d", environment: environment)
      #expect(result.status == 2 && result.record["verdict"].text == "cannot_drill", "\(result.said)")
      #expect(result.record.reasonTexts.contains(words) && !(result.said + site.durableText).contains("hunter2secret"), "\(result.said)")
      let doctor = await site.run("doctor", environment: environment)
      #expect(doctor.status == 2 && doctor.said.contains(words) && !doctor.said.contains("hunter2secret"), "\(doctor.said)")
      let plan = await site.run("plan", "d", environment: environment)
      #expect(plan.status == 0 && plan.stdout.contains("a new database on the server that"), "\(plan.said)")
    }
    #expect(await site.run("doctor", environment: secret(server.conninfo)).said.contains("a given server; client"))
    #expect(try await server.scratchDatabases().isEmpty)
    await site.expectClean()
  }

  @Test("under protect are refused before anything is written, by host and by system")
  func protected() async throws {
    let server = try await GivenPostgreSQL.shared()
    let system = try await server.admin("SELECT system_identifier FROM pg_control_system()")
    for entry in ["hosts: [localhost]", "systems: [\(system)]"] {
      let site = try await site(siteFile: "protect: {\(entry)}\n")
      let result = await site.runJSON("d", environment: secret(server.conninfo))
      #expect(result.record["verdict"].text == "cannot_drill" && result.record.reasonCodes.contains("production_guard"), "\(result.said)")
      #expect(result.record["cleanup"]["resources"].items.allSatisfy { $0["kind"].text == "directory" })
    }
  }

  @Test("on a server that does not sync cannot confirm an RTO")
  func relaxed() async throws {
    let server = try await GivenPostgreSQL(settings: ["fsync=off"])
    let site = try await site(SampleDrill.given() + "objectives: {rto: 1h}\n")
    let record = await site.runJSON("d", environment: secret(server.conninfo)).record
    #expect(record["verdict"].text == "could_not_verify" && record["rto"]["verdict"].text == "not_comparable", "\(record.reasonTexts)")
    #expect(record["environment"]["durability"].text == "relaxed" && record["rto"]["comparable"] == .boolean(false))
  }

  @Test("of a cut backup fail; one that a killed run left is named until its secret is back, with what to do by hand")
  func redAndLost() async throws {
    let server = try await GivenPostgreSQL()
    let site = try await site()
    let whole = try await SamplePostgreSQL.dumps().custom
    site.backup(SampleDrill.name(.seconds(3700), "dump"), whole.prefix(whole.count / 2))
    let red = await site.runJSON("d", environment: secret(server.conninfo))
    #expect(red.status == 1 && red.record["verdict"].text == "failed", "\(red.said)")
    let killed = await site.runJSON("d", environment: secret(server.conninfo).merging(["DRILLMARK_CRASH_AT": "began restore"]) { $1 })
    #expect(killed.status == 128 + SIGKILL)
    #expect(try await server.scratchDatabases().count == 1)
    let lost = await site.run("cleanup")
    #expect(lost.status == 1 && lost.said.contains("postgresql-database drillmark_"), "\(lost.said)")
    let again = await site.run("cleanup")
    #expect(again.status == 1 && again.said.contains("DROP DATABASE") && again.said.contains("DRILL_DB"), "\(again.said)")
    let found = await site.run("cleanup", environment: secret(server.conninfo))
    #expect(found.status == 0, "\(found.said)")
    #expect(try await server.scratchDatabases().isEmpty)
    await site.expectClean()
  }

  @Test("are left alone by another process's cleanup while they live")
  func alive() async throws {
    let server = try await GivenPostgreSQL()
    let checks = "  - rows: {table: orders, equals: 1000}\n  - command: {run: [sleep, \"4\"]}\n"
    let site = try await site(SampleDrill.given(checks: checks))
    let command = site.start(["run", "d", "--json"], environment: secret(server.conninfo))
    for _ in 0..<400 where !command.stderrSoFar.contains("verify") { try await Task.sleep(for: .milliseconds(25)) }
    #expect(await site.run("cleanup", environment: secret(server.conninfo)).status == 0)
    #expect(try await server.scratchDatabases().count == 1)
    let result = await command.result()
    #expect(result.record["verdict"].text == "passed", "\(result.said)")
    #expect(try await server.scratchDatabases().isEmpty)
  }
}
