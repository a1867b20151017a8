import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import Glibc
import Synchronization
import Testing
import ToolRunner

@testable import EngineEtcd

/// Runs the machine's programs, but for those that it is told to put another in place of.
final class ReplacingTools: ToolRunning {
  private let inner = SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST")
  private let replace: @Sendable (ToolCommand) -> (program: String, arguments: [String])?
  private let servers = Mutex<[Int32]>([])
  private let missing: Set<String>

  init(missing: Set<String> = [], _ replace: @escaping @Sendable (ToolCommand) -> (program: String, arguments: [String])? = { _ in nil }) {
    self.replace = replace
    self.missing = missing
  }

  /// Process ids of the servers that were started.
  var started: [Int32] { servers.withLock { $0 } }

  func locate(_ name: String, in directories: [String], package: String?) throws -> String {
    guard !missing.contains(name) else { throw Fault(.toolMissing, "\(name) is not here", advice: package) }
    return try inner.locate(name, in: directories, package: package)
  }

  func start(_ command: ToolCommand) throws -> any RunningTool {
    var command = command
    if let (program, arguments) = replace(command) {
      (command.executable, command.arguments) = (program, arguments)
      command.box?.executable = [program]
    }
    let tool = try inner.start(command)
    if command.arguments.contains("--quota-backend-bytes=-1") { servers.withLock { $0.append(tool.pid) } }
    return tool
  }
}

@Suite("Faults around etcd", .enabled(if: EtcdBench.isInstalled, "etcd-server and etcd-client are not installed"))
struct EtcdFaultTests {
  @Test("programs that are missing are named with their package") func missing() async throws {
    let context = try EngineScratch().context(tools: ReplacingTools(missing: ["etcd"]))
    var fault = await #expect(throws: Fault.self) { try await EtcdEngine().preflight(context) }
    #expect(fault?.code == .toolMissing && fault?.advice == "etcd-server")
    let without = try EngineScratch().context(tools: ReplacingTools(missing: ["etcdctl", "etcdutl"]))
    fault = await #expect(throws: Fault.self) { try await EtcdEngine().preflight(without) }
    #expect(fault?.code == .toolMissing && fault?.advice?.contains("etcd-client") == true)
  }

  @Test("a server that refuses to start is a fault, not a wait") func refusing() async throws {
    var bench = try EtcdBench()
    bench.tools = ReplacingTools { $0.arguments.contains("--quota-backend-bytes=-1") ? ("/bin/false", []) : nil }
    let start = ContinuousClock.now
    let fault = try await bench.fault(snapshot: try await EtcdMaterial.shared.value.early)
    #expect(fault?.code == .notReady && fault?.message.contains("exit status 1") == true, "\(fault?.message ?? "restored")")
    #expect(ContinuousClock.now - start < .seconds(60))
  }

  @Test("a restore tool that fails is quoted") func failingTool() async throws {
    var bench = try EtcdBench()
    bench.tools = ReplacingTools { command in
      command.arguments.contains("restore") ? ("/bin/cat", ["/nonexistent/snapshot"]) : nil
    }
    let fault = try await bench.fault(snapshot: try await EtcdMaterial.shared.value.early)
    #expect(fault?.code == .restoreFailed && fault?.message.contains("No such file") == true, "\(fault?.message ?? "restored")")
  }

  @Test("a restore that made nothing is not taken for one: an empty etcd stands at revision 1") func silentTool() async throws {
    var bench = try EtcdBench()
    bench.tools = ReplacingTools { $0.arguments.contains("restore") ? ("/bin/true", []) : nil }
    let fault = try await bench.fault(snapshot: try await EtcdMaterial.shared.value.early)
    #expect(fault?.code.verdict == .failed, "\(fault?.message ?? "restored")")
  }

  @Test("a tool that hangs ends with the task") func hanging() async throws {
    var bench = try EtcdBench()
    bench.tools = ReplacingTools { $0.arguments.contains("restore") ? ("/bin/sleep", ["600"]) : nil }
    let hanging = bench
    let bytes = try await EtcdMaterial.shared.value.early
    let work = Task { try await hanging.fault(snapshot: bytes) }
    try await Task.sleep(for: .seconds(1))
    let start = ContinuousClock.now
    work.cancel()
    _ = try? await work.value
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test("a server that dies while deltas are applied is a failed restore") func dying() async throws {
    let material = try await EtcdMaterial.shared.value
    var history = material.history
    for number in 0..<20_000 { history.put("/many/\(number % 100)", "\(number)") }
    let last = history.revision
    var store = material.store
    store["v2/Incr-00000042-\(last)-1795250500"] = SampleStore.delta(history.events(42...last))
    let tools = ReplacingTools()
    var bench = try EtcdBench()
    bench.tools = tools
    bench.durability = .production
    // The last delta lies ready while the one before it is applied, whose file goes then.
    let (before, lastOne) = ("\(bench.scratch.path)/run/etcd/delta-2", "\(bench.scratch.path)/run/etcd/delta-3")
    let killer = Task {
      while access(lastOne, F_OK) != 0 || access(before, F_OK) == 0 { try await Task.sleep(for: .milliseconds(2)) }
      for pid in tools.started { kill(pid, SIGKILL) }
    }
    let fault = try await bench.fault(store)
    killer.cancel()
    #expect(fault?.code == .restoreFailed, "\(fault?.message ?? "restored")")
  }

  @Test("a server that dies before the checks leaves them without an answer") func dyingLate() async throws {
    let tools = ReplacingTools()
    var bench = try EtcdBench()
    bench.tools = tools
    let path = try bench.scratch.file("s.db", try await EtcdMaterial.shared.value.early)
    try await bench.restore(path) { probes, _ in
      for pid in tools.started { kill(pid, SIGKILL) }
      try await Task.sleep(for: .milliseconds(300))
      let error = await #expect(throws: ProbeError.self) { try await EtcdBench.count(probes) }
      guard case .unavailable = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test("the server listens to nothing but two sockets in its own directory") func noNetwork() async throws {
    let tools = ReplacingTools()
    var bench = try EtcdBench()
    bench.tools = tools
    let path = try bench.scratch.file("s.db", try await EtcdMaterial.shared.value.early)
    let directory = "\(bench.scratch.path)/run/etcd"
    try await bench.restore(path) { _, _ in
      let pid = try #require(tools.started.first)
      let sockets = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasPrefix("localhost:") }
      #expect(sockets.sorted() == ["localhost:1", "localhost:2"])
      // Listening sockets of the network that the process sees (proc(5)); state 0A is LISTEN.
      for table in ["tcp", "tcp6"] {
        let text = TextFile.read("/proc/\(pid)/net/\(table)")
        if EngineScratch.boxUser != nil { #expect(!text.contains(" 0A "), "\(table)") }
      }
    }
  }
}
