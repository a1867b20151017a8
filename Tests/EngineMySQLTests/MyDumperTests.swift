import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import MySQLKit
import Synchronization
import Testing
import ToolRunner

@testable import EngineMySQL

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

  /// Notes what is started.
  private final class Listening: ToolRunning {
    private let commands = Mutex<[ToolCommand]>([])
    func locate(_ name: String, in directories: [String], package: String?) throws -> String {
      try SampleMySQL.tools.locate(name, in: directories, package: package)
    }
    func start(_ command: ToolCommand) throws -> any RunningTool {
      commands.withLock { $0.append(command) }
      return try SampleMySQL.tools.start(command)
    }
    var loads: Int {
      commands.withLock { all in all.count { $0.executable.hasSuffix("/myloader") && $0.arguments.contains { $0.hasPrefix("--threads=") } }
      }
    }
  }

  @Test(
    "no two sessions begin one table, which MariaDB would lock for both",
    arguments: [(1, 1), (4, 2)])
  func goes(_ jobs: Int, _ loads: Int) async throws {
    let tools = Listening()
    var bench = try MySQLBench()
    (bench.options.jobs, bench.tools) = (jobs, tools)
    try await bench.restore(try await copy(bench)) { (probes, _) async throws -> Void in
      #expect(try await probes.count("orders") == 1000)
      // Triggers came after the rows.
      #expect(try await probes.count("audit") == 0)
    }
    let version = try HostProgram.run("/usr/bin/myloader", ["--version"])
    let isOld = version.contains(/myloader v?0\.(\d|1[0-3])\./)
    let vendor = try await MySQLInstallation.find(preferring: nil, tools: SampleMySQL.tools).vendor
    #expect(tools.loads == (isOld && vendor == .mariadb ? loads : 1))
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

@Suite("The order in which a mydumper directory is loaded")
struct MyDumperPassesTests {
  private func passes(_ files: [String: Int]) throws -> [[String]] {
    let folder = TemporaryFolder("dmpasses")
    let metadata = "Started dump at: 2026-11-20 01:00:00\nFinished dump at: 2026-11-20 01:00:05\n"
    try Data(metadata.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/metadata"))
    for (name, size) in files { try Data(repeating: 0x20, count: size).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)")) }
    return try MyDumperDirectory(folder.path).passes.map { $0.map(\.name) }
  }

  @Test("every table is begun by one file, its largest, before the others come")
  func several() throws {
    let found = try passes([
      "shop-schema-create.sql": 9, "shop.orders-schema.sql": 9, "shop.orders.00000.sql": 1, "shop.orders.00001.sql.gz": 40,
      "shop.orders.00002.sql": 30, "shop.customers-schema.sql": 9, "shop.customers.sql": 5, "shop.recent-schema.sql": 9,
      "shop.recent-schema-view.sql": 9, "shop.orders-schema-triggers.sql": 9, "shop-schema-post.sql": 9,
    ])
    let first = [
      "shop-schema-create.sql", "shop.customers-schema.sql", "shop.customers.sql", "shop.orders-schema.sql", "shop.orders.00001.sql.gz",
      "shop.recent-schema.sql",
    ]
    #expect(found.first == first)
    // Triggers come when the rows are there, or they would make rows of their own.
    let second = [
      "shop-schema-post.sql", "shop.orders-schema-triggers.sql", "shop.orders.00000.sql", "shop.orders.00002.sql",
      "shop.recent-schema-view.sql",
    ]
    #expect(found.dropFirst() == [second])
  }

  @Test("tables whose rows lie in one file each are loaded in one go")
  func single() throws {
    let found = try passes([
      "shop.orders-schema.sql": 9, "shop.orders.00000.sql": 7, "shop.customers-schema.sql": 9, "shop.customers.00000.sql": 5,
      "shop-schema-post.sql": 9,
    ])
    #expect(found.count == 1 && found[0].count == 5)
  }
}
