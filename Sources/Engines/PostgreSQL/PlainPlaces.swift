import DrillModel
import EngineKit
import PostgreSQLKit

/// The databases that a plain dump finds itself in, and what its statements need there.
protocol PlainPlaces: Sendable {
  /// The database that the dump begins in.
  func first(_ header: PlainHeader) async throws -> String

  /// The database for a `\connect`; `report` holds the notes on the section before.
  func next(_ name: String, after report: LoadReport) async throws -> String

  /// Does what a statement needs before psql sees its end.
  ///
  /// - Returns: Whether the statement is to be left out.
  func found(_ statement: DumpStatement, in database: String, _ report: LoadReport) throws -> Bool

  /// The end of a load for which the rights do not suffice.
  func superuserNeeded(_ right: String) -> Fault
}

/// The databases of a scratch server of our own, where a dump may make and enter what it likes.
struct ScratchPlaces: PlainPlaces {
  let session: LoadSession
  let roles: LoadRoles
  let server: ScratchServer

  func first(_ header: PlainHeader) async throws -> String {
    try await enter(server.initialDatabase, encoding: session.options.encoding ?? header.clientEncoding)
  }

  func next(_ name: String, after report: LoadReport) async throws -> String {
    // The dump's own statement may have failed only for a locale that this machine lacks.
    try await enter(name, encoding: nil, mayMake: report.notes.contains { $0.hasPrefix(LoadJudge.otherLocale) })
  }

  func found(_ statement: DumpStatement, in database: String, _ report: LoadReport) throws -> Bool {
    switch statement {
    case .role(let name): try roles.ensure(name)
    case .installExtension(let name, let schema) where server.confinement.holdsSuperuser:
      do throws(ServerError) {
        if try roles.install(name, schema: schema, in: database) {
          report.add("the extension \(name) was installed with a superuser's rights, inside the box")
        }
      } catch {
        // The dump's own statement fails next, and says why.
      }
    default: break
    }
    return false
  }

  func superuserNeeded(_ right: String) -> Fault {
    Fault(
      .permissionDenied, "the dump needs a superuser to load: \(right)",
      advice: server.confinement.holdsSuperuser
        ? "Set `superuser: true` under `restore`; it then holds inside the box only"
        : "Run Drillmark as root on a kernel with Landlock, and set `superuser: true` under `restore`")
  }

  private func enter(_ database: String, encoding: String?, mayMake: Bool = false) async throws -> String {
    let (roles, server, wanted) = (roles, server, session.options.encoding)
    return try await session.administering("the database \(database) cannot be entered") {
      if encoding == "SQL_ASCII" { try roles.recreate(database, encoding: "SQL_ASCII") }
      if let encoding, encoding != "SQL_ASCII", wanted != nil { try roles.recreate(database, encoding: encoding) }
      if mayMake, try !roles.exists(database) { try roles.recreate(database, encoding: nil) }
      guard try roles.exists(database) else {
        throw Fault(
          .restoreFailed, "the dump connects to the database \(database), which it has not created",
          advice: "Dump with pg_dump --create, or without entering a database")
      }
      guard database != server.administrator.database else {
        throw Fault(.unsafeContent, "the dump enters a database of our own, which is refused")
      }
      try roles.open(database)
      return database
    }
  }
}
