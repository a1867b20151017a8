import DrillModel
import EngineKit
import Foundation
import Glibc
import PostgreSQLKit
import ToolRunner

/// Loads a custom, tar or directory archive through pg_restore.
struct ArchiveRestore: Sendable {
  let session: LoadSession
  let format: DumpFormat
  /// The archive at a place that the run's user reads.
  let path: String

  /// What the archive says it holds.
  struct Contents: Sendable {
    var tables: [DumpStatement] = []
    var roles: [String] = []
    var extensions: [(name: String, schema: String?)] = []
    var encoding: String?
    /// Statements about databases, roles or the server itself, which pg_dump writes into no archive's definitions.
    var serverWide: [String] = []
  }

  /// Loads into `database`, which exists and is empty.
  ///
  /// - Throws: `SuperuserNeeded` when only a superuser could load it, else `Fault`.
  func load(into database: String, _ contents: Contents) async throws -> [String] {
    let report = LoadReport(session.judge(dumpVersion: format.archive?.dumpVersion), stopsEarly: false)
    var arguments = ["--dbname=dbname=\(Quoting.connectionValue(database))", "--no-owner", "--no-acl", "--no-tablespaces"]
    arguments += ["--no-security-labels", "--no-publications", "--no-subscriptions"]
    if case .tar = format {} else if session.options.jobs > 1 { arguments.append("--jobs=\(session.options.jobs)") }
    let exit = try await session.context.tools.run(
      command(arguments + [path], output: .discarded, errors: .lines { report.take($0) }))
    report.finish()
    try Task.checkCancellation()
    if let fault = report.fault { throw session.explained(fault) }
    if let right = report.needsSuperuser { throw SuperuserNeeded(right: right) }
    // Exit status 1 with nothing but harmless errors is a whole restore; anything else without a reason is not.
    guard exit.isSuccess || (exit.status == .exited(1) && !report.notes.isEmpty) else {
      throw Fault(
        .toolFailed, "pg_restore ended with \(exit.status) and gave no reason; the server said: \(session.lastWords())",
        advice: "See `drillmark log`; check memory", isTransient: true)
    }
    return report.notes
  }

  /// Reads the archive's table of contents by letting pg_restore print its definitions, and scans them.
  func contents() async throws -> Contents {
    let pipe = try Pipe(capacity: 1 << 20)
    let report = LoadReport(session.judge(dumpVersion: nil), stopsEarly: false)
    let reading = pipe.reading
    let tool = try session.context.tools.start(
      command(
        ["--schema-only", "--no-owner", "--no-acl", "--file=-", path], output: .descriptor(pipe.writing),
        errors: .lines { report.take($0) }))
    return try await withTaskCancellationHandler {
      let sink = ContentsSink()
      let scanned = try await onThread("archive toc") {
        defer { reading.close() }
        return try sink.read(reading)
      }
      let exit = await tool.exit()
      report.finish()
      try Task.checkCancellation()
      if let fault = report.fault { throw fault }
      guard exit.isSuccess else {
        throw Fault(.backupDamaged, "pg_restore cannot read the archive's table of contents (\(exit.status))", advice: DumpFormat.lookAtJob)
      }
      return scanned
    } onCancel: {
      tool.stop(as: .cancelled)
    }
  }

  /// Makes sure that every promised table is in the database.
  ///
  /// - Throws: `Fault` with code `restore_failed` that names those that are not.
  func confirm(_ contents: Contents, in database: String) async throws {
    let target = session.inspector.entering(database)
    let missing = try await session.administering("the restored tables cannot be listed") { try self.missing(contents, in: target) }
    guard missing.isEmpty else {
      let shown = missing.prefix(5).joined(separator: ", ")
      throw Fault(
        .restoreFailed, "the archive promises \(missing.count) tables that are not there after its restore: \(shown)",
        advice: DumpFormat.lookAtJob)
    }
  }

  /// Names of promised tables that the database lacks.
  private func missing(_ contents: Contents, in database: ConnectionTarget) throws(ServerError) -> [String] {
    let connection = try Connection(database)
    defer { connection.close() }
    // The archive's names are in its own encoding; asked for in the same, they are the same bytes.
    if let encoding = contents.encoding { try connection.execute("SET client_encoding = \(Quoting.literal(encoding))") }
    let table = try connection.query(
      "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')"
    )
    let there = Set(table.rows.compactMap { row in row[0].flatMap { schema in row[1].map { "\(schema).\($0)" } } })
    return contents.tables.compactMap { statement in
      guard case .createTable(let schema, let name) = statement else { return nil }
      let full = "\(schema ?? "public").\(name)"
      return there.contains(full) ? nil : full
    }
  }

  private func command(_ arguments: [String], output: ToolCommand.Output, errors: ToolCommand.Output) -> ToolCommand {
    let program = session.installation.program("pg_restore")
    return ToolCommand(
      program, arguments, environment: session.environment(database: nil), output: output, errors: errors,
      box: session.box(for: program, reading: [path]))
  }
}

/// Only a superuser could load the archive.
struct SuperuserNeeded: Error {
  var right: String
}

/// Scans the definitions that pg_restore prints.
private final class ContentsSink: DumpSink, @unchecked Sendable {
  // Unchecked: it is made, used on one thread, and dropped; nothing of it is shared.
  private var contents = ArchiveRestore.Contents()
  private var path = "public"

  func pass(_ bytes: UnsafeBufferPointer<UInt8>) {}

  func found(_ statement: DumpStatement, line: Int) {
    switch statement {
    case .role(let name): contents.roles.append(name)
    case .installExtension(let name, let schema): contents.extensions.append((name, schema))
    case .encoding(let name): contents.encoding = contents.encoding ?? name
    case .searchPath(let value): path = value.split(separator: ",").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? "public"
    case .createTable(let schema, let name):
      contents.tables.append(.createTable(schema: schema ?? (path.isEmpty ? "public" : path), name: name))
    case .serverWide(let what): contents.serverWide.append(what)
    case .copyIn, .escapes, .hostAccess: break
    }
  }

  func read(_ source: Descriptor) throws -> ArchiveRestore.Contents {
    var scanner = DumpScanner()
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = buffer.withUnsafeMutableBytes { bytes in Glibc.read(source.raw, bytes.baseAddress, bytes.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return contents }
      try buffer.withUnsafeBufferPointer { bytes in
        var position = 0
        let filled = UnsafeBufferPointer(rebasing: bytes[..<count])
        while position < count {
          position = try scanner.scan(filled, from: position, into: self)
          scanner.connect = nil
        }
      }
    }
  }
}
