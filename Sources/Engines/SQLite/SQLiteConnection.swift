import CSQLite
import Digesting

/// What SQLite said, with its extended result code.
struct SQLiteError: Error, Hashable {
  let code: Int32
  let message: String

  /// The code without its extension.
  var primary: Int32 { code & 0xFF }
  var isDamage: Bool { primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB }
}

/// How deep SQLite may be led: it walks through views and triggers that use each other by calling itself.
enum SQLiteDepth {
  /// Views and triggers in one database; more could only be meant to overflow the stack.
  static let definitions = 10_000
  /// Bytes of stack for a thread that asks SQLite anything, enough for a chain of all of them; untouched pages cost nothing.
  static let stack = 256 << 20
}

/// One open database handle; belongs to the thread that made it.
final class SQLiteConnection {
  private let handle: OpaquePointer
  private let guardian: SQLiteGuard

  /// Opens `path` with every defence that SQLite has (sqlite.org/security.html) and with `guardian` judging each statement.
  ///
  /// - Throws: `SQLiteError`.
  init(path: String, mode: Mode, guardian: SQLiteGuard) throws {
    var opened: OpaquePointer?
    let status = sqlite3_open_v2(mode.name(path), &opened, mode.flags, nil)
    guard status == SQLITE_OK, let opened else {
      let error = SQLiteError(code: status, message: String(cString: sqlite3_errstr(status)))
      sqlite3_close(opened)
      throw error
    }
    handle = opened
    self.guardian = guardian
    sqlite3_extended_result_codes(handle, 1)
    defend(mode)
    sqlite3_set_authorizer(
      handle,
      { context, action, first, second, database, trigger in
        let judge = SQLiteConnection.value(context, SQLiteGuard.self)
        return judge.judge(action, first, second)
      }, Unmanaged.passUnretained(guardian).toOpaque())
  }

  deinit { sqlite3_close_v2(handle) }

  enum Mode {
    /// A new database, for loading a dump.
    case create
    /// Nobody else writes to a restored file, so it is opened immutable: no lock, no journal, no file beside it is looked at.
    case read

    fileprivate var flags: Int32 {
      switch self {
      case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOMUTEX
      case .read: SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_URI | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOMUTEX
      }
    }

    fileprivate func name(_ path: String) -> String {
      guard self == .read else { return path }
      return "file:\(path.percentEncodedForURI)?mode=ro&immutable=1"
    }
  }

  private func defend(_ mode: Mode) {
    let settings: [(Int32, Int32)] = [
      (SQLITE_DBCONFIG_DEFENSIVE, mode == .read ? 1 : 0), (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
      (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0), (SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
      (SQLITE_DBCONFIG_ENABLE_TRIGGER, mode == .read ? 0 : 1),
    ]
    for (option, value) in settings { _ = drillmark_sqlite3_db_config(handle, option, value) }
    var limits: [(Int32, Int32)] = [(SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_WORKER_THREADS, 0), (SQLITE_LIMIT_TRIGGER_DEPTH, 100)]
    if mode == .read {
      limits += [
        (SQLITE_LIMIT_LENGTH, 268_435_456), (SQLITE_LIMIT_SQL_LENGTH, 16_777_216), (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
        (SQLITE_LIMIT_VARIABLE_NUMBER, 100),
      ]
    }
    for (limit, value) in limits { sqlite3_limit(handle, limit, value) }
    for pragma in ["mmap_size=0", "cell_size_check=1"] { sqlite3_exec(handle, "PRAGMA \(pragma)", nil, nil, nil) }
  }

  private static func value<Object: AnyObject>(_ context: UnsafeMutableRawPointer?, _ type: Object.Type) -> Object {
    guard let context else { preconditionFailure("SQLite gave a callback no context") }
    return Unmanaged<Object>.fromOpaque(context).takeUnretainedValue()
  }

  /// Whether a transaction is open.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Carries out one statement, whose rows go to `row`, until that returns false.
  ///
  /// - Throws: `SQLiteError`; `SQLITE_MISUSE` when `text` holds more than one statement.
  func run(_ text: UnsafeBufferPointer<UInt8>, row: (SQLiteRow) throws -> Bool = { _ in true }) throws {
    guard let statement = try prepare(text) else { return }
    defer { sqlite3_finalize(statement) }
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW: guard try row(SQLiteRow(statement: statement)) else { return }
      case SQLITE_DONE: return
      default: throw lastError()
      }
    }
  }

  func run(_ sql: String, row: (SQLiteRow) throws -> Bool = { _ in true }) throws {
    var text = sql
    try text.withUTF8 { try run($0, row: row) }
  }

  /// Names of a statement's result columns.
  func columns(of sql: String) throws -> [String] {
    var text = sql
    return try text.withUTF8 { bytes in
      guard let statement = try prepare(bytes) else { return [] }
      defer { sqlite3_finalize(statement) }
      return (0..<sqlite3_column_count(statement)).map { sqlite3_column_name(statement, $0).map { String(cString: $0) } ?? "" }
    }
  }

  private func prepare(_ text: UnsafeBufferPointer<UInt8>) throws -> OpaquePointer? {
    guard let base = text.baseAddress else { return nil }
    var statement: OpaquePointer?
    let status: Int32 = base.withMemoryRebound(to: CChar.self, capacity: text.count) { start in
      var tail: UnsafePointer<CChar>?
      let status = sqlite3_prepare_v2(handle, start, Int32(clamping: text.count), &statement, &tail)
      guard status == SQLITE_OK, let tail else { return status }
      let rest = UnsafeBufferPointer(rebasing: text[(tail - start)...])
      if rest.isEmpty { return status }
      var tokens = SQLTokens(Array(rest))
      let isAlone = tokens.rest(limit: 16).allSatisfy { $0.text == [UInt8(ascii: ";")] }
      return isAlone ? status : SQLITE_MISUSE
    }
    guard status == SQLITE_OK else {
      let error = status == SQLITE_MISUSE ? SQLiteError(code: status, message: "more than one statement") : lastError()
      sqlite3_finalize(statement)
      throw error
    }
    return statement
  }

  private func lastError() -> SQLiteError {
    SQLiteError(code: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)))
  }

  /// Declared collation and AUTOINCREMENT of a column, which no pragma tells.
  func metadata(table: String, column: String) -> (collation: String, autoincrement: Bool)? {
    var collation: UnsafePointer<CChar>?
    var autoincrement: Int32 = 0
    let status = sqlite3_table_column_metadata(handle, "main", table, column, nil, &collation, nil, nil, &autoincrement)
    guard status == SQLITE_OK else { return nil }
    return (collation.map { String(cString: $0) } ?? "BINARY", autoincrement != 0)
  }
}

/// The row that a statement stands at; valid until it steps on.
struct SQLiteRow {
  fileprivate let statement: OpaquePointer

  var count: Int32 { sqlite3_column_count(statement) }

  /// The value as text, nil for null. A long text is cut and a blob described, so that no row fills our memory.
  subscript(column: Int) -> String? {
    let index = Int32(column)
    switch sqlite3_column_type(statement, index) {
    case SQLITE_NULL: return nil
    case SQLITE_BLOB: return describeBlob(index)
    default:
      let bytes = Int(sqlite3_column_bytes(statement, index))
      guard let text = sqlite3_column_text(statement, index) else { return "" }
      return String(decoding: UnsafeBufferPointer(start: text, count: min(bytes, 65_536)), as: UTF8.self)
    }
  }

  func integer(_ column: Int) -> Int64? {
    sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL ? nil : sqlite3_column_int64(statement, Int32(column))
  }

  /// Adds the stored values of the first `count` columns to a digest, each with its type and length, so that no two rows are told alike.
  func add(_ count: Int, to digest: SHA256) {
    for index in 0..<Int32(count) {
      let type = sqlite3_column_type(statement, index)
      switch type {
      case SQLITE_NULL: digest.update([0])
      case SQLITE_INTEGER: digest.update([1] + Self.bytes(UInt64(bitPattern: sqlite3_column_int64(statement, index))))
      case SQLITE_FLOAT: digest.update([2] + Self.bytes(sqlite3_column_double(statement, index).bitPattern))
      default:
        // SQLite asks for the pointer first and the length second; texts come in UTF-8 whatever the file's encoding.
        let start: UnsafeRawPointer? =
          type == SQLITE_TEXT ? UnsafeRawPointer(sqlite3_column_text(statement, index)) : sqlite3_column_blob(statement, index)
        let length = Int(sqlite3_column_bytes(statement, index))
        digest.update([type == SQLITE_TEXT ? 3 : 4] + Self.bytes(UInt64(length)))
        if let start, length > 0 { digest.update(UnsafeRawBufferPointer(start: start, count: length)) }
      }
    }
  }

  private static func bytes(_ number: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }

  /// Short ones as SQL writes them (`x'00ff'`).
  private func describeBlob(_ index: Int32) -> String {
    let count = Int(sqlite3_column_bytes(statement, index))
    guard count <= 64 else { return "blob of \(count) bytes" }
    let bytes = UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, index), count: count)
    let digits = Array("0123456789abcdef".utf8)
    return "x'" + String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self) + "'"
  }
}

extension String {
  /// Everything but unreserved characters and `/` escaped (RFC 3986 section 2.1), so that a path cannot add parameters.
  fileprivate var percentEncodedForURI: String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in utf8 {
      switch byte {
      case 48...57, 65...90, 97...122, 45, 46, 47, 95, 126: result.append(byte)
      default: result += [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// As an identifier in SQL.
  var quotedIdentifier: String { "\"" + split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\"" }
}
