import DrillModel
import EngineKit
import Foundation
import Glibc
import Synchronization
import ToolRunner

/// A Redis server of one run: a Unix socket only, no configuration file, nobody's user but the run's.
final class RedisServer: Sendable {
  /// Its working directory, which holds what it loads, and its socket.
  let directory: String
  let socket: String
  private let tool: any RunningTool
  private let heard: Heard
  private let ended: Task<ToolExit, Never>

  /// The log as it grows, and the exit once there is one.
  private final class Heard: Sendable {
    let log = Mutex(LoadLog())
    let exit = Mutex<ToolExit?>(nil)
  }

  /// Starts the server on what lies in `directory`; `replay` makes it read append-only files instead of an RDB file.
  ///
  /// - Throws: `Fault` when it cannot be started at all.
  init(
    _ program: RedisProgram, _ options: RedisOptions, directory: String, socket: String, replay: Bool, _ context: EngineContext,
    user: Box.User?
  ) throws {
    self.directory = directory
    self.socket = socket
    let heard = Heard()
    var box = program.box(program.server, user: user)
    box.writable = [directory, (socket as NSString).deletingLastPathComponent, "/dev/null"]
    box.memory = options.memory.map { Int(clamping: $0) } ?? RedisMemory.available().map { Int(clamping: max($0, 1 << 30)) }
    tool = try context.tools.start(
      ToolCommand(
        program.server, Self.arguments(options, directory: directory, socket: socket, replay: replay),
        environment: ["LC_ALL": "C", "PATH": "/usr/bin:/bin", "TZ": "UTC"], directory: directory,
        output: .lines { line in heard.log.withLock { $0.add(line) } }, errors: .lines { line in heard.log.withLock { $0.add(line) } },
        box: box, grace: .milliseconds(200)))
    self.heard = heard
    let tool = tool
    ended = Task {
      let exit = await tool.exit()
      heard.exit.withLock { $0 = exit }
      return exit
    }
  }

  var log: LoadLog { heard.log.withLock { $0 } }

  /// How it ended; nil while it runs.
  var exit: ToolExit? { heard.exit.withLock { $0 } }

  /// Ends the server, whose data is thrown away. Repeating it is a no-op.
  func stop() async {
    if exit == nil { tool.stop(as: .exited(0)) }
    _ = await ended.value
  }

  /// Waits until the server said that it is ready, telling how much is loaded.
  ///
  /// - Returns: False when it ended before.
  func becomesReady(_ progress: @escaping @Sendable (_ done: Int64, _ total: Int64?) -> Void) async throws -> Bool {
    var pause = Duration.milliseconds(5)
    var sinceAsked = Duration.zero
    while true {
      try Task.checkCancellation()
      if log.isReady { return true }
      if exit != nil { return false }
      try await Task.sleep(for: pause)
      sinceAsked += pause
      pause = min(pause * 2, .milliseconds(20))
      guard sinceAsked > .milliseconds(300) else { continue }
      sinceAsked = .zero
      if let (done, total) = await loadedBytes() { progress(done, total) }
    }
  }

  private func loadedBytes() async -> (Int64, Int64?)? {
    let info = try? await RedisAsker(socket: socket).ask(timeout: .seconds(2)) { try RedisInfo($0, section: "persistence") }
    guard let done = info?["loading_loaded_bytes"] else { return nil }
    return (done, info?["loading_total_bytes"])
  }

  /// Everything that could make it listen, write elsewhere, evict keys, or be lenient with the file is set, whatever the defaults are.
  private static func arguments(_ options: RedisOptions, directory: String, socket: String, replay: Bool) -> [String] {
    let settings: [(String, String)] = [
      ("port", "0"), ("unixsocket", socket), ("unixsocketperm", "700"), ("protected-mode", "yes"), ("daemonize", "no"), ("logfile", ""),
      ("loglevel", "notice"), ("dir", directory), ("dbfilename", Placement.snapshot), ("save", ""), ("rdbchecksum", "yes"),
      ("sanitize-dump-payload", "yes"), ("appendonly", replay ? "yes" : "no"), ("appendfilename", Placement.log),
      ("appenddirname", Placement.parts), ("appendfsync", "no"), ("auto-aof-rewrite-percentage", "0"), ("aof-load-truncated", "yes"),
      ("databases", "\(options.databases)"), ("maxmemory", "0"), ("maxmemory-policy", "noeviction"), ("enable-debug-command", "no"),
      ("enable-module-command", "no"), ("enable-protected-configs", "no"), ("crash-memcheck-enabled", "no"),
    ]
    return settings.flatMap { ["--\($0)", $1] } + LoadJudge.forbidden.flatMap { ["--rename-command", $0, ""] }
  }
}

/// Memory of the machine.
enum RedisMemory {
  /// Bytes that new programs may take without swapping others out, swap included; nil where the kernel does not say.
  static func available() -> Int64? {
    let text = String(decoding: FileManager.default.contents(atPath: "/proc/meminfo") ?? Data(), as: UTF8.self)
    func kilobytes(_ name: String) -> Int64? {
      text.split(separator: "\n").first { $0.hasPrefix("\(name):") }.flatMap { Int64($0.filter(\.isNumber)) }
    }
    guard let available = kilobytes("MemAvailable") else { return nil }
    return (available + (kilobytes("SwapFree") ?? 0)) << 10
  }
}
