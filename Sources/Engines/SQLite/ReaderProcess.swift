import DrillModel
import EngineKit
import Glibc
import ToolRunner

/// How a reader ended that gave no answer.
enum ReaderEnd: Error, Hashable {
  case late
  case crashed(signal: Int32)
}

/// Starts this program again as the reader of one database, in a box, and hears what it says.
struct ReaderProcess: Sendable {
  /// Address space for loading: statements may be a gigabyte long, and SQLite keeps parts of one several times over.
  static let loadMemory = 6 << 30
  /// Address space for a question, whose values and statements SQLite limits to 256 MiB.
  static let askMemory = 3 << 30

  private let tools: any ToolRunning
  private let program: OwnProgram
  private let user: Box.User?
  /// The directory that holds the database and nothing else.
  private let directory: String
  /// Where SQLite may put what it sorts.
  private let temporary: String

  /// Makes the reader's directories in the run's own.
  ///
  /// - Throws: `Fault`.
  init(_ context: EngineContext, _ program: OwnProgram) throws {
    tools = context.tools
    self.program = program
    user = ReaderIsolation(program, scratch: context.directory).hasOwnUser ? context.user : nil
    directory = "\(context.directory)/database"
    temporary = "\(context.directory)/sorting"
    for path in [directory, temporary] { try ReaderProcess.make(path, for: user) }
  }

  var path: String { "\(directory)/restored.sqlite" }

  /// Carries out one request in a process of its own, which is ended when `limit` has passed or the task is cancelled.
  ///
  /// - Throws: `ReaderEnd`, `Fault`, or `CancellationError`.
  func carryOut(
    _ request: ReaderRequest, input: ToolCommand.Input, within limit: Duration? = nil,
    progress: @escaping @Sendable (Int64, Int64?) -> Void = { _, _ in }
  ) async throws -> ReaderReply {
    let pipe = try Pipe()
    let tool = try tools.start(command(request, input, output: pipe.writing, within: limit))
    let deadline = limit.map { limit in
      Task {
        try await Task.sleep(for: limit)
        tool.stop(as: .timedOut)
      }
    }
    defer { deadline?.cancel() }
    return try await withTaskCancellationHandler {
      let heard = await ReaderProcess.hear(pipe.reading, progress)
      let end = Task {
        // One that fell silent ends by itself, and how it ended is told; one that has spoken has nothing left to do.
        if case .success(nil) = heard { try await Task.sleep(for: .seconds(5)) }
        tool.stop(as: .exited(0))
      }
      defer { end.cancel() }
      return try ReaderProcess.judge(heard, await tool.exit())
    } onCancel: {
      tool.stop(as: .cancelled)
    }
  }

  private func command(_ request: ReaderRequest, _ input: ToolCommand.Input, output: Descriptor, within limit: Duration?) -> ToolCommand {
    var box = program.box(user: user)
    box.readable.append(directory)
    box.writable.append(temporary)
    box.memory = ReaderProcess.askMemory
    if case .restore = request {
      box.writable.append(directory)
      box.memory = ReaderProcess.loadMemory
    }
    // Threads count as processes, and decompressors may work as the same user.
    box.processes = 64
    box.processorSeconds = limit.map { Int($0.components.seconds) + 10 }
    return ToolCommand(
      program.path, [SQLiteReader.word, path] + request.words,
      environment: OwnProgram.environment.merging(["SQLITE_TMPDIR": temporary]) { $1 }, directory: directory, input: input,
      output: .descriptor(output), errors: .captured(limit: 4 << 10), box: box, grace: .milliseconds(100))
  }

  /// The last reply; nil when it ended without one.
  private static func hear(
    _ descriptor: Descriptor, _ progress: @escaping @Sendable (Int64, Int64?) -> Void
  ) async -> Result<ReaderReply?, ReplyReader.Babble> {
    let reading = try? await onThread("sqlite answer") { () -> Result<ReaderReply?, ReplyReader.Babble> in
      defer { descriptor.close() }
      var replies = ReplyReader(descriptor.raw)
      do throws(ReplyReader.Babble) {
        while let reply = try replies.next() {
          if case .progress(let done, let total) = reply { progress(done, total) }
          if reply.isLast { return .success(reply) }
        }
        return .success(nil)
      } catch {
        return .failure(error)
      }
    }
    return reading ?? .failure(ReplyReader.Babble(what: "its answer could not be listened to"))
  }

  private static func judge(_ heard: Result<ReaderReply?, ReplyReader.Babble>, _ exit: ToolExit) throws -> ReaderReply {
    try Task.checkCancellation()
    switch (heard, exit.status) {
    case (.success(.fault(let fault)?), _): throw fault
    case (.success(let reply?), _): return reply
    case (_, .timedOut): throw ReaderEnd.late
    case (_, .cancelled): throw CancellationError()
    case (_, .signalled(let signal)) where crashes.contains(signal): throw ReaderEnd.crashed(signal: signal)
    case (.failure(let babble), _):
      throw Fault(
        .unsafeContent, "the process that reads the database gave no sensible answer (\(babble.what)) and was ended",
        advice: "Something in the backup may have taken it over: look at who can write to the backups")
    case (.success(nil), .signalled(SIGKILL)):
      throw Fault(
        .toolFailed, "the process that reads the database was killed", advice: "See whether the system lacked memory (dmesg)",
        isTransient: true)
    case (.success(nil), let status):
      let words = exit.errorText.split(separator: "\n").last.map { ": \($0.prefix(300))" } ?? ""
      throw Fault(
        .toolFailed, "the process that reads the database ended with \(status) and no answer\(words)",
        advice: "If Drillmark was upgraded meanwhile, start it again")
    }
  }

  private static let crashes: Set<Int32> = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSYS]

  private static func make(_ path: String, for owner: Box.User?) throws {
    guard mkdir(path, 0o700) == 0, chmod(path, 0o700) == 0 else { throw unusable("cannot make the directory \(path)", errno) }
    if let owner, chown(path, owner.uid, owner.gid) != 0 { throw unusable("cannot give \(path) to user \(owner.uid)", errno) }
  }

  private static func unusable(_ what: String, _ code: Int32) -> Fault {
    let isFull = code == ENOSPC || code == EDQUOT
    let advice = code == EPERM ? Isolation.neededCapabilities : "Check scratch.directory, its owner and its free space"
    return Fault(isFull ? .noSpace : .scratchUnusable, "\(what): \(systemMessage(code))", advice: advice)
  }
}
