import CSQLite
package import DrillConfig
import DrillModel
package import EngineKit
package import ToolRunner

/// Restores SQLite databases: a database file, or the SQL text that sqlite3's `.dump` writes (docs/engines/sqlite.md).
package struct SQLiteEngine: RestoreEngine {
  package let name = "sqlite"
  package let provides: ProbeKinds = [.sql, .schema, .deep, .digests]

  private let program: OwnProgram

  /// - Parameter program: Drillmark itself, which is started again to read what a backup holds.
  package init(program: OwnProgram = OwnProgram()) { self.program = program }

  package static let kind = Kind<any RestoreEngine>(
    name: "sqlite", summary: "A SQLite database file, or a .sql dump of one", section: Section<SQLiteEngine>([]), initial: SQLiteEngine()
  ) { engine, _ in engine }

  package func preflight(_ context: EngineContext) async throws -> EngineIdentity {
    let oldest: Int32 = 3_038_000
    guard sqlite3_libversion_number() >= oldest else {
      throw Fault(
        .toolTooOld, "SQLite \(String(cString: sqlite3_libversion())) is too old", advice: "Install libsqlite3 3.38 or newer")
    }
    return EngineIdentity(
      version: "sqlite \(String(cString: sqlite3_libversion()))",
      isolation: ReaderIsolation(program, scratch: context.directory).description)
  }

  package func inspect(_ head: ContentHead) throws -> BackupIdentity {
    if head.directory != nil {
      throw Fault(.backupWrongFormat, "\(head.name) is a directory; the sqlite engine restores one file", advice: "Check `match`")
    }
    let size = head.layers.isEmpty ? head.storedBytes : nil
    switch try SQLiteFormat(head: head.bytes, size: size) {
    case .database(let header):
      let bytes = header.pageCount.map { $0 * header.pageSize } ?? size ?? 0
      return BackupIdentity(
        format: "SQLite database, pages of \(header.pageSize) bytes, written by SQLite \(Self.versionText(header.writerVersion))",
        intake: .stream, spaceNeeded: bytes)
    case .dump:
      // A database and its indexes are about as large as its dump; packed text shrinks to a fifth.
      let stored = head.storedBytes ?? 0
      return BackupIdentity(format: "SQL dump", intake: .stream, spaceNeeded: head.layers.isEmpty ? stored : stored * 5)
    }
  }

  package func provision(_ context: EngineContext, for identity: BackupIdentity) async throws -> any ScratchTarget {
    SQLiteTarget(context: context, reader: try ReaderProcess(context, program))
  }

  /// `3040001` as `3.40.1`.
  static func versionText(_ number: Int32) -> String {
    "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)"
  }
}
