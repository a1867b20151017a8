import DrillModel
import EngineKit
import ToolRunner

/// One restored database file in the run's directory.
struct SQLiteTarget: ScratchTarget {
  let context: EngineContext
  let reader: ReaderProcess

  var access: [String] { ["sqlite3 -readonly '\(reader.path)'"] }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let input: Descriptor
    switch content {
    case .stream(let descriptor): input = descriptor
    case .file(let path, _, _): input = try SQLiteRestore.openRegular(path)
    case .directory, .handle:
      throw Fault(.backupWrongFormat, "the sqlite engine restores one file: a database or a .sql dump")
    }
    let context = context
    let start = context.clocks.elapsed()
    let request = ReaderRequest.restore(limit: context.limits.bytes, isDurable: context.durability == .production)
    do {
      let reply = try await reader.carryOut(request, input: .descriptor(input)) { context.progress(.restore, $0, $1) }
      guard case .restored(let notes) = reply else { throw mismatch }
      return RestoreReport(engineTime: context.clocks.elapsed() - start, notes: notes)
    } catch ReaderEnd.crashed(let signal) {
      throw Fault(
        .restoreFailed, "SQLite itself crashed while it loaded the backup (signal \(signal)), in a process of its own",
        advice: "Load it by hand with another version of SQLite to compare; look at who can write to the backups")
    }
  }

  func awaitReady() async throws {
    do {
      guard case .opened = try await reader.carryOut(.open, input: .empty, within: .seconds(600)) else { throw mismatch }
    } catch ReaderEnd.late {
      throw Fault(.notReady, "the restored database does not answer within 10 minutes")
    } catch ReaderEnd.crashed(let signal) {
      throw Fault(
        .notReady, "SQLite itself crashed when it opened the restored database (signal \(signal)), in a process of its own",
        advice: "Open it by hand with another version of SQLite to compare; look at who can write to the backups")
    }
  }

  private var mismatch: Fault { Fault(.internalError, "the process that reads the database answered another question") }

  func probes() async throws -> Probes {
    let probe = SQLiteProbe(reader: reader)
    return Probes(sql: probe, schema: probe, deep: probe, digests: probe)
  }

  /// Nothing lies outside the run's directory, and no process outlives its question.
  func destroy() async throws {}
}
