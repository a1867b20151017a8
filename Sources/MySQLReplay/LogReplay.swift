import DrillModel
package import EngineKit
import Foundation
import Glibc
package import MySQLKit
import Selecting
import Synchronization
package import ToolRunner

/// Applies binary logs to a scratch server: the vendor's reader piped into one client for all logs, both in boxes.
package struct LogReplay: Sendable {
  let context: EngineContext
  let server: MySQLServer
  let archive: LogArchive
  let target: ReplayTarget
  let scope: ReplayScope

  /// - Parameter scope: What of the logs is applied.
  package init(context: EngineContext, server: MySQLServer, archive: LogArchive, target: ReplayTarget, scope: ReplayScope = ReplayScope()) {
    self.context = context
    self.server = server
    self.archive = archive
    self.target = target
    self.scope = scope
  }

  private var directory: String { "\(context.directory)/logs" }

  /// Rolls forward from where the backup ends.
  ///
  /// - Parameter transactions: The last global transaction ids at that place, where the backup says so.
  /// - Throws: `Fault` that tells a hole, a cut, a foreign server's log and a target that is not reached apart.
  package func run(from start: BinaryLogPosition, transactions: [String]) async throws -> RestoreReport {
    let begin = context.clocks.elapsed()
    let catalogue = try await LogCatalogue(archive, startingAt: start)
    let reader = try server.installation.logReader(context.tools)
    try Accounts.makeDirectory(directory, owner: server.confinement.user, mode: 0o700)
    let client = try ReplayClient(context, server, directory: directory)
    var judge = ReplayJudge(target: target, start: start, backup: transactions)
    judge.statements = scope.statements
    do {
      try await apply(catalogue, &judge, reader, client)
      try await client.finish()
    } catch {
      await client.abandon()
      // What the client said is the cause of whatever the reader then stumbled over.
      if !Task.isCancelled, let fault = client.refusal, (error as? Fault)?.code == .toolFailed { throw fault }
      throw error
    }
    try? FileManager.default.removeItem(atPath: directory)
    let applied = judge.transactions
    var notes = judge.notes
    if applied == 0 { notes.append("no transaction was logged between the backup's end and \(target.description)") }
    return RestoreReport(engineTime: context.clocks.elapsed() - begin, dataTime: judge.dataTime, notes: notes)
  }

  private func apply(
    _ catalogue: LogCatalogue, _ judge: inout ReplayJudge, _ reader: String, _ client: ReplayClient
  ) async throws {
    var done: Int64 = 0
    for (index, log) in catalogue.logs.enumerated() {
      try Task.checkCancellation()
      let name = "\(catalogue.base).\(LogCatalogue.padded(log.number))"
      if index > 0 { try judge.judgeSuccession(to: name) }
      let path = "\(directory)/log.\(LogCatalogue.padded(log.number))"
      judge = try await fetch(log.artefact, name, to: path, judge)
      let start = index == 0 ? judge.start.offset : 4
      // Of a log in which nothing lies before the target there is nothing to apply.
      if judge.stop.map({ $0 > start }) ?? true { try await read(path, from: start, to: judge.stop, name, reader, client) }
      unlink(path)
      done += log.artefact.bytes ?? 0
      context.progress(.recover, done, catalogue.bytes)
      if judge.isReached { return }
    }
    if let fault = catalogue.holeFault(target) { throw fault }
    try judge.judgeLast()
    try judge.judgeTarget()
  }

  /// Copies one log to the disk while its events are judged.
  private func fetch(_ artefact: Artefact, _ name: String, to path: String, _ judge: ReplayJudge) async throws -> ReplayJudge {
    let link = try await archive.open(artefact)
    guard case .stream(let stream) = link.content else {
      link.stop()
      throw Fault(.backupWrongFormat, "\(name) in \(archive.location) is no file")
    }
    let stopped = Atomic(false)
    do {
      let judged = try await withTaskCancellationHandler {
        try await onThread("binary log") { [owner = server.confinement.user] in
          try LogSpool(path: path, name: name, owner: owner).write(stream, judge) { stopped.load(ordering: .relaxed) }
        }
      } onCancel: {
        stopped.store(true, ordering: .relaxed)
        link.stop()
      }
      try await link.finish()
      return judged
    } catch {
      // A stream that broke is the cause of whatever was not understood in it.
      if !Task.isCancelled { try await link.finish() }
      link.stop()
      throw error
    }
  }

  private func read(
    _ path: String, from start: Int64, to stop: Int64?, _ name: String, _ reader: String, _ client: ReplayClient
  ) async throws {
    var arguments = ["--no-defaults", "--verify-binlog-checksum", "--local-load=\(directory)", "--start-position=\(start)"]
    // The scratch server keeps no account of transactions, and would refuse their ids.
    if server.installation.vendor == .mysql { arguments.append("--skip-gtids") }
    if let database = scope.database { arguments.append("--database=\(database)") }
    if let stop { arguments.append("--stop-position=\(stop)") }
    let (input, filtering) = try filtered(try client.input())
    let exit = try await context.tools.run(
      ToolCommand(
        reader, arguments + [path], environment: MySQLServer.environment.merging(["TMPDIR": directory]) { $1 }, directory: directory,
        output: .descriptor(input),
        box: server.confinement.box(
          for: reader, reading: server.installation.readable + [reader], writing: [directory, "/dev/null"], alone: true)))
    try await filtering?.value
    try Task.checkCancellation()
    guard !exit.isSuccess else { return }
    if await client.hasEnded() { throw Fault(.toolFailed, "the client ended") }
    let said = exit.errorText.split(separator: "\n").filter { $0.contains("ERROR") }.suffix(2)
      .map { InertText.line(MySQLError.withoutValues(String($0)), limit: 300) }.joined(separator: "; ")
    throw Fault(
      .backupDamaged, "the binary log \(name) cannot be read, \(exit.status): \(said)",
      advice: "Run `drillmark log` for all that was said; copy the log again")
  }

  /// Where the reader writes: the client, or a filter before it that ends when the reader does.
  private func filtered(_ client: Descriptor) throws -> (Descriptor, Task<Void, any Error>?) {
    guard let filter = scope.filter else { return (client, nil) }
    let pipe: ToolRunner.Pipe
    do { pipe = try ToolRunner.Pipe(capacity: 1 << 20) } catch {
      client.close()
      throw error
    }
    let source = pipe.reading
    return (
      pipe.writing,
      Task {
        try await onThread("log filter", stack: 4 << 20) {
          defer { source.close() }
          try filter(source, client)
        }
      }
    )
  }
}

/// What of the logs a roll-forward applies.
package struct ReplayScope: Sendable {
  /// Only what was logged for this database, as the vendor's reader tells it; nil for all.
  package var database: String?
  /// Carries statements from the first descriptor to the second, which it closes, and leaves out what a restored dump cannot take. Blocks.
  package var filter: (@Sendable (_ source: Descriptor, _ target: Descriptor) throws -> Void)?

  /// Looks at every statement before any of its log is applied, and throws for one that the reader would wrongly leave out.
  package var statements: (@Sendable (LoggedStatement) throws -> Void)?

  package init(
    database: String? = nil, filter: (@Sendable (Descriptor, Descriptor) throws -> Void)? = nil,
    statements: (@Sendable (LoggedStatement) throws -> Void)? = nil
  ) {
    self.database = database
    self.filter = filter
    self.statements = statements
  }
}

extension MySQLInstallation {
  /// The vendor's program that reads binary logs.
  ///
  /// - Throws: `Fault` with code `tool_missing` that names the Debian package.
  package func logReader(_ tools: any ToolRunning) throws -> String {
    let isMariaDB = vendor == .mariadb
    let found = try program(
      isMariaDB ? ["mariadb-binlog", "mysqlbinlog"] : ["mysqlbinlog"], package: isMariaDB ? "mariadb-client" : "mysql-client", tools: tools)
    return URL(fileURLWithPath: found).resolvingSymlinksInPath().path
  }
}

/// Writes one log to the disk while its events are judged. Blocks.
private struct LogSpool {
  let path: String
  let name: String
  let owner: Box.User?

  func write(_ stream: Descriptor, _ judge: ReplayJudge, isStopped: () -> Bool) throws -> ReplayJudge {
    defer { stream.close() }
    let file = Descriptor(owning: open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600))
    guard file.raw >= 0 else { throw full() }
    if let owner, fchown(file.raw, owner.uid, owner.gid) != 0 { throw full() }
    var judge = judge
    judge.begin(name)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var events: [BinaryLogEvent] = []
    var scanner = BinaryLogScanner(name, keepsStatements: judge.statements != nil)
    while true {
      if isStopped() { throw CancellationError() }
      let count = Glibc.read(stream.raw, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw Fault(.backupUnreadable, "reading \(name) failed: \(String(cString: strerror(errno)))", isTransient: true)
      }
      if count == 0 { break }
      let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      try put(part, file)
      try scanner.take(part) { events.append($0) }
      for event in events { try judge.take(event) }
      events.removeAll(keepingCapacity: true)
    }
    let (end, offset) = (scanner.wholeEnd, scanner.offset)
    // What lies behind the target may be cut: it is not needed.
    if !judge.isReached, judge.isInUse, end < offset {
      // It was copied while its server wrote it, or its server crashed: the reader would stumble over the rest.
      guard ftruncate(file.raw, Int(end)) == 0 else { throw full() }
      try judge.end(at: end, surplus: offset - end)
    } else {
      if !judge.isReached { try scanner.finish() }
      try judge.end(at: offset)
    }
    return judge
  }

  private func put(_ bytes: UnsafeRawBufferPointer, _ file: Descriptor) throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(file.raw, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw full() }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  private func full() -> Fault {
    let isFull = errno == ENOSPC || errno == EDQUOT
    return Fault(isFull ? .noSpace : .scratchUnusable, "cannot write \(name) in the scratch directory: \(String(cString: strerror(errno)))")
  }
}
