internal import CLibPQ
package import EngineKit
internal import Glibc
internal import Synchronization

/// One libpq connection. Every call blocks and belongs on a thread of its own; calls from several threads take turns.
///
/// Unchecked because the compiler cannot see that `raw` is used by whoever holds `isOpen` only, and closed once.
package final class Connection: @unchecked Sendable {
  private let isOpen: Mutex<Bool>
  private let raw: OpaquePointer?
  private let canceller: Canceller

  /// Connects.
  ///
  /// - Throws: `ServerError`; `sqlState` is nil when nobody answered.
  package init(_ target: ConnectionTarget) throws(ServerError) {
    let raw = Connection.connect(target)
    guard PQstatus(raw) == CONNECTION_OK else {
      let text = String(cString: PQerrorMessage(raw))
      PQfinish(raw)
      throw ServerError(sqlState: Connection.refusal(in: text), message: Connection.oneLine(text))
    }
    PQsetNoticeProcessor(raw, { _, _ in }, nil)
    canceller = Canceller(raw)
    self.raw = raw
    isOpen = Mutex(true)
  }

  deinit { close() }

  /// Ends the connection; repeating it is a no-op.
  package func close() {
    isOpen.withLock { isOpen in
      if isOpen { PQfinish(raw) }
      isOpen = false
    }
  }

  /// The password that was used, which may come from a password file; empty for none.
  package var password: String {
    isOpen.withLock { isOpen in isOpen ? PQpass(raw).map { String(cString: $0) } ?? "" : "" }
  }

  /// Asks the server to end the statement that runs now. Safe from any thread; a no-op when none runs.
  package func cancel() { canceller.cancel() }

  /// Runs statements that give nothing back that matters; several may be separated by semicolons.
  package func execute(_ sql: String) throws(ServerError) {
    try locked { (handle) throws(ServerError) in
      let result = PQexec(handle, sql)
      defer { PQclear(result) }
      try Connection.check(result, handle)
    }
  }

  /// Runs one statement and gives its rows as text, at most `limit` of them.
  package func query(_ sql: String, _ parameters: [String?] = [], limit: Int = .max) throws(ServerError) -> SQLTable {
    try locked { (handle) throws(ServerError) in
      try Connection.send(sql, parameters, on: handle)
      var table = SQLTable(columns: [], rows: [])
      var failure: ServerError?
      while let result = PQgetResult(handle) {
        defer { PQclear(result) }
        do throws(ServerError) { try Connection.check(result, handle) } catch {
          if failure == nil, !table.isCut { failure = error }
          continue
        }
        if table.columns.isEmpty { table.columns = Connection.columns(of: result) }
        Connection.append(result, to: &table, limit: limit)
        if table.isCut { canceller.cancel() }
      }
      if let failure { throw failure }
      return table
    }
  }

  /// Reads everything that `COPY … TO STDOUT` sends and throws it away.
  ///
  /// - Returns: the bytes that came.
  package func drain(_ copy: String) throws(ServerError) -> Int64 {
    try locked { (handle) throws(ServerError) in
      let start = PQexec(handle, copy)
      let status = PQresultStatus(start)
      defer { PQclear(start) }
      guard status == PGRES_COPY_OUT else {
        try Connection.check(start, handle)
        return 0
      }
      var total: Int64 = 0
      var buffer: UnsafeMutablePointer<CChar>?
      while true {
        let count = PQgetCopyData(handle, &buffer, 0)
        if count < 0 { break }
        total += Int64(count)
        PQfreemem(buffer)
      }
      var failure: ServerError?
      while let result = PQgetResult(handle) {
        defer { PQclear(result) }
        do throws(ServerError) { try Connection.check(result, handle) } catch { failure = failure ?? error }
      }
      if let failure { throw failure }
      return total
    }
  }

  private func locked<T>(_ body: (OpaquePointer) throws(ServerError) -> T) throws(ServerError) -> T {
    var outcome: Result<T, ServerError> = .failure(ServerError(sqlState: nil, message: "the connection is closed"))
    isOpen.withLock { isOpen in
      guard isOpen, let raw else { return }
      do throws(ServerError) { outcome = .success(try body(raw)) } catch { outcome = .failure(error) }
    }
    return try outcome.get()
  }
}

/// A cancel request. Unchecked because libpq promises that `PQcancel` is thread-safe and does not change the object.
private final class Canceller: @unchecked Sendable {
  private let raw: OpaquePointer?

  init(_ connection: OpaquePointer?) { raw = PQgetCancel(connection) }
  deinit { PQfreeCancel(raw) }

  func cancel() {
    var text = [CChar](repeating: 0, count: 256)
    _ = PQcancel(raw, &text, 256)
  }
}

extension Connection {
  fileprivate static func connect(_ target: ConnectionTarget) -> OpaquePointer? {
    let parameters = target.parameters
    var keys: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.0)) }
    var values: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.1)) }
    defer { for pointer in keys + values { free(UnsafeMutableRawPointer(mutating: pointer)) } }
    keys.append(nil)
    values.append(nil)
    return PQconnectdbParams(keys, values, 0)
  }

  fileprivate static func send(_ sql: String, _ parameters: [String?], on handle: OpaquePointer) throws(ServerError) {
    let copies = parameters.map { $0.map { strdup($0) } }
    defer { for copy in copies { free(copy ?? nil) } }
    let values = copies.map { UnsafePointer<CChar>($0 ?? nil) }
    guard PQsendQueryParams(handle, sql, Int32(values.count), nil, values, nil, nil, 0) == 1 else {
      throw ServerError(sqlState: nil, message: oneLine(String(cString: PQerrorMessage(handle))))
    }
    _ = PQsetSingleRowMode(handle)
  }

  fileprivate static func check(_ result: OpaquePointer?, _ handle: OpaquePointer) throws(ServerError) {
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_SINGLE_TUPLE, PGRES_EMPTY_QUERY: return
    default: break
    }
    let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
    let primary = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
    throw ServerError(sqlState: state, message: primary ?? oneLine(String(cString: PQerrorMessage(handle))))
  }

  fileprivate static func columns(of result: OpaquePointer) -> [String] {
    (0..<PQnfields(result)).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
  }

  fileprivate static func append(_ result: OpaquePointer, to table: inout SQLTable, limit: Int) {
    for row in 0..<PQntuples(result) {
      guard table.rows.count < limit else {
        table.isCut = true
        return
      }
      table.rows.append(
        (0..<PQnfields(result)).map { column in
          PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
        })
    }
  }

  /// What libpq says of a refused connection holds no code, so the few that matter are known by their words.
  fileprivate static func refusal(in text: String) -> String? {
    if text.contains("the database system is") { return "57P03" }
    if text.contains("does not exist") && text.contains("database") { return "3D000" }
    if text.contains("password authentication failed") { return "28P01" }
    let refusals = [
      "no password supplied", "authentication failed", "no pg_hba.conf entry", "role \"", "requires a valid client certificate",
    ]
    if refusals.contains(where: { text.contains($0) }) { return "28000" }
    return nil
  }

  fileprivate static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "the connection was lost"
  }
}
