import DrillModel
import EngineKit
import PostgreSQLKit
import ToolRunner

/// Loads plain SQL through psql, one for each database that the dump enters.
struct PlainRestore: Sendable {
  let session: LoadSession
  let places: any PlainPlaces
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
    var database = try await places.first(header)
    for _ in 0..<PlainRestore.sections {
      try session.writePasswordFile()
      let report = LoadReport(session.judge(dumpVersion: header.dumpVersion), stopsEarly: true)
      let ending = try await section(pump, in: database, report)
      notes += report.notes
      if let fault = report.fault { throw session.explained(fault) }
      if let right = report.needsSuperuser { throw places.superuserNeeded(right) }
      switch ending {
      case .connect(let next): database = try await places.next(next, after: report)
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
    let psql = session.installation.program("psql")
    let key = RandomText.hex(16)
    let command = ToolCommand(
      psql, ["-X", "-q", "-w", "-b", "-v", "VERBOSITY=verbose", "-c", "\\restrict \(key)", "-f", "-"],
      environment: session.environment(database: database), input: .descriptor(pipe.reading), output: .discarded,
      errors: .lines { report.take($0) }, box: session.box(for: psql, alone: true))
    let tool = try session.context.tools.start(command)
    report.onError {
      pump.stop()
      tool.stop(as: .cancelled)
    }
    let places = places
    return try await withTaskCancellationHandler {
      let outcome: Result<DumpPump.Ending, any Error>
      do {
        outcome = .success(
          try await onThread("dump pump") {
            try pump.section(into: pipe.writing) { statement, _ in try places.found(statement, in: database, report) }
          })
      } catch {
        tool.stop(as: .cancelled)
        outcome = .failure(error)
      }
      let exit = await tool.exit()
      report.finish()
      try Task.checkCancellation()
      let ending = try outcome.get()
      if !report.isBroken, !exit.isSuccess { throw unexplained(exit) }
      return ending
    } onCancel: {
      pump.stop()
      tool.stop(as: .cancelled)
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

  private func unexplained(_ exit: ToolExit) -> Fault {
    Fault(
      .toolFailed, "psql ended with \(exit.status) and gave no reason; the server said: \(session.lastWords())",
      advice: "See `drillmark log`; check memory", isTransient: true)
  }
}
