import DrillModel
import DrillTestSupport
import EngineKit
import Foundation
import MySQLKit
import ToolRunner

/// A scratch server of the machine's own MariaDB or MySQL for one test.
enum MySQLBench {
  static let tools = SupervisedTools(run: "01TESTTESTTESTTESTTESTTEST")
  static let isInstalled = ["mariadbd", "mysqld"].contains { (try? tools.locate($0, in: ["/usr/sbin"], package: nil)) != nil }
  static let absence: String = "no MariaDB or MySQL server is installed"

  /// Starts a server, gives it to `body` and ends it.
  static func server<T>(
    durability: Durability = .relaxed, extra: [String] = [], _ body: (MySQLServer, EngineContext) async throws -> T
  ) async throws -> T {
    let scratch = try EngineScratch()
    let context = scratch.context(
      tools: tools, durability: durability, user: EngineScratch.boxUser, cache: EngineScratch.cache)
    let installation = try await MySQLInstallation.find(preferring: nil, tools: tools)
    let confinement = Confinement(user: context.user, isBoxed: true, holdsSuperuser: false)
    let socket = try await SocketDirectory.settle(context, longest: "mysql.sock")
    let server = try await MySQLServer.fresh(installation, context, confinement, socket: socket.path, extra: extra)
    do {
      let result = try await body(server, context)
      await server.stop()
      try await socket.remove(context)
      return result
    } catch {
      await server.stop()
      try await socket.remove(context)
      throw error
    }
  }

  /// Runs statements as our own administrator.
  static func run(_ statements: [String], on server: MySQLServer, database: String? = nil) async throws {
    let target = server.administrator.entering(database)
    try await onThread("statements") {
      let connection = try MySQLConnection(target)
      for statement in statements { try connection.execute(statement) }
    }
  }
}
