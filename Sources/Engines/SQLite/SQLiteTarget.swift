import CSQLite
import DrillModel
import EngineKit
import Glibc
import ToolRunner

/// One restored database file in the run's directory.
struct SQLiteTarget: ScratchTarget {
  let context: EngineContext

  var path: String { "\(context.directory)/restored.sqlite" }

  var access: [String] { ["sqlite3 -readonly '\(path)'"] }

  func restore(_ content: BackupContent) async throws -> RestoreReport {
    let watch = SQLiteWatch()
    let start = context.clocks.elapsed()
    let restore = SQLiteRestore(path: path, context: context, watch: watch)
    let notes = try await withTaskCancellationHandler {
      try await onThread("sqlite restore", stack: SQLiteDepth.stack) { try restore.run(content) }
    } onCancel: {
      watch.stop()
    }
    try Task.checkCancellation()
    return RestoreReport(engineTime: context.clocks.elapsed() - start, notes: notes)
  }

  func awaitReady() async throws {
    let probe = SQLiteProbe(path: path, clocks: context.clocks)
    do {
      try await probe.open(within: .seconds(600)) { connection in
        try connection.run("SELECT count(*) FROM sqlite_schema") { _ in true }
      }
    } catch let error as SQLiteError {
      throw notReady(error)
    } catch let error as ProbeError {
      throw Fault(.notReady, "the restored database does not answer: \(error.message)")
    }
  }

  private func notReady(_ error: SQLiteError) -> Fault {
    let writer = (try? SQLiteRestore.header(of: path))?.writerVersion ?? 0
    if error.isDamage || error.primary == SQLITE_ERROR, writer > sqlite3_libversion_number() {
      return Fault(
        .toolTooOld,
        "the database was written by a newer SQLite (\(SQLiteEngine.versionText(writer))) than this one reads: \(error.message)",
        advice: "Upgrade libsqlite3 on this machine")
    }
    if error.isDamage || error.primary == SQLITE_ERROR {
      return Fault(.backupDamaged, "the restored database cannot be opened: \(error.message)", advice: "Restore an older backup to compare")
    }
    return Fault(.notReady, "the restored database does not answer: \(error.message)")
  }

  func probes() async throws -> Probes {
    let probe = SQLiteProbe(path: path, clocks: context.clocks)
    return Probes(sql: probe, schema: probe, deep: probe)
  }

  func destroy() async throws {
    for suffix in ["", "-journal", "-wal", "-shm"] where unlink(path + suffix) != 0 && errno != ENOENT {
      throw Fault(.scratchUnusable, "cannot remove \(path)\(suffix): \(String(cString: strerror(errno)))")
    }
  }
}
