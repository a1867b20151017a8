import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQL
import Foundation
import Testing

@Suite(
  "Real dumps", .enabled(if: ConformanceData.folder("data/mysql") != nil, "\(ConformanceData.absence)"),
  .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
struct MySQLRealFileTests {
  private let folder = ConformanceData.folder("data/mysql") ?? ""

  @Test("Chinook makes and enters its own database", arguments: [nil, "Chinook"])
  func chinook(_ database: String?) async throws {
    try await MySQLBench(database: database).restore("\(folder)/Chinook_MySql.sql") { (probes, report) async throws -> Void in
      for (table, rows) in [("Track", 3503), ("InvoiceLine", 2240), ("PlaylistTrack", 8715), ("Customer", 59), ("Invoice", 412)] {
        #expect(try await probes.count(table) == Int64(rows), "\(table)")
        #expect(try await probes.count("Chinook.\(table)") == Int64(rows), "\(table)")
      }
      #expect(report.notes.contains { $0.contains("no signature") }, "\(report.notes)")
      let deep = try await probes.deep?.check(.full, timeout: .seconds(60))
      #expect(deep?.findings.isEmpty == true && deep?.scope.hasPrefix("11 tables") == true, "\(String(describing: deep))")
    }
  }

  @Test("Chinook is not what `database` says: the drill is told, and never green")
  func otherDatabase() async throws {
    let fault = try await MySQLBench(database: "orders").fault("\(folder)/Chinook_MySql.sql")
    #expect(fault?.code == .configuration && fault?.message.contains("Chinook") == true, "\(String(describing: fault))")
  }

  @Test("sakila has its delimiters, procedures, triggers, views and spatial values")
  func sakila() async throws {
    let bench = try MySQLBench()
    let schema = TextFile.bytes("\(folder)/sakila-mv-schema.sql")
    let data = Array(try HostProgram.run("/bin/zcat", ["\(folder)/sakila-mv-data.sql.gz"]).utf8)
    let counts = [
      ("rental", 16044), ("payment", 16049), ("film", 1000), ("actor", 200), ("address", 603), ("film_text", 1000), ("film_list", 997),
    ]
    try await bench.restore(schema + data) { (probes, _) async throws -> Void in
      for (table, rows) in counts { #expect(try await probes.count(table) == Int64(rows), "\(table)") }
      #expect(try await probes.findings(.full).isEmpty)
    }
  }

  @Test("a schema without its rows, and rows without their schema, are told apart")
  func halves() async throws {
    let bench = try MySQLBench()
    try await bench.restore("\(folder)/sakila-mv-schema.sql") { (probes, _) async throws -> Void in
      let found = try await probes.count("rental")
      #expect(found == 0)
    }
    let data = try HostProgram.run("/bin/zcat", ["\(folder)/sakila-mv-data.sql.gz"])
    let fault = try await MySQLBench().fault(Array(data.utf8))
    #expect(fault?.code == .restoreFailed && fault?.message.contains("at line") == true, "\(String(describing: fault))")
  }
}
