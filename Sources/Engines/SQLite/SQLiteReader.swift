import CSQLite
import DrillModel
import EngineKit
import Glibc
import ToolRunner

/// The process that alone lets SQLite touch a backup's content: this program, started again in a box for one request
/// (docs/design/0006-sqlite-reader.md).
package enum SQLiteReader {
  /// The first argument by which the program is told to be it.
  package static let word = "sqlite-reader"

  /// Carries out one request and writes its replies to standard output; `arguments` are the database's path and the request's words.
  ///
  /// - Returns: The exit status: 0 once the reply is written, whatever it says.
  package static func run(_ arguments: [String]) -> Int32 {
    guard let path = arguments.first, path.hasPrefix("/"), let request = ReaderRequest(Array(arguments.dropFirst())) else { return 64 }
    let writer = ReplyWriter(descriptor: STDOUT_FILENO)
    do {
      try waitOnThread("sqlite reader", stack: SQLiteDepth.stack) { writer.write(reply(to: request, path, writer)) }
    } catch {
      writer.write(.fault(error))
    }
    return 0
  }

  private static func reply(to request: ReaderRequest, _ path: String, _ writer: ReplyWriter) -> ReaderReply {
    do {
      switch request {
      case .restore(let limit, let isDurable):
        let ticker = ProgressTicker(writer: writer)
        let restore = SQLiteRestore(path: path, limit: limit, isDurable: isDurable) { ticker.tell($0, $1) }
        do { return .restored(notes: try restore.run(Descriptor(owning: STDIN_FILENO))) } catch let error as SQLiteError {
          return .fault(Fault(.restoreFailed, "the backup cannot be loaded: \(error.message)"))
        }
      case .open: return try open(path)
      case .query, .count, .check, .schema, .tables, .digest:
        return try SQLiteQuestions(path: path).answer(request, input: try standardInput())
      }
    } catch let error as ProbeError {
      return .refused(error)
    } catch let error as SQLiteError {
      return .refused(SQLiteQuestions.answer(to: error))
    } catch let fault as Fault {
      return .fault(fault)
    } catch {
      return .fault(Fault(.internalError, "an unexpected error ended the work on the database: \(type(of: error))"))
    }
  }

  private static func open(_ path: String) throws -> ReaderReply {
    do {
      let questions = try SQLiteQuestions(path: path)
      try questions.open()
      return .opened
    } catch let error as SQLiteError {
      throw notReady(error, path)
    }
  }

  private static func notReady(_ error: SQLiteError, _ path: String) -> Fault {
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

  private static func standardInput() throws -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Fault(.internalError, "the question cannot be read: \(String(cString: strerror(errno)))") }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer.prefix(count)
    }
  }
}

/// Tells of progress, but not for every megabyte. Belongs to one thread.
private final class ProgressTicker {
  private let writer: ReplyWriter
  private var next = ContinuousClock.now

  init(writer: ReplyWriter) { self.writer = writer }

  func tell(_ done: Int64, _ total: Int64?) {
    let now = ContinuousClock.now
    guard now >= next else { return }
    next = now + .milliseconds(250)
    writer.write(.progress(done: done, total: total))
  }
}
