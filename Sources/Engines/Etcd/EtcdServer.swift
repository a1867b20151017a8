import DrillModel
import EngineKit
import Foundation
import Synchronization
import ToolRunner

/// An etcd server of one run: one member, no peers, two Unix sockets in its own directory.
final class EtcdServer: Sendable {
  /// The socket of clients, named as etcd wants an address: a relative path, so that its length is no matter.
  static let socket = "localhost:1"
  private static let peerSocket = "localhost:2"
  static let member = "drill"
  static var clientURL: String { "unix://\(socket)" }
  static var peerURL: String { "unix://\(peerSocket)" }

  let directory: String
  private let tool: any RunningTool
  private let log = ServerWords()
  private let ended = Mutex<ToolExit?>(nil)

  /// Starts the server on `data` in `directory`; `awaitAnswer` says when it is up.
  init(_ installation: EtcdInstallation, _ context: EngineContext, directory: String, data: String) throws {
    self.directory = directory
    var arguments = [
      "--name=\(Self.member)", "--data-dir=\(data)", "--listen-client-urls=\(Self.clientURL)", "--advertise-client-urls=\(Self.clientURL)",
      "--listen-peer-urls=\(Self.peerURL)", "--initial-advertise-peer-urls=\(Self.peerURL)",
      "--initial-cluster=\(Self.member)=\(Self.peerURL)", "--logger=zap", "--log-outputs=stderr", "--log-level=warn",
      // An only member elects itself as soon as it may.
      "--heartbeat-interval=10", "--election-timeout=100",
      // The quota guards production's disk; ours is guarded by the limits of the run.
      "--quota-backend-bytes=-1", "--max-txn-ops=16777216", "--max-request-bytes=536870912",
    ]
    if context.durability == .relaxed { arguments.append("--unsafe-no-fsync=true") }
    if installation.version < EtcdVersion(3, 6) { arguments.append("--enable-v2=false") }
    let log = log
    tool = try context.tools.start(
      ToolCommand(
        installation.server, arguments, environment: EtcdInstallation.environment, directory: directory, output: .discarded,
        errors: .lines { log.add($0) }, box: EtcdServer.box(for: installation.server, context.user, writing: directory), grace: .seconds(5))
    )
    let tool = tool
    Task { [weak self] in
      let exit = await tool.exit()
      self?.ended.withLock { $0 = exit }
    }
  }

  /// A box in which a program of etcd reaches one directory and no network.
  static func box(for program: String, _ user: Box.User?, writing directory: String) -> Box {
    Box(user: user, executable: [program], readable: ["/proc/self", "/sys/kernel/mm/transparent_hugepage"], writable: [directory])
  }

  var exit: ToolExit? { ended.withLock { $0 } }

  /// Whether it has ended, or does so within a moment: its sockets close before its supervisor tells.
  func hasEnded() async -> Bool {
    for _ in 0..<40 where exit == nil { try? await Task.sleep(for: .milliseconds(25)) }
    return exit != nil
  }

  /// What the server said last, for a fault.
  var lastWords: String { log.tail }

  /// Answers once the server does, with the revision that it stands at.
  ///
  /// - Throws: `Fault`; a server that ended is quoted.
  func awaitAnswer(within limit: Duration = .seconds(300)) async throws -> Int64 {
    let deadline = ContinuousClock.now + limit
    while true {
      try Task.checkCancellation()
      if let exit {
        throw fault(.notReady, "the restored etcd ended while it started (\(exit.status))")
      }
      do {
        return try await ask(within: .seconds(5)) { client throws(RPCChannel.Failure) in try client.revision() }
      } catch let failure as RPCChannel.Failure {
        guard ContinuousClock.now < deadline else {
          throw Fault(.notReady, "the restored etcd did not answer within \(limit.readable): \(failure.text); \(lastWords)")
        }
        try await Task.sleep(for: .milliseconds(10))
      }
    }
  }

  /// What its end means: a full disk and flags that it does not know are no fault of the backup.
  func fault(_ code: FaultCode, _ what: String) -> Fault {
    let message = "\(what): \(lastWords)"
    if log.lacksSpace { return Fault(.noSpace, message, advice: "Free space, or set scratch.directory elsewhere") }
    if log.refusesFlags { return Fault(.toolFailed, message, advice: "Use a release of etcd that docs/engines/etcd.md names") }
    return Fault(code, message, advice: "Run `drillmark log` for all it said; check memory and the space of the scratch directory")
  }

  /// Carries out questions over a connection of their own.
  ///
  /// - Throws: `RPCChannel.Failure`, and what `body` throws.
  func ask<T: Sendable>(
    within patience: Duration, _ body: @escaping @Sendable (EtcdClient) throws -> T
  ) async throws -> T {
    let directory = directory
    return try await StopFlag.run("etcd client") { stop in
      let client = try EtcdClient(directory: directory, socket: Self.socket, stop: stop)
      client.channel.setPatience(patience)
      return try body(client)
    }
  }

  /// Ends the server at once: its data is thrown away. Repeating it is a no-op.
  func stop() async {
    tool.stop(as: .exited(0))
    let exit = await tool.exit()
    ended.withLock { $0 = exit }
  }
}

/// The last lines that a server wrote, which are JSON, and what they say of this machine.
private final class ServerWords: Sendable {
  private struct State {
    var lines: [String] = []
    var lacksSpace = false
    var refusesFlags = false
  }

  private let state = Mutex(State())

  var lacksSpace: Bool { state.withLock { $0.lacksSpace } }
  var refusesFlags: Bool { state.withLock { $0.refusesFlags } }

  func add(_ line: String) {
    state.withLock { state in
      state.lines.append(line)
      if state.lines.count > 20 { state.lines.removeFirst(state.lines.count - 20) }
      if line.contains("no space left on device") { state.lacksSpace = true }
      if line.contains("flag provided but not defined") || line.contains("unknown flag") { state.refusesFlags = true }
    }
  }

  var tail: String {
    let lines = state.withLock { $0.lines }
    let grave = lines.filter { $0.contains("\"fatal\"") || $0.contains("\"panic\"") || $0.hasPrefix("panic:") || $0.contains("\"error\"") }
    return (grave.isEmpty ? lines.suffix(2) : grave.suffix(2)).map(Self.message).joined(separator: "; ")
  }

  private static func message(_ line: String) -> String {
    guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], let text = object["msg"] as? String
    else {
      return InertText.line(line, limit: 300)
    }
    let cause = (object["error"] as? String).map { ": \($0)" } ?? ""
    return InertText.line(text + cause, limit: 300)
  }
}
