import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQL
import Foundation
import Testing

@Suite(
  "Real dumps made by others", .timeLimit(.minutes(15)),
  .enabled(if: ConformanceData.folder("data/postgres") != nil, Comment(rawValue: ConformanceData.absence)))
struct PostgreSQLRealFileTests {
  let folder = ConformanceData.folder("data/postgres") ?? ""

  static let counts: [(String, [String: Int64])] = [
    (
      "Chinook_PostgreSql.sql", ["track": 3503, "invoice_line": 2240, "playlist_track": 8715, "artist": 275, "customer": 59]
    ),
    (
      "dvdrental_TeddyTeddy.tar", ["actor": 200, "film": 1000, "rental": 16044, "payment": 14596, "customer": 599, "inventory": 4581]
    ),
    (
      "dvdrental_SulmanK.tar", ["actor": 200, "film": 1000, "rental": 16044, "payment": 14596, "customer": 599, "inventory": 4581]
    ),
    (
      "northwind_KamilDudek_custom.dump",
      ["orders": 830, "order_details": 2155, "customers": 91, "products": 77, "employees": 9, "shippers_tmp": 6]
    ),
    ("northwind_pthom.sql", ["orders": 830, "order_details": 2155, "us_states": 51]),
  ]

  @Test("every one restores with the counts that were taken by hand, and is sound", arguments: counts)
  func restores(_ file: String, _ counts: [String: Int64]) async throws {
    try await PostgreSQLBench().restore("\(folder)/\(file)") { probes, _ in
      for (table, count) in counts {
        #expect(try await probes.sql?.count(table: table, timeout: .seconds(30)) == count, "\(table)")
      }
      let deep = try #require(try await probes.deep?.check(.full, timeout: .seconds(120)))
      #expect(deep.findings.isEmpty, "\(deep.findings)")
      let schema = try #require(try await probes.schema?.schema(timeout: .seconds(30)))
      #expect(schema.lines.contains { $0.hasPrefix("column public.") })
    }
  }

  @Test("an archive that a shell redirect re-encoded is told as that")
  func mangled() async throws {
    let head = try PostgreSQLBench.head("\(folder)/northwind_KamilDudek.dump")
    let fault = #expect(throws: Fault.self) { try PostgreSQLEngine().inspect(head) }
    #expect(fault?.code == .backupWrongFormat)
    #expect(fault?.message.contains("does not appear to be a valid archive") == true)
  }

  @Test(
    "one that is cut anywhere fails", arguments: ["dvdrental_TeddyTeddy.tar", "dvdrental_SulmanK.tar", "northwind_KamilDudek_custom.dump"])
  func cut(_ file: String) async throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)"))
    for share in [0.1, 0.3, 0.5, 0.9, 0.97, 0.99] {
      let bench = PostgreSQLBench()
      let path = bench.folder.file(file, whole.prefix(Int(Double(whole.count) * share)))
      let fault = try await bench.fault(path)
      #expect(fault?.code.verdict == .failed, "\(share): \(String(describing: fault))")
    }
  }

  @Test("a flipped bit in a compressed archive fails, in its head, its data and its tail")
  func flipped() async throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/northwind_KamilDudek_custom.dump"))
    for position in [5, 8, whole.count * 6 / 10, whole.count * 8 / 10, whole.count - 40] {
      var bytes = whole
      bytes[position] ^= 0x10
      let bench = PostgreSQLBench()
      let path = bench.folder.file("flipped.dump", bytes)
      let fault = try await bench.fault(path)
      #expect(fault != nil, "byte \(position) of \(whole.count)")
    }
  }

  @Test("content of another kind is told by its name", arguments: otherKinds)
  func foreign(_ bytes: [UInt8], _ code: FaultCode, _ words: String) {
    let fault = #expect(throws: Fault.self) { try PostgreSQLEngine().inspect(ContentHead(name: "backup.dump", bytes: bytes)) }
    #expect(fault?.code == code)
    #expect(fault?.message.contains(words) == true, "\(String(describing: fault))")
  }

  static let otherKinds: [([UInt8], FaultCode, String)] = [
    ([], .backupEmpty, "empty"), ([UInt8](repeating: 0, count: 4096), .backupDamaged, "zero bytes"),
    (Array("<!DOCTYPE html><html>".utf8), .backupWrongFormat, "web page"), (Array("SQLite format 3\0".utf8), .backupWrongFormat, "SQLite"),
    (Array("-- MySQL dump 10.13".utf8), .backupWrongFormat, "MySQL"), (Array("PGDMP".utf8), .backupTruncated, "head"),
    ([0x1F, 0x8B, 8], .backupWrongFormat, "compressed"),
  ]
}
