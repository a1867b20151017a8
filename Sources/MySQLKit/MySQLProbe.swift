import DrillModel
package import EngineKit
import ToolRunner

/// Asks a restored database, each question over a connection of its own that can neither write nor do more than read.
package struct MySQLProbe: SQLProbe {
  let endpoint: MySQLEndpoint
  private let vendor: MySQLVendor

  /// - Parameter endpoint: An account that reads everything and may nothing else, in the database that unqualified names mean.
  package init(_ endpoint: MySQLEndpoint, vendor: MySQLVendor) {
    self.endpoint = endpoint
    self.vendor = vendor
  }

  package func query(_ sql: String, timeout: Duration, limit: Int) async throws -> SQLTable {
    try await ask(timeout) { connection throws(MySQLError) in try connection.query(sql, limit: limit) }
  }

  package func count(table: String, timeout: Duration) async throws -> Int64 {
    let name = try await MySQLTableName.resolve(table, timeout: timeout, probe: self)
    let found = try await query("SELECT count(*) FROM \(name.quoted)", timeout: timeout, limit: 1)
    guard let text = found.rows.first?.first ?? nil, let count = Int64(text) else {
      throw ProbeError.unavailable("count(*) of \(table) gave no number")
    }
    return count
  }

  /// Runs a question in a read-only transaction with a limit on its time; cancelling the task cancels it at the server.
  func ask<T: Sendable>(
    _ timeout: Duration, _ question: @escaping @Sendable (MySQLConnection) throws(MySQLError) -> T
  ) async throws -> T {
    let (endpoint, opening) = (endpoint, opening(timeout))
    let patience = Duration.seconds(5)
    let current = CurrentQuestion<MySQLConnection>(
      ending: { first in
        guard let second = try? MySQLConnection(endpoint, silence: patience) else { return }
        try? second.execute("KILL QUERY \(first.number)")
        second.close()
      }, patience: patience, breaking: { $0.sever() })
    return try await withTaskCancellationHandler {
      try await onThread("mysql query") {
        do throws(MySQLError) {
          // The server ends a statement that takes too long; the margin is for one that no longer answers at all.
          let connection = try MySQLConnection(endpoint, silence: timeout + .seconds(30))
          defer { connection.close() }
          guard current.begin(connection) else { throw MySQLError(code: 1317, message: "stopped before it was asked") }
          defer { current.end() }
          for statement in opening { try connection.execute(statement) }
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

  private func opening(_ timeout: Duration) -> [String] {
    let milliseconds = max(1, timeout.inMilliseconds)
    let limit =
      switch vendor {
      case .mariadb: "max_statement_time = \(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
      case .mysql: "max_execution_time = \(min(milliseconds, 4_294_967_295))"
      }
    return ["SET SESSION \(limit), lock_wait_timeout = 30, time_zone = '+00:00'", "START TRANSACTION READ ONLY"]
  }
}
