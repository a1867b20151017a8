internal import DrillModel
package import EngineKit
internal import Glibc
internal import Synchronization
package import ToolRunner

/// The process of a server on a data directory of the run's own, with what it says.
package final class ServerProcess: Sendable {
  private let tool: any RunningTool
  private let log: ServerLog
  private let ending = Ending()

  /// What a server is started with.
  package struct Start: Sendable {
    package var installation: Installation
    package var confinement: Confinement
    /// The data directory.
    package var data: String
    /// Without the data directory.
    package var arguments: [String]
    /// Directories that it may write beside the data directory.
    package var writing: [String]
    /// Files and directories that it may read beside its own programs.
    package var reading: [String]
    /// Programs that it may start.
    package var running: [String]
    /// Told every line that it writes.
    package var onLine: @Sendable (String) -> Void

    package init(
      _ installation: Installation, _ confinement: Confinement, data: String, arguments: [String], writing: [String],
      reading: [String] = [],
      running: [String] = [], onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) {
      self.installation = installation
      self.confinement = confinement
      self.data = data
      self.arguments = arguments
      self.writing = writing
      self.reading = reading
      self.running = running
      self.onLine = onLine
    }
  }

  /// - Throws: `Fault` when it cannot be started at all; whether it comes up is for the caller to see.
  package init(_ start: Start, tools: any ToolRunning) throws {
    let log = ServerLog()
    let program = start.installation.program("postgres")
    var box = start.confinement.box(
      for: program, of: start.installation, reading: start.reading, writing: [start.data, "/dev/null"] + start.writing)
    box?.executable += start.running
    let onLine = start.onLine
    let tool = try tools.start(
      ToolCommand(
        program, ["-D", start.data] + start.arguments, environment: ServerTemplate.environment, directory: start.data, output: .discarded,
        errors: .lines { line in
          log.add(line)
          onLine(line)
        }, box: box, grace: .seconds(10)))
    self.log = log
    self.tool = tool
    let ending = ending
    Task { ending.set(await tool.exit()) }
  }

  /// Whether the server has ended, and how.
  package var exit: ToolExit? { ending.value }

  /// What the server said last, for a fault.
  package var lastWords: String { log.tail }

  /// Ends the server without a checkpoint: its data is thrown away. Repeating it is a no-op.
  package func stop() async {
    guard exit == nil else { return }
    // Immediate shutdown; unlike SIGKILL it gives back the server's shared memory.
    kill(tool.pid, SIGQUIT)
    let tool = tool
    let watchdog = Task {
      try await Task.sleep(for: .seconds(10))
      tool.stop(as: .exited(0))
    }
    ending.set(await tool.exit())
    watchdog.cancel()
  }

  private final class Ending: Sendable {
    private let stored = Mutex<ToolExit?>(nil)
    var value: ToolExit? { stored.withLock { $0 } }
    func set(_ exit: ToolExit) { stored.withLock { $0 = $0 ?? exit } }
  }
}

/// The last lines that the server wrote.
private final class ServerLog: Sendable {
  private let lines = Mutex<[String]>([])

  func add(_ line: String) {
    lines.withLock { lines in
      lines.append(line)
      if lines.count > 20 { lines.removeFirst(lines.count - 20) }
    }
  }

  /// Fatal lines if there are any, else the last ones.
  var tail: String {
    lines.withLock { lines in
      // Being asked too early is no reason for anything.
      let fatal = lines.filter { ($0.contains("FATAL:") || $0.contains("PANIC:")) && !$0.contains("the database system is") }
      return (fatal.isEmpty ? lines.suffix(3) : fatal.suffix(3)).joined(separator: "; ")
    }
  }
}
