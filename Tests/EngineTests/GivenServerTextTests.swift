import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import PostgreSQLKit
import Testing

@testable import EnginePostgreSQL

@Suite("Connection strings of given servers")
struct GivenServerTextTests {
  private struct Vector: Decodable {
    struct Input: Decodable {
      var uri: String?
      var conninfo: String?
    }
    struct Expectation: Decodable {
      var params: [String: String]?
      var complaint: String?

      private enum CodingKeys: String, CodingKey {
        case params
        case complaint = "error_contains"
      }
    }
    var id: String
    var input: Input
    var expect: Expectation
  }
  private struct Vectors: Decodable { var vectors: [Vector] }

  @Test("are read as libpq reads them", .enabled(if: ConformanceData.folder("vectors") != nil, "\(ConformanceData.absence)"))
  func vectors() throws {
    let folder = try #require(ConformanceData.folder("vectors"))
    let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/pg_conninfo.json"))
    let vectors = try JSONDecoder().decode(Vectors.self, from: data).vectors
    #expect(vectors.count > 40)
    for vector in vectors {
      let text = vector.input.uri ?? vector.input.conninfo ?? ""
      do throws(ConninfoError) {
        let values = try Conninfo(text).values
        #expect(values == vector.expect.params, "\(vector.id)")
      } catch {
        #expect(error.libpq.contains(vector.expect.complaint ?? "nothing"), "\(vector.id): \(error.libpq)")
      }
    }
  }

  @Test(
    "that cannot be read are refused without being shown",
    arguments: [
      "hunter2", "postgres://host?hunter2", "host='hunter2", "hunter2=x", "postgresql://u:%XXhunter2@h/",
      "postgresql://h?hun\"ter\"2=hunter2",
    ])
  func unreadable(_ text: String) {
    let fault = #expect(throws: Fault.self) { try GivenServer.parse(text) }
    #expect(fault?.code == .configuration)
    #expect(
      fault?.description.contains("unter2") == false && fault?.description.contains("ter\"2") == false, "\(String(describing: fault))")
  }

  @Test(
    "must name one host and a user, and reach for nothing else",
    arguments: [
      ("host=a,b user=u", "several hosts"), ("hostaddr=1.2.3.4,1.2.3.5 user=u", "several hosts"), ("user=u", "no host"),
      ("host=h", "no user"), ("host=h user=u port=1,2", "port"), ("host=h user=u port=0", "port"), ("host=@abstract user=u", "abstract"),
      ("host=h user=u service=prod", "service"), ("host=h user=u options='-c role=x'", "options"),
      ("host=h user=u sslpassword=x", "sslpassword"),
      ("host=h user=u replication=database", "replication"), ("host=h user=u krbsrvname=x", "krbsrvname"), ("", "no host"),
    ])
  func refused(_ text: String, _ word: String) throws {
    let conninfo = try Conninfo(text)
    let fault = #expect(throws: Fault.self) { try conninfo.target() }
    #expect(fault?.code == .configuration && fault?.message.contains(word) == true, "\(String(describing: fault))")
  }

  @Test("give a target that takes nothing from the environment and shows no password")
  func target() throws {
    let target = try Conninfo("postgresql://u:hunter2@h:77/?sslmode=verify-full&sslrootcert=/ca.pem&application_name=x").target()
    #expect(target.host == "h" && target.port == 77 && target.user == "u" && target.password == "hunter2" && target.database == "postgres")
    #expect(!"\(target) \(String(reflecting: target))".contains("hunter2"))
    let environment = target.environment(passwordFile: "/p")
    #expect(
      environment["PGSSLMODE"] == "verify-full" && environment["PGSSLROOTCERT"] == "/ca.pem" && environment["PGSSLCERT"] == "/nonexistent")
    #expect(!environment.values.contains { $0.contains("hunter2") })
  }

  @Test("have the passwords of their password file hidden too, as written and as meant; a file that is not there hides nothing")
  func passwordFile() {
    let folder = TemporaryFolder("dmpass")
    let lines = "# h:5432:*:u:comment\n\nh:5432:*:u:hunter2plain\n[\\:\\:1]:*:a\\:b:u:hunter2\\:x\\\\y\nh:5432:*:u\n"
    let file = folder.file("pass", lines, mode: 0o600)
    var options = PostgreSQLOptions()
    options.server = .env("DB")
    func hidden(_ text: String) -> [String] {
      PostgreSQLEngine(options).sensitiveParts(of: FetchedSecrets([.env("DB"): text]))
    }
    #expect(hidden("postgresql://u@h/?passfile=\(file)") == ["hunter2plain", "hunter2\\:x\\\\y", "hunter2:x\\y"])
    #expect(hidden("host=h user=u password=own passfile=\(folder.path)/none") == ["own"])
  }
}

@Suite("Names of databases on given servers")
struct GivenDatabaseNameTests {
  private let run = RunID("01M7ZDD7RHVP3HYBRBFBHVYHZH")

  @Test("are generated, hold the run, fit, and are read back whole")
  func name() throws {
    var random = SystemRandomNumberGenerator()
    let run = try #require(run)
    for place in ["db:5432", "/run/x:1", "odd on host\n, system 7:1"] {
      let name = GivenDatabaseName(run: run, place: place, system: "7710654724444570111", using: &random)
      #expect(name.database.utf8.count == 63 && name.belongs(to: run) && GivenDatabaseName.isGenerated(name.database))
      #expect(GivenDatabaseName(name.text) == name)
    }
  }

  @Test(
    "that we did not write are none of ours",
    arguments: [
      "", "shop on h:1, system 1", "drillmark_x on h:1, system 1", "drillmark_01m7zdd7rhvp3hybrbfbhvyhzh_short on h:1, system 1",
      "drillmark_01m7zdd7rhvp3hybrbfbhvyhzh_aaaaaaaaaaaaaaaaaaaaaaaaaa\" on h:1, system 1",
      "x drillmark_01m7zdd7rhvp3hybrbfbhvyhzh_aaaaaaaaaaaaaaaaaaaaaaaaaa on h:1, system 1",
      "drillmark_01m7zdd7rhvp3hybrbfbhvyhzh_aaaaaaaaaaaaaaaaaaaaaaaaaa on h:1, system x",
    ])
  func foreign(_ text: String) { #expect(GivenDatabaseName(text) == nil) }
}

@Suite("Guarding addresses")
struct AddressGuardTests {
  private static let names: [String: Set<String>] = [
    "db.prod": ["10.0.0.1", "10.0.0.2"], "alias": ["10.0.0.2"], "scratch": ["10.0.0.9"], "self": ["10.0.0.5"],
    "many": ["10.0.0.9", "10.0.0.1"],
  ]

  private func check(_ host: String, protecting: [String]) -> Fault? {
    let guardian = AddressGuard(ProtectedSystems(hosts: protecting), own: ["10.0.0.5"]) { name in
      name.first?.isNumber == true ? [name] : AddressGuardTests.names[name] ?? []
    }
    do {
      _ = try guardian.check(ConnectionTarget(host: host, user: "u", password: "", database: "d"))
      return nil
    } catch { return error as? Fault }
  }

  @Test(
    "refuses a name, an alias, one of several addresses, and this machine by another of its names",
    arguments: [
      ("db.prod", "db.prod"), ("DB.PROD.", "db.prod"), ("alias", "db.prod"), ("10.0.0.1", "db.prod"), ("many", "db.prod"),
      ("/var/run/postgresql", "self"), ("127.0.0.1", "self"), ("10.0.0.5", "127.0.0.1"), ("scratch", "unknown"),
      ("/var/run/postgresql", "/var/run/postgresql"),
    ])
  func refused(_ host: String, _ protected: String) { #expect(check(host, protecting: [protected])?.code == .productionGuard) }

  @Test("lets others pass", arguments: [("scratch", "db.prod"), ("/var/run/postgresql", "db.prod"), ("127.0.0.1", "db.prod")])
  func passed(_ host: String, _ protected: String) { #expect(check(host, protecting: [protected]) == nil) }

  @Test("compares the address that the server says it has")
  func server() {
    let guardian = AddressGuard(ProtectedSystems(hosts: ["db.prod"]), own: []) { AddressGuardTests.names[$0] ?? [] }
    #expect(throws: Fault.self) { try guardian.check(serverAddress: "10.0.0.2") }
    #expect(throws: Never.self) { try guardian.check(serverAddress: "10.0.0.3") }
    #expect(throws: Never.self) { try guardian.check(serverAddress: nil) }
  }
}
