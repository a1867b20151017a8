import DrillModel
import EngineKit
import ToolRunner

/// Asks a restored database file, each question in a reader process of its own.
struct SQLiteProbe: SQLProbe, SchemaProbe, DeepProbe, DigestProbe {
  let reader: ReaderProcess

  func query(_ sql: String, timeout: Duration, limit: Int) async throws -> SQLTable {
    guard case .table(let table) = try await ask(.query(limit: limit), sql, within: timeout), table.rows.count <= limit else {
      throw Self.mismatch
    }
    return table
  }

  func count(table: String, timeout: Duration) async throws -> Int64 {
    guard case .count(let count) = try await ask(.count, table, within: timeout) else { throw Self.mismatch }
    return count
  }

  func schema(timeout: Duration) async throws -> SchemaSnapshot {
    guard case .schema(let lines) = try await ask(.schema, within: timeout) else { throw Self.mismatch }
    return SchemaSnapshot(engine: "sqlite", lines: lines)
  }

  func check(_ level: DeepLevel, timeout: Duration) async throws -> DeepResult {
    guard case .checked(let result) = try await ask(.check(level), within: timeout) else { throw Self.mismatch }
    return result
  }

  func origin(timeout: Duration) async throws -> DigestOrigin {
    // Stored values are digested, not texts of them: no version writes them differently.
    DigestOrigin(method: "sqlite-rows-1", system: "sqlite", version: "3", significant: 0)
  }

  func tables(timeout: Duration) async throws -> [String] {
    guard case .schema(let names) = try await ask(.tables, within: timeout) else { throw Self.mismatch }
    return names
  }

  func digest(of table: String, timeout: Duration) async throws -> TableDigest {
    guard case .digest(let digest) = try await ask(.digest, table, within: timeout) else { throw Self.mismatch }
    return digest
  }

  private static let mismatch = ProbeError.unavailable("the process that reads the database answered another question")

  /// The reader's answer; whatever keeps it from answering says nothing about the data.
  ///
  /// - Throws: `ProbeError`.
  private func ask(_ request: ReaderRequest, _ input: String = "", within timeout: Duration) async throws -> ReaderReply {
    do {
      let reply = try await reader.carryOut(request, input: .bytes(Array(input.utf8)), within: timeout)
      if case .refused(let error) = reply { throw error }
      return reply
    } catch ReaderEnd.late {
      throw ProbeError.timeout(timeout)
    } catch ReaderEnd.crashed(let signal) {
      throw ProbeError.unavailable("SQLite itself crashed over this question (signal \(signal)), in a process of its own")
    } catch let fault as Fault {
      throw ProbeError.unavailable(fault.message)
    } catch is CancellationError {
      throw ProbeError.unavailable("the check was stopped")
    }
  }
}
