import DrillModel
import EngineKit
import Glibc
import MySQLKit
import Synchronization
import ToolRunner

/// The client that one roll-forward's statements go through: sessions keep temporary tables and variables from log to log.
final class ReplayClient: Sendable {
  private let tool: any RunningTool
  private let pipe: Pipe
  private let server: MySQLServer

  init(_ context: EngineContext, _ server: MySQLServer, directory: String) throws {
    self.server = server
    let options = "\(directory)/client.cnf"
    try Accounts.writeFile(options, server.administrator.optionsFile, owner: server.confinement.user)
    let pipe = try Pipe(capacity: 1 << 20)
    self.pipe = pipe
    let said = Lines()
    lines = said
    let client = server.installation.client
    tool = try context.tools.start(
      ToolCommand(
        client,
        ["--defaults-file=\(options)", "--binary-mode", "--batch", "--silent", "--max-allowed-packet=1G", "--local-infile=1"],
        environment: MySQLServer.environment, directory: directory, input: .descriptor(pipe.reading), output: .discarded,
        errors: .lines { said.add($0) },
        box: server.confinement.box(
          for: client, reading: server.installation.readable + [client], writing: [directory, server.socket, "/dev/null"], alone: true)))
  }

  private let lines: Lines

  private final class Lines: Sendable {
    private let all = Mutex<[String]>([])
    func add(_ line: String) { all.withLock { $0 = ($0 + [line]).suffix(10) } }
    var text: [String] { all.withLock { $0 } }
  }

  /// An end of the pipe for one reader, which closes it.
  func input() throws -> Descriptor {
    let copy = fcntl(pipe.writing.raw, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw Fault(.toolFailed, "no descriptors are left", advice: "Raise the limit on open files (ulimit -n)") }
    return Descriptor(owning: copy)
  }

  /// Whether it ends by itself soon: a reader whose pipe broke ends before its client is waited for.
  func hasEnded() async -> Bool {
    let tool = tool
    let patience = Task {
      do { try await Task.sleep(for: .seconds(5)) } catch { return }
      tool.stop(as: .timedOut)
    }
    pipe.writing.close()
    let exit = await tool.exit()
    patience.cancel()
    return exit.status != .timedOut && !exit.isSuccess
  }

  /// Ends the input and waits until all of it was carried out.
  ///
  /// - Throws: `Fault` for a statement that the server refused, or a server that ended.
  func finish() async throws {
    pipe.writing.close()
    let tool = tool
    let exit = await withTaskCancellationHandler {
      await tool.exit()
    } onCancel: {
      tool.stop(as: .cancelled)
    }
    try Task.checkCancellation()
    guard exit.isSuccess else { throw refusal ?? Fault(.toolFailed, "the client that applies logs ended with \(exit.status)") }
    if let refusal { throw refusal }
  }

  /// Ends it whatever it does.
  func abandon() async {
    pipe.writing.close()
    tool.stop(as: .cancelled)
    _ = await tool.exit()
  }

  /// What the server refused, nil when it refused nothing.
  var refusal: Fault? {
    guard let line = lines.text.first(where: { $0.hasPrefix("ERROR ") }) else { return nil }
    let said = InertText.line(MySQLError.withoutValues(line), limit: 300)
    if let exit = server.exit {
      // The kernel's own signal for what takes too much memory says nothing of the logs.
      return Fault(
        exit.status == .signalled(9) ? .toolFailed : .restoreFailed,
        "the scratch server ended (\(exit.status)) while logs were applied: \(server.lastWords)")
    }
    let code = line.dropFirst(6).prefix { $0.isNumber }
    if ["1021", "1114"].contains(code) { return Fault(.noSpace, "the scratch server ran out of space while logs were applied: \(said)") }
    return Fault(
      .restoreFailed, "a logged statement was refused by the restored server: \(said)",
      advice: "The logs do not fit what was restored, or need what a scratch server must not do (libraries, files); see `drillmark log`")
  }
}
