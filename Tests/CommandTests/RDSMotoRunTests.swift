import DrillTestSupport
import Glibc
import Testing

@Suite(
  "RDS drills against moto, with a PostgreSQL behind the address that it gives", .serialized,
  .enabled(if: TestServers.hasMoto, Comment(rawValue: TestServers.absence)),
  .enabled(if: PrivateHosts.absence == nil, Comment(rawValue: PrivateHosts.absence ?? "")),
  .enabled(if: SamplePostgreSQL.binaries != nil, "\(SamplePostgreSQL.absence)"))
struct RDSMotoRunTests {
  private static let password = "not-a-secret"

  /// A moto with a snapshot, the server that stands for every instance restored of it, and a site with its drill.
  private struct Bench {
    let moto: MotoServer
    let region: String
    let hosts = PrivateHosts()
    let site = ScratchSite()

    /// - Parameter region: The server's certificate is for the addresses of us-east-1 alone.
    init(region: String) async throws {
      self.region = region
      moto = try #require(await MotoServer())
      let postgres = try await RDSMotoRunTests.server.value
      moto.makeDatabase("orders", snapshot: "nightly", port: postgres.server.port, region: region)
      site.drill(
        "d",
        """
        backup: {from: "rds:orders"}
        restore: {engine: rds, class: db.t4g.micro, ca: \(postgres.authority), password: {env: DRILL_DB}}
        checks:
          - rows: {table: orders, equals: 1000}
          - freshness: {sql: "select max(created_at) from orders", max-age: 1d}
        """)
    }

    func start(_ arguments: String...) -> HostCommand {
      let environment = [
        "AWS_ENDPOINT_URL": moto.url, "AWS_REGION": region, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret-key",
        "DRILL_DB": RDSMotoRunTests.password,
      ]
      return site.start(arguments, environment: environment, prefix: hosts.prefix)
    }

    /// The address of an instance that a run made and that is not `known`, once moto has it.
    func address(besides known: String? = nil) async throws -> String {
      for _ in 0..<1200 {
        if let found = left.first(where: { $0 != known }) { return found }
        try await Task.sleep(for: .milliseconds(50))
      }
      return try #require(nil, "no instance was made within a minute")
    }

    /// Runs the drill, and has the address of its instance lead to the server as soon as there is one.
    func run(besides known: String? = nil) async throws -> CommandResult {
      let command = start("run", "d", "--json")
      hosts.add(try await address(besides: known))
      return await command.result()
    }

    var left: [String] { moto.scratchAddresses(region: region) }
  }

  private static let server = Task {
    let server = try await RestoredPostgreSQL(.rds)
    server.setPassword(password)
    return server
  }

  @Test(
    "pass: the newest snapshot is restored, asked at its own name over proven TLS, checked, sealed and gone, with what a killed run left")
  func green() async throws {
    let bench = try await Bench(region: "us-east-1")
    let killed = bench.start("run", "d", "--json")
    let first = try await bench.address()
    killed.signal(SIGKILL)
    _ = await killed.result()
    #expect(bench.left == [first])
    let result = try await bench.run(besides: first)
    #expect(result.status == 0 && result.record["verdict"].text == "passed", "\(result.said)")
    #expect(result.record["recovery_point"]["id"].text == "nightly" && result.record["recovery_point"]["time_origin"].text == "metadata")
    #expect(result.record["checks"].items.map { $0["verdict"].text } == ["passed", "passed"])
    #expect(bench.left.isEmpty && result.record["cleanup"]["verdict"].text == "clean")
    let audit = await bench.start("audit", "verify").result()
    #expect(audit.status == 0 && audit.stdout.contains("the chain holds"), "\(audit.said)")
    await bench.site.expectClean()
  }

  @Test("are not carried out where the certificate is for other names than the instance's")
  func otherName() async throws {
    let bench = try await Bench(region: "us-west-2")
    let result = try await bench.run()
    #expect(result.record["verdict"].text == "cannot_drill" && result.record.reasonTexts.contains("`ca`"), "\(result.said)")
    #expect(bench.left.isEmpty)
  }
}
