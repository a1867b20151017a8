import DrillConfig
import DrillModel
import DrillTestSupport
import EngineKit
import EnginePostgreSQL
import Synchronization

extension PostgreSQLBench {
  /// A bench whose drill is given a server.
  static func given(_ server: GivenPostgreSQL, conninfo: String? = nil) -> PostgreSQLBench { given(conninfo ?? server.conninfo) }

  static func given(_ conninfo: String) -> PostgreSQLBench {
    var bench = PostgreSQLBench()
    bench.options.server = .env("DRILL_DB")
    bench.durability = .production
    bench.secrets = FetchedSecrets([.env("DRILL_DB"): conninfo])
    return bench
  }

  /// What a look at the given server ends with.
  func preflightFault() async -> Fault? {
    do {
      _ = try await PostgreSQLEngine(options).preflight(try context())
      return nil
    } catch {
      return error as? Fault ?? Fault(.internalError, "\(error)")
    }
  }

  /// Writes a sample dump of 1000 orders.
  func sample(_ format: String) async throws -> String {
    let dumps = try await SamplePostgreSQL.dumps()
    switch format {
    case "custom": return folder.file("shop.dump", dumps.custom)
    case "tar": return folder.file("shop.tar", dumps.tar)
    default: return folder.file("shop.sql", dumps.plain)
    }
  }

  /// A plain dump of these statements, without pg_dump's banner.
  func script(_ sql: String) -> String { folder.file("script.sql", sql + "\n") }
}

/// Remembers what was journalled, and asks the server at each step what is there.
final class WatchingJournal: ScratchJournal {
  private let server: GivenPostgreSQL
  private let seen = Mutex<[String]>([])

  init(_ server: GivenPostgreSQL) { self.server = server }

  /// A line a step: `intended 0`, the number of databases of runs being that at the time.
  var steps: [String] { seen.withLock { $0 } }

  func intend(_ resource: ScratchResource) async throws { try await note("intended", resource) }
  func made(_ resource: ScratchResource) async throws { try await note("made", resource) }
  func gone(_ resource: ScratchResource) async throws { try await note("gone", resource) }

  private func note(_ step: String, _ resource: ScratchResource) async throws {
    let count = try await server.scratchDatabases().count
    seen.withLock { $0.append("\(step) \(resource.kind) \(count)") }
  }
}
