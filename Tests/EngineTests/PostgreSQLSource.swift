import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import PostgreSQLKit
import Testing
import ToolRunner

@testable import EnginePostgreSQL

/// A server that plays production: tests fill it and dump it with the real tools.
final class PostgreSQLSource: Sendable {
  let server: ScratchServer
  private let bench: PostgreSQLBench
  var folder: TemporaryFolder { bench.folder }

  init(_ sql: String, database: String = "shop") async throws {
    bench = PostgreSQLBench()
    let context = try bench.context()
    let installation = try await Installation.find(exactly: nil, atLeast: 14, tools: context.tools)
    let confinement = try RunIsolation().confinement(context)
    server = try await ScratchServer(installation, context, confinement, socket: "\(context.directory)/socket")
    try await psql("CREATE DATABASE \(Quoting.identifier(database))", in: "postgres")
    try await psql(sql, in: database)
  }

  func psql(_ sql: String, in database: String) async throws {
    let exit = try await run("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"], database, input: sql)
    try #require(exit.isSuccess, "\(exit.errorText)")
  }

  /// Dumps and gives the file's path.
  func dump(_ arguments: [String], _ name: String, database: String = "shop", tool: String = "pg_dump") async throws -> String {
    let path = "\(folder.path)/\(name)"
    let exit = try await run(tool, arguments + ["--file=\(path)"], database, input: "")
    try #require(exit.isSuccess, "\(exit.errorText)")
    return path
  }

  private func run(_ tool: String, _ arguments: [String], _ database: String, input: String) async throws -> ToolExit {
    let admin = server.administrator
    let environment = [
      "PGHOST": admin.host, "PGUSER": admin.user, "PGPASSWORD": admin.password, "PGDATABASE": database, "LC_ALL": "C", "PATH": "/usr/bin",
    ]
    return try await PostgreSQLBench.tools.run(
      ToolCommand(server.installation.program(tool), arguments, environment: environment, input: .bytes(Array(input.utf8))))
  }
}
