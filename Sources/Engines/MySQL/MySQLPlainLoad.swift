import DrillModel
import EngineKit
import MySQLKit
import Synchronization
import ToolRunner

/// Loads plain SQL through the vendor's own client, boxed and in binary mode, fed by a scanner that looks for the dump's end.
struct MySQLPlainLoad: Sendable {
  let session: MySQLLoadSession

  /// - Returns: what the scanner saw, and the database that the dump found itself in first.
  /// - Throws: `Fault`; after a good load too, when the dump's end is missing.
  func load(_ source: Descriptor) async throws -> (report: MySQLScanReport, header: MySQLDumpHeader, database: String) {
    let session = session
    let feed = MySQLDumpFeed(source) { session.context.progress(.restore, $0, nil) }
    return try await withTaskCancellationHandler {
      defer { source.close() }
      let head = try await onThread("dump head") { try feed.head() }
      try Task.checkCancellation()
      let header = try MySQLDumpHeader(head)
      if session.context.logs != nil { try refuseWithoutPlace(head, header) }
      let database = try await first(header)
      return (try await load(feed, header, database), header, database)
    } onCancel: {
      feed.stop()
    }
  }

  /// The vendors' tools say where a dump was taken before its first database or table: hours of loading need not be waited for.
  private func refuseWithoutPlace(_ head: [UInt8], _ header: MySQLDumpHeader) throws {
    guard header.isVendors else { return }
    let text = String(decoding: head, as: UTF8.self)
    guard let content = text.firstMatch(of: /(?m)^(?:CREATE|INSERT|DROP|\/\*!\d+ DROP|\/\*!40000 DROP)/) else { return }
    guard !text[..<content.range.lowerBound].contains(/(?:MASTER|SOURCE)_LOG_FILE/) else { return }
    _ = try DumpReplay.start(DumpCoordinates())
  }

  /// Makes the database that a dump finds itself in: the one that it was taken from, for code in it that names it.
  private func first(_ header: MySQLDumpHeader) async throws -> String {
    let named = header.database.flatMap { SystemSchemas.contains($0) || $0.utf8.count > 64 ? nil : $0 }
    let database = session.options.database ?? named ?? "restored"
    let accounts = session.accounts
    do { try await onThread("mysql database") { try accounts.provide(database) } } catch let error as MySQLError {
      guard !error.isDisconnected else {
        throw await session.explained(
          Fault(.toolFailed, "the scratch server went away before the load", advice: "See `drillmark log`; check memory", isTransient: true)
        )
      }
      throw Fault(.configuration, "the database \(database) cannot be made: \(error.withoutValues)", advice: "Give another `database`")
    }
    return database
  }

  private func load(_ feed: MySQLDumpFeed, _ header: MySQLDumpHeader, _ database: String) async throws -> MySQLScanReport {
    let (session, errors) = (session, ClientErrors())
    let pipe = try Pipe()
    let tool = try session.context.tools.start(try command(pipe.reading, database, errors))
    return try await withTaskCancellationHandler {
      let fed: Result<Bool, any Error>
      do {
        fed = .success(
          try await onThread("dump feed", stack: 4 << 20) { try feed.run(into: pipe.writing) { session.provide($0, initial: database) } })
      } catch {
        tool.stop(as: .cancelled)
        fed = .failure(error)
      }
      let exit = await tool.exit()
      try Task.checkCancellation()
      if case .failure(let error) = fed { throw error }
      let report = feed.report
      if let error = errors.first {
        // What the server did not understand may be the half of a statement at the dump's end, or lack what went before.
        if let what = report.truncation(behindErrorAt: error.line) { throw MySQLPlainLoad.cut(what) }
        throw await session.explained(
          MySQLLoadJudge(installation: session.installation, header: header).fault(
            error, kind: error.line.flatMap { report.kind(at: $0) }, at: error.line.map { "at line \($0)" } ?? "at an unknown line"))
      }
      guard exit.isSuccess, try fed.get() else {
        let text = "\(session.installation.client) ended with \(exit.status) and gave no reason: \(errors.last)"
        throw await session.explained(Fault(.toolFailed, text, advice: "See `drillmark log`; check memory", isTransient: true))
      }
      try judgeEnd(report)
      return report
    } onCancel: {
      tool.stop(as: .cancelled)
    }
  }

  private func command(_ input: Descriptor, _ database: String, _ errors: ClientErrors) throws -> ToolCommand {
    let client = session.installation.client
    var arguments = [
      "--defaults-file=\(try session.optionsFile([]))", "--binary-mode", "--batch", "--quick", "--skip-auto-rehash", "--skip-reconnect",
      "--skip-column-names", "--local-infile=0", "--max-allowed-packet=1G", "--default-character-set=\(session.options.characterSet)",
    ]
    if session.installation.vendor == .mariadb { arguments.append("--loose-sandbox") }
    return ToolCommand(
      client, arguments + ["--database=\(database)"], environment: MySQLServer.environment, input: .descriptor(input), output: .discarded,
      errors: .lines { errors.take($0) }, box: session.box(for: client, alone: true))
  }

  private static func cut(_ what: String) -> Fault {
    Fault(.backupTruncated, "the dump is cut: \(what)", advice: MySQLEngine.lookAtJob)
  }

  private func judgeEnd(_ report: MySQLScanReport) throws {
    if let what = report.truncation { throw MySQLPlainLoad.cut(what) }
    guard report.hasContent else {
      throw Fault(.backupEmpty, "the dump makes no table and fills none", advice: MySQLEngine.lookAtJob)
    }
  }
}

/// What the client complains of.
private final class ClientErrors: Sendable {
  private let state = Mutex<(first: MySQLLoadError?, last: String)>((nil, ""))

  func take(_ line: String) {
    state.withLock { state in
      state.last = line
      if state.first == nil { state.first = MySQLLoadError(client: line) }
    }
  }

  var first: MySQLLoadError? { state.withLock { $0.first } }
  var last: String { state.withLock { $0.last } }
}
