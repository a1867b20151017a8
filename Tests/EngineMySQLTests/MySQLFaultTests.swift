import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQL
import Foundation
import Glibc
import Testing
import ToolRunner

@Suite("Servers and tools of MySQL that fail", .enabled(if: SampleMySQL.isInstalled, "\(SampleMySQL.absence)"))
struct MySQLFaultTests {
  /// Runs something else in place of one program.
  private struct Replacing: ToolRunning {
    let program: String
    let other: ToolCommand
    func locate(_ name: String, in directories: [String], package: String?) throws -> String {
      try SampleMySQL.tools.locate(name, in: directories, package: package)
    }
    func start(_ command: ToolCommand) throws -> any RunningTool {
      let isMeant = command.executable.hasSuffix("/\(program)") && !command.arguments.contains("--version")
      guard isMeant else { return try SampleMySQL.tools.start(command) }
      var replaced = other
      (replaced.input, replaced.output, replaced.errors) = (command.input, command.output, command.errors)
      return try SampleMySQL.tools.start(replaced)
    }
  }

  private static let dump = Array("CREATE TABLE t(id INT);\nINSERT INTO t VALUES (1);\n".utf8)

  @Test("a client that hangs is ended with the restore")
  func hangs() async throws {
    var bench = try MySQLBench()
    bench.tools = Replacing(program: "mariadb", other: ToolCommand("/bin/sleep", ["1000"]))
    let (made, path) = (bench, try bench.scratch.file("dump", MySQLFaultTests.dump))
    let restore = Task { try await made.fault(path) }
    try await Task.sleep(for: .seconds(2))
    let start = ContinuousClock.now
    restore.cancel()
    await #expect(throws: CancellationError.self) { try await restore.value }
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(HostProcesses.withArgument(bench.scratch.path).isEmpty)
  }

  @Test("a client that ends at once, well or badly, has loaded nothing", arguments: ["/bin/true", "/bin/false"])
  func silent(_ program: String) async throws {
    var bench = try MySQLBench()
    bench.tools = Replacing(program: "mariadb", other: ToolCommand(program))
    // More than a pipe holds, so that its end is noticed.
    let rows = String(repeating: "INSERT INTO t VALUES (1);\n", count: 50_000)
    let fault = try await bench.fault(MySQLFaultTests.dump + Array(rows.utf8))
    #expect(fault?.code == .toolFailed, "\(String(describing: fault))")
  }

  @Test("a server that refuses to start is quoted, and is no fault of the backup")
  func refuses() async throws {
    var bench = try MySQLBench()
    let words = "echo '[ERROR] InnoDB: no luck today' >&2; exit 7"
    bench.tools = Replacing(program: "mariadbd", other: ToolCommand("/bin/sh", ["-c", words]))
    // The template is there already, so that only the scratch server's start is hit.
    _ = try await MySQLBench().fault(MySQLFaultTests.dump)
    let fault = try await bench.fault(MySQLFaultTests.dump)
    #expect(fault?.code == .toolFailed && fault?.message.contains("no luck today") == true, "\(String(describing: fault))")
  }

  @Test("a server that dies in the middle of a load is told, and is no fault of the backup")
  func dies() async throws {
    let bench = try MySQLBench()
    let context = bench.context()
    let engine = MySQLEngine()
    let identity = try engine.inspect(ContentHead(name: "d", bytes: MySQLFaultTests.dump))
    let target = try await engine.provision(context, for: identity)
    let pipe = Foundation.Pipe()
    let restore = Task { try await target.restore(.stream(Descriptor(owning: dup(pipe.fileHandleForReading.fileDescriptor)))) }
    try pipe.fileHandleForWriting.write(contentsOf: Data(MySQLFaultTests.dump + [UInt8](repeating: 10, count: 40_000)))
    for _ in 0..<400 where HostProcesses.withArgument("\(context.directory)/socket/load.cnf").isEmpty {
      try await Task.sleep(for: .milliseconds(50))
    }
    let pid = Int32(TextFile.read("\(context.directory)/socket/pid").split(separator: "\n").first ?? "") ?? 0
    try #require(pid > 1)
    kill(pid, SIGKILL)
    // Less than a pipe holds, so that it can be written when nobody reads any more.
    let more = String(repeating: "INSERT INTO t VALUES (1);\n", count: 1000)
    try pipe.fileHandleForWriting.write(contentsOf: Data(more.utf8))
    try pipe.fileHandleForWriting.close()
    let fault = await #expect(throws: Fault.self) { _ = try await restore.value }
    #expect(fault?.code == .toolFailed && fault?.message.contains("ended") == true, "\(String(describing: fault))")
    try await target.destroy()
  }

  @Test("kill -9 in every phase leaves nothing, and the next run passes")
  func killed() async throws {
    let site = ScratchSite()
    site.backup("b_\(BackupStamp.ago(.seconds(7200))).sql.gz", await SampleBackups.gzip(try await SampleMySQL.dumps().plain))
    site.drill(
      "d",
      "backup: {from: ../backups, match: \"b_%Y%m%d_%H%M%S.sql.gz\"}\nrestore: {engine: mysql}\nchecks:\n  - rows: {table: orders, equals: 1000}\n"
    )
    for step in ["began provision", "ended provision", "began restore", "ended restore", "ended ready", "began verify", "began cleanup"] {
      let killed = await site.runJSON("d", environment: ["DRILLMARK_CRASH_AT": step])
      #expect(killed.status == 128 + SIGKILL, "\(step): \(killed.said)")
      for _ in 0..<200 where !HostProcesses.withArgument(site.path).isEmpty { try await Task.sleep(for: .milliseconds(25)) }
      #expect(HostProcesses.withArgument(site.path).isEmpty, "\(step)")
      let cleanup = await site.run("cleanup")
      #expect(cleanup.status == 0 && site.scratchEntries.isEmpty, "\(step): \(cleanup.said)")
    }
    let next = await site.runJSON("d")
    #expect(next.record["verdict"].text == "passed" && site.scratchEntries.isEmpty, "\(next.said)")
    #expect(next.record["environment"]["engine"].text?.hasPrefix("mariadb ") == true, "\(next.said)")
  }
}
