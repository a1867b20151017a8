import DrillModel
import DrillTestSupport
import EngineKit
import EngineMySQLPhysical
import Foundation
import Glibc
import Testing
import ToolRunner

/// Starts another program in place of some.
private struct SwappedTools: ToolRunning {
  /// What to start in place of a command; nil starts it as it is.
  var swap: @Sendable (ToolCommand) -> (String, [String])?

  func locate(_ name: String, in directories: [String], package: String?) throws -> String {
    try PhysicalSample.tools.locate(name, in: directories, package: package)
  }

  func start(_ command: ToolCommand) throws -> any RunningTool {
    var command = command
    if let (program, arguments) = swap(command) {
      command.executable = program
      command.arguments = arguments
      command.box = nil
    }
    return try PhysicalSample.tools.start(command)
  }
}

/// Has none of some packages.
private struct LackingTools: ToolRunning {
  var missing: [String]

  func locate(_ name: String, in directories: [String], package: String?) throws -> String {
    if missing.contains(name) { throw Fault(.toolMissing, "no \(name)", advice: "apt-get install \(package ?? "")") }
    return try PhysicalSample.tools.locate(name, in: directories, package: package)
  }

  func start(_ command: ToolCommand) throws -> any RunningTool { try PhysicalSample.tools.start(command) }
}

@Suite(
  "Programs that fail while a physical backup is restored", .serialized,
  .enabled(if: PhysicalSample.isInstalled, "\(PhysicalSample.absence)"))
struct PhysicalToolTests {
  private func fault(
    logs: Bool = false, _ swap: @escaping @Sendable (ToolCommand) -> (String, [String])?
  ) async throws -> Fault? {
    let sample = try await PhysicalSample.shared()
    var drive = try PhysicalDrive()
    drive.tools = SwappedTools(swap: swap)
    if logs { drive.logs = sample.logs }
    return await drive.fault(sample.full)
  }

  @Test("a preparing tool that says nothing, or claims its success before an error, is not believed")
  func claims() async throws {
    let silent = try await fault { $0.arguments.contains("--prepare") ? ("/bin/true", []) : nil }
    #expect(silent?.code == .restoreFailed)
    let early = try await fault {
      $0.arguments.contains("--prepare") ? ("/bin/bash", ["-c", "echo '[ERROR] InnoDB: x' >&2; echo 'completed OK!' >&2"]) : nil
    }
    #expect(early?.code == .backupDamaged)
    let idle = try await fault { $0.arguments.contains("--prepare") ? ("/bin/bash", ["-c", "echo 'completed OK!' >&2"]) : nil }
    #expect(idle?.code.verdict == .failed)
  }

  @Test("a preparing tool that was killed for its memory is our side's fault")
  func killed() async throws {
    let found = try await fault { $0.arguments.contains("--prepare") ? ("/bin/bash", ["-c", "kill -9 $$"]) : nil }
    #expect(found?.code == .toolFailed)
  }

  @Test("a tool that hangs ends when the run is stopped")
  func hangs() async throws {
    let sample = try await PhysicalSample.shared()
    for hanging in ["--prepare", "--verify-binlog-checksum"] {
      var drive = try PhysicalDrive()
      drive.tools = SwappedTools { $0.arguments.contains(hanging) ? ("/bin/sleep", ["600"]) : nil }
      drive.logs = sample.logs
      let run = Task { [drive] in try await drive.run(sample.full) { _ in } }
      try await Task.sleep(for: .seconds(4))
      run.cancel()
      let begin = ContinuousClock.now
      let result = await run.result
      #expect(throws: (any Error).self) { try result.get() }
      #expect(ContinuousClock.now - begin < .seconds(30))
    }
  }

  @Test("a server that refuses to start, and one that dies while logs are applied")
  func server() async throws {
    let refuses = try await fault {
      $0.executable.hasSuffix("mariadbd") && $0.arguments.contains { $0.hasPrefix("--init-file") } ? ("/bin/false", []) : nil
    }
    #expect(refuses?.code == .toolFailed)
    let dies = try await fault(logs: true) { command in
      guard command.arguments.contains("--verify-binlog-checksum") else { return nil }
      // The reader's end is after the server's, so that the client finds nobody.
      for server in HostProcesses.withArgument("--datadir=\(command.directory.dropLast("/logs".count))/data") { kill(server, SIGKILL) }
      return ("/bin/bash", ["-c", "sleep 1; echo 'select 1;'"])
    }
    #expect(dies?.code.verdict == .failed || dies?.code == .toolFailed, "\(dies?.description ?? "restored")")
  }

  @Test("a reader of logs that fails is told, whatever it wrote before")
  func reader() async throws {
    let found = try await fault(logs: true) {
      $0.arguments.contains("--verify-binlog-checksum") ? ("/bin/bash", ["-c", "echo 'select 1;'; echo 'ERROR: x' >&2; exit 1"]) : nil
    }
    #expect(found?.code == .backupDamaged)
    let refused = try await fault(logs: true) {
      $0.arguments.contains("--verify-binlog-checksum")
        ? ("/bin/bash", ["-c", "echo \"insert into shop.orders(id) values ('secret');\""]) : nil
    }
    #expect(refused?.code == .restoreFailed && refused?.description.contains("secret") == false, "\(refused?.description ?? "restored")")
  }

  @Test("a missing program is told with its package")
  func missing() async throws {
    for (names, package) in [
      (["mariadb-backup", "mariabackup"], "mariadb-backup"), (["mariadb-binlog", "mysqlbinlog"], "mariadb-client"),
    ] {
      var drive = try PhysicalDrive()
      drive.tools = LackingTools(missing: names)
      drive.logs = "/nonexistent"
      let context = drive.context
      var found: Fault?
      do { _ = try await MySQLPhysicalEngine().preflight(context) } catch { found = error as? Fault }
      #expect(found?.code == .toolMissing)
      #expect(found?.description.contains(package) == true)
    }
  }
}
