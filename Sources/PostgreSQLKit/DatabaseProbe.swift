internal import DrillModel
package import EngineKit
internal import ToolRunner

/// Asks a restored database, each question over a connection of its own that can neither write nor do more than read.
package struct DatabaseProbe: SQLProbe {
  private let target: ConnectionTarget

  /// - Parameter target: a role that reads everything and may nothing else.
  package init(_ target: ConnectionTarget) {
    var target = target
    target.settings["default_transaction_read_only"] = "on"
    target.settings["lock_timeout"] = "30s"
    self.target = target
  }

  package func query(_ sql: String, timeout: Duration, limit: Int) async throws -> SQLTable {
    try await ask(timeout) { connection throws(ServerError) in try connection.query(sql, limit: limit) }
  }

  package func count(table: String, timeout: Duration) async throws -> Int64 {
    let relation = try await RelationName.resolve(table, timeout: timeout, probe: self)
    let found = try await query("SELECT count(*) FROM \(relation.quoted)", timeout: timeout, limit: 1)
    guard let text = found.rows.first?.first ?? nil, let count = Int64(text) else {
      throw ProbeError.unavailable("count(*) of \(table) gave no number")
    }
    return count
  }

  /// Runs one parameterised query of ours.
  func lookUp(_ sql: String, _ parameters: [String?], timeout: Duration) async throws -> SQLTable {
    try await ask(timeout) { connection throws(ServerError) in try connection.query(sql, parameters) }
  }

  /// Reads what a COPY gives, keeping nothing.
  func drain(_ copy: String, timeout: Duration) async throws -> Int64 {
    try await ask(timeout) { connection throws(ServerError) in try connection.drain(copy) }
  }

  /// A database that declares no encoding holds bytes that need not be UTF-8; asked to convert them, the server would call sound rows damaged.
  private static let opening = """
    BEGIN READ ONLY; SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', false)
    WHERE pg_catalog.current_setting('server_encoding') = 'SQL_ASCII'
    """

  /// Runs a question in a read-only transaction with a limit on its time; cancelling the task cancels it at the server.
  func ask<T: Sendable>(_ timeout: Duration, _ question: @escaping @Sendable (Connection) throws(ServerError) -> T) async throws -> T {
    let current = CurrentQuestion<Connection>(ending: { $0.cancel() })
    var target = target
    target.settings["statement_timeout"] = "\(max(1, timeout.inMilliseconds))ms"
    let asking = target
    return try await withTaskCancellationHandler {
      try await onThread("pg query") {
        do throws(ServerError) {
          let connection = try Connection(asking)
          defer { connection.close() }
          guard current.begin(connection) else { throw ServerError(sqlState: "57014", message: "stopped before it was asked") }
          defer { current.end() }
          try connection.execute(DatabaseProbe.opening)
          return try question(connection)
        } catch {
          if current.isCancelled { throw CancellationError() }
          throw error.probeError(timeout: timeout)
        }
      }
    } onCancel: {
      current.cancel()
    }
  }
}
