import DrillModel
import EngineKit
import PostgreSQLKit
import ToolRunner

/// Loads plain SQL through psql, one for each database that the dump enters.
struct PlainRestore: Sendable {
  let session: LoadSession
  private static let sections = 10_000

  /// - Throws: `Fault`; after a good load too, when the dump's end is missing.
  func load(_ source: Descriptor) async throws -> [String] {
    let context = session.context
    let pump = DumpPump(source) { context.progress(.restore, $0, nil) }
    return try await withTaskCancellationHandler {
      defer { source.close() }
      return try await load(from: pump)
    } onCancel: {
      pump.stop()
    }
  }

  private func load(from pump: DumpPump) async throws -> [String] {
    let header = PlainHeader(String(decoding: try await onThread("dump head") { try pump.head() }, as: UTF8.self))
    var notes: [String] = []
    var database = try await enter(session.server.initialDatabase, encoding: session.options.encoding ?? header.clientEncoding)
    for _ in 0..<PlainRestore.sections {
      let report = LoadReport(session.judge(dumpVersion: header.dumpVersion), stopsEarly: true)
      let ending = try await section(pump, in: database, report)
      notes += report.notes
      if let fault = report.fault { throw session.explained(fault) }
      if let right = report.needsSuperuser { throw superuserNeeded(right) }
      switch ending {
      case .connect(let next):
        database = try await enter(next, encoding: nil, mayMake: report.notes.contains { $0.hasPrefix(LoadJudge.otherLocale) })
      case .end:
        try judgeEnd(pump, &notes)
        return notes
      case .closed, .stopped:
        try Task.checkCancellation()
        throw Fault(.toolFailed, "psql ended before the dump did", advice: "See `drillmark log` for what it said")
      }
    }
    throw Fault(.unsafeContent, "the dump changes databases more than \(PlainRestore.sections) times, which is refused")
  }

  private func section(_ pump: DumpPump, in database: String, _ report: LoadReport) async throws -> DumpPump.Ending {
    let pipe = try Pipe(capacity: 1 << 20)
    let server = session.server
    let psql = server.installation.program("psql")
    let key = RandomText.hex(16)
    let command = ToolCommand(
      psql, ["-X", "-q", "-w", "-b", "-v", "VERBOSITY=verbose", "-c", "\\restrict \(key)", "-f", "-"],
      environment: session.environment(database: database), input: .descriptor(pipe.reading), output: .discarded,
      errors: .lines { report.take($0) },
      box: server.confinement.box(
        for: psql, of: server.installation, writing: [server.socket, "/dev/null"], alone: true))
    let tool = try session.context.tools.start(command)
    report.onError {
      pump.stop()
      tool.stop(as: .cancelled)
    }
    let (roles, mayInstall) = (session.roles, server.confinement.holdsSuperuser)
    return try await withTaskCancellationHandler {
      let outcome: Result<DumpPump.Ending, any Error>
      do {
        outcome = .success(
          try await onThread("dump pump") {
            try pump.section(into: pipe.writing) { statement, _ in
              try PlainRestore.prepare(statement, in: database, roles, mayInstall: mayInstall, report)
            }
          })
      } catch {
        tool.stop(as: .cancelled)
        outcome = .failure(error)
      }
      let exit = await tool.exit()
      report.finish()
      try Task.checkCancellation()
      let ending = try outcome.get()
      if !report.isBroken, !exit.isSuccess { throw PlainRestore.unexplained(exit, server) }
      return ending
    } onCancel: {
      pump.stop()
      tool.stop(as: .cancelled)
    }
  }

  /// Does what a statement needs before psql sees its end.
  private static func prepare(
    _ statement: DumpStatement, in database: String, _ roles: LoadRoles, mayInstall: Bool, _ report: LoadReport
  ) throws {
    switch statement {
    case .role(let name): try roles.ensure(name)
    case .installExtension(let name, let schema) where mayInstall:
      do throws(ServerError) {
        if try roles.install(name, schema: schema, in: database) {
          report.add("the extension \(name) was installed with a superuser's rights, inside the box")
        }
      } catch {
        // The dump's own statement fails next, and says why.
      }
    default: break
    }
  }

  /// - Parameter mayMake: Whether the dump's own statement failed only for a locale that this machine lacks.
  private func enter(_ database: String, encoding: String?, mayMake: Bool = false) async throws -> String {
    let (roles, server) = (session.roles, session.server)
    try session.writePasswordFile()
    return try await session.administering("the database \(database) cannot be entered") {
      if encoding == "SQL_ASCII" { try roles.recreate(database, encoding: "SQL_ASCII") }
      if let encoding = encoding, encoding != "SQL_ASCII", self.session.options.encoding != nil {
        try roles.recreate(database, encoding: encoding)
      }
      if mayMake, try !roles.exists(database) { try roles.recreate(database, encoding: nil) }
      guard try roles.exists(database) else {
        throw Fault(
          .restoreFailed, "the dump connects to the database \(database), which it has not created",
          advice: "Dump with pg_dump --create, or without entering a database")
      }
      guard database != server.administrator.database else {
        throw Fault(.unsafeContent, "the dump enters a database of our own, which is refused")
      }
      try roles.open(database)
      return database
    }
  }

  private func judgeEnd(_ pump: DumpPump, _ notes: inout [String]) throws {
    if let what = pump.truncation {
      throw Fault(.backupTruncated, "the dump is cut: \(what)", advice: DumpFormat.lookAtJob)
    }
    guard pump.hasStatement else {
      throw Fault(.backupEmpty, "the dump holds no statement", advice: DumpFormat.lookAtJob)
    }
    if !pump.hasBanner {
      notes.append("the dump carries no banner of pg_dump, so nothing in it shows whether its end is there; only checks of counts can")
    }
  }

  private func superuserNeeded(_ right: String) -> Fault {
    Fault(
      .permissionDenied, "the dump needs a superuser to load: \(right)",
      advice: session.server.confinement.holdsSuperuser
        ? "Set `superuser: true` under `restore`; it then holds inside the box only"
        : "Run Drillmark as root on a kernel with Landlock, and set `superuser: true` under `restore`")
  }

  private static func unexplained(_ exit: ToolExit, _ server: ScratchServer) -> Fault {
    Fault(
      .toolFailed, "psql ended with \(exit.status) and gave no reason; the server said: \(server.lastWords)",
      advice: "See `drillmark log`; check memory", isTransient: true)
  }
}
