import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQL
import Foundation
import Testing

@Suite(
  "Directories of mydumper",
  .enabled(if: SampleMySQL.isInstalled && SampleMySQL.hasMyDumper, "no mydumper, or \(SampleMySQL.absence)"))
struct MyDumperTests {
  /// A copy that may be changed.
  private func copy(_ bench: MySQLBench) async throws -> String {
    let path = "\(bench.scratch.path)/dump"
    try HostProgram.run("/bin/cp", ["-r", try await SampleMySQL.dumps().directory ?? "", path])
    try HostProgram.run("/bin/sh", ["-c", "gunzip '\(path)'/*.gz && chmod -R go+rX '\(path)'"])
    return path
  }

  private func data(_ path: String) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    return "\(path)/\(try #require(names.first { $0.hasPrefix("shop.orders.") }))"
  }

  @Test("a whole one is loaded with all its rows and code, and dated by its metadata")
  func whole() async throws {
    let bench = try MySQLBench()
    let path = try await SampleMySQL.dumps().directory ?? ""
    let identity = try MySQLEngine().inspect(ContentHead(name: "dump", bytes: [], directory: path))
    #expect(identity.localTime != nil && identity.intake == .directory)
    try await bench.restore(path) { (probes, report) async throws -> Void in
      #expect(try await probes.count("orders") == 1000)
      #expect(try await probes.count("recent") == 10)
      #expect(try await probes.value("SELECT doubled(4)") == "8")
      #expect(try await probes.value("SELECT hex(picture) FROM customers WHERE id = 7") == "00FF0A0D1A27225C")
      #expect(try await probes.findings(.full).isEmpty)
    }
  }

  @Test("one that is not compressed, whose files others may read, is loaded where it lies")
  func plain() async throws {
    let bench = try MySQLBench()
    try await bench.restore(try await copy(bench)) { (probes, _) async throws -> Void in
      #expect(try await probes.count("orders") == 1000)
    }
  }

  @Test(
    "sabotage",
    arguments: [
      ("mv metadata metadata.partial", FaultCode.backupTruncated), ("sed -i '/Finished/d' metadata", .backupTruncated),
      ("rm metadata", .backupWrongFormat), ("rm shop.orders-schema.sql", .backupDamaged),
      (": > shop.customers-schema.sql", .backupTruncated),
      ("for f in shop.orders.0*.sql; do truncate -s -20 $f; done", .backupTruncated), ("rm *-schema*.sql", .backupEmpty),
      ("for f in shop.orders.0*.sql; do sed -i 's/^(1,/(1,2,3,/' $f; done", .restoreFailed),
      ("for f in shop.orders.0*.sql; do gzip $f; truncate -s -30 $f.gz; done", .backupDamaged),
      ("ln -s /etc/passwd shop.orders.99999.sql", .unsafeContent),
      ("echo \"LOAD DATA INFILE '/etc/passwd' INTO TABLE orders;\" >> shop-schema-post.sql", .unsafeContent),
      ("echo \"SELECT 1 INTO OUTFILE '/tmp/drillmark-x';\" >> shop.customers-schema.sql", .unsafeContent),
    ])
  func sabotage(_ script: String, _ code: FaultCode) async throws {
    let bench = try MySQLBench()
    let path = try await copy(bench)
    try HostProgram.run("/bin/sh", ["-c", "cd '\(path)' && \(script)"])
    let fault = try await bench.fault(path)
    #expect(fault?.code == code, "\(String(describing: fault))")
  }

  @Test("rows that myloader did not load are missed, whatever it says")
  func lost() async throws {
    var bench = try MySQLBench()
    // REPLACE in two threads at once can end in a deadlock instead.
    bench.options.jobs = 1
    let path = try await copy(bench)
    // Two rows of one key: a statement that says REPLACE loads the later one only, and everybody reports success.
    let file = try data(path)
    try HostProgram.run("/bin/sh", ["-c", "sed -i 's/^INSERT INTO/REPLACE INTO/; s/^(2,/(1,/' '\(file)'"])
    let fault = try await bench.fault(path)
    #expect(fault?.code == .restoreFailed && fault?.message.contains("999 rows") == true, "\(String(describing: fault))")
  }
}
