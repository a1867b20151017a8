import DrillModel
import EngineKit
import Glibc
package import ToolRunner

/// As whom a tool reads a repository, which belongs to the user that takes backups and is closed to most others.
package struct RepositoryReader: Sendable, Hashable {
  /// Nil stays who we are.
  package var user: Box.User?
  /// Whether what the tool writes has to be given to the run's user afterwards.
  package var isOther: Bool

  /// The run's user where others may read, the run's user in the repository's group where that may, else the repository's owner. The box
  /// allows reading there and nothing else, whoever it is.
  ///
  /// - Parameters:
  ///   - path: The repository's directory; nil for one that lies elsewhere.
  ///   - run: The run's user; nil when we are not root.
  package init(of path: String?, for run: Box.User?) {
    self = RepositoryReader(user: run, isOther: false)
    var status = stat()
    guard let run, let path, stat(path, &status) == 0 else { return }
    if status.st_mode & 0o005 == 0o005, Accounts.isReachable(path) { return }
    if status.st_mode & 0o050 == 0o050 {
      user = Box.User(uid: run.uid, gid: status.st_gid)
    } else {
      self = RepositoryReader.owner(status, for: run)
    }
  }

  /// The owner of a directory, for a tool that insists on being run by nobody else.
  package init(ownerOf path: String, for run: Box.User?) {
    var status = stat()
    guard let run, stat(path, &status) == 0 else {
      self = RepositoryReader(user: run, isOther: false)
      return
    }
    self = RepositoryReader.owner(status, for: run)
  }

  private init(user: Box.User?, isOther: Bool) {
    self.user = user
    self.isOther = isOther
  }

  private static func owner(_ status: stat, for run: Box.User) -> RepositoryReader {
    // A box's user is never root; root without its capabilities is who we stay.
    RepositoryReader(user: status.st_uid == 0 ? nil : Box.User(uid: status.st_uid, gid: status.st_gid), isOther: status.st_uid != run.uid)
  }

  /// The name that it has in the user database; nil for one without an entry.
  package var name: String? {
    guard let entry = getpwuid(user?.uid ?? geteuid()), let name = entry.pointee.pw_name else { return nil }
    return String(cString: name)
  }
}

/// A program of the machine that answers on its standard output, without any of it in the run's log.
struct RepositoryAnswer: Sendable {
  var exit: ToolExit
  var output: [UInt8]

  /// Runs it and keeps what it prints.
  ///
  /// - Parameter limit: The most bytes that are kept.
  /// - Throws: `Fault` with code `tool_failed` for an answer beyond the limit.
  static func ask(_ command: ToolCommand, limit: Int = 64 << 20, deadline: Duration, tools: any ToolRunning) async throws
    -> RepositoryAnswer
  {
    let (exit, output) = try await run(command, deadline: deadline, tools: tools) { file in
      var kept: [UInt8] = []
      read(file) { part in
        kept += part
        return kept.count < limit
      }
      return kept
    }
    guard output.count < limit else {
      throw Fault(.toolFailed, "\(command.executable) printed more than \(limit >> 20) MiB, which no catalogue takes")
    }
    return RepositoryAnswer(exit: exit, output: output)
  }

  /// Runs it and has `consume` read what it prints, on a thread of its own.
  static func run<Value: Sendable>(
    _ command: ToolCommand, deadline: Duration, tools: any ToolRunning, consume: @escaping @Sendable (_ file: Int32) -> Value
  ) async throws -> (ToolExit, Value) {
    var command = command
    let pipe = try Pipe()
    let reading = pipe.reading
    command.output = .descriptor(pipe.writing)
    let tool = try tools.start(command)
    let watch = Task {
      try await Task.sleep(for: deadline)
      tool.stop(as: .timedOut)
    }
    defer { watch.cancel() }
    return try await withTaskCancellationHandler {
      let value = try await onThread("catalogue") {
        defer { reading.close() }
        return consume(reading.raw)
      }
      let exit = await tool.exit()
      if exit.status == .cancelled { throw CancellationError() }
      return (exit, value)
    } onCancel: {
      tool.stop(as: .cancelled)
    }
  }

  /// Reads to the end, or until `take` wants no more.
  static func read(_ file: Int32, _ take: (UnsafeRawBufferPointer) -> Bool) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0, buffer.withUnsafeBytes({ take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }) else { return }
    }
  }
}
