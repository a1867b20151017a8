import DrillModel
import EngineKit
import Glibc
import MySQLKit
import Synchronization
import ToolRunner

/// Loads a mydumper directory with several sessions of myloader, and proves that each table has as many rows as its files.
///
/// myloader 0.10.1 passes over a cut statement at a file's end with exit status 0, and was seen to lose a chunk with exit status 1: neither its
/// exit nor its silence is taken for the whole truth.
struct MyDumperLoad: Sendable {
  let session: MySQLLoadSession
  let dump: MyDumperDirectory

  /// - Returns: notes for the record.
  func load() async throws -> [String] {
    let myloader = try session.context.tools.locate("myloader", package: "mydumper")
    var seen = try await look(dump.files.filter { $0.kind != .data }, standIn: true)
    let place = try await reachable()
    let directories = try await MyDumperPasses(session: session, dump: dump).directories(of: myloader, at: place)
    let loading = Task { for directory in directories { try await run(myloader, directory, filesIn: place) } }
    try await withTaskCancellationHandler {
      // What the files themselves say is told rather than what myloader made of them: of a cut file it makes nothing and says nothing.
      do { seen.merge(try await look(dump.files.filter { $0.kind == .data }, standIn: false)) { $0 + $1 } } catch {
        loading.cancel()
        _ = await loading.result
        throw error
      }
      try await loading.value
    } onCancel: {
      loading.cancel()
    }
    try await compare(seen)
    return []
  }

  /// Reads files through the scanner: makes accounts for definers, counts rows, and finds what is cut or damaged.
  private func look(_ files: [MyDumperDirectory.File], standIn: Bool) async throws -> [MyDumperDirectory.Table: Int64] {
    var rows: [MyDumperDirectory.Table: Int64] = [:]
    for file in files {
      let report = try await scan(file, standIn: standIn)
      if let what = report.truncation {
        throw Fault(.backupTruncated, "the file `\(file.name)` is cut: \(what)", advice: MySQLEngine.lookAtJob)
      }
      if let table = file.table, file.kind == .data { rows[table, default: 0] += report.rows }
    }
    return rows
  }

  private func scan(_ file: MyDumperDirectory.File, standIn: Bool) async throws -> MySQLScanReport {
    let session = session
    let raw = open("\(dump.path)/\(file.name)", O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard raw >= 0 else {
      throw Fault(
        .backupUnreadable, "the file `\(file.name)` of the mydumper directory cannot be read: \(systemMessage(errno))",
        advice: "Check its owner and mode, and the disk it lies on")
    }
    let stored = Descriptor(owning: raw)
    guard file.isCompressed else { return try await scan(stored, standIn, session) }
    let pipe = try Pipe()
    let gzip = try session.context.tools.start(
      ToolCommand(
        try session.context.tools.locate("gzip", package: "gzip"), ["-dc"], input: .descriptor(stored), output: .descriptor(pipe.writing)))
    return try await withTaskCancellationHandler {
      let report = try await scan(pipe.reading, standIn, session)
      let exit = await gzip.exit()
      guard exit.isSuccess else {
        throw Fault(
          .backupDamaged, "the file `\(file.name)` cannot be unpacked: \(exit.errorText.split(separator: "\n").first ?? "")",
          advice: MySQLEngine.lookAtJob)
      }
      return report
    } onCancel: {
      gzip.stop(as: .cancelled)
    }
  }

  private func scan(_ source: Descriptor, _ standIn: Bool, _ session: MySQLLoadSession) async throws -> MySQLScanReport {
    let feed = MySQLDumpFeed(source, countsRows: true)
    return try await withTaskCancellationHandler {
      defer { source.close() }
      let isWhole = try await onThread("dump scan") { try feed.run(into: nil) { if standIn { session.provide($0, initial: nil) } } }
      guard isWhole else { throw CancellationError() }
      return feed.report
    } onCancel: {
      feed.stop()
    }
  }

  /// The directory where the run's user can read it: in its place, or a copy.
  private func reachable() async throws -> String {
    guard let user = session.server.confinement.user else { return dump.path }
    if Accounts.isReadable(dump.path), dump.files.allSatisfy({ Accounts.isReadable("\(dump.path)/\($0.name)") }) { return dump.path }
    let place = "\(session.context.directory)/backup"
    let copy = try await session.context.tools.run(ToolCommand("/bin/cp", ["-R", "-P", "--reflink=auto", "--", dump.path, place]))
    let owned = try await session.context.tools.run(ToolCommand("/bin/chown", ["-R", "-h", "\(user.uid):\(user.gid)", place]))
    guard copy.isSuccess, owned.isSuccess else {
      let text = copy.errorText + owned.errorText
      throw Fault(
        text.contains("No space") ? .noSpace : .backupUnreadable, "the directory cannot be copied for the run's user: \(text.prefix(300))")
    }
    return place
  }

  private func run(_ myloader: String, _ directory: String, filesIn place: String) async throws {
    let lines = LoaderLines()
    let arguments = [
      "--defaults-file=\(try session.optionsFile(["myloader"]))", "--socket=\(session.server.socket)/\(MySQLServer.socketName)",
      "--directory=\(directory)", "--threads=\(session.options.jobs)", "--verbose=3",
    ]
    let command = ToolCommand(
      myloader, arguments, environment: MySQLServer.environment, output: .lines { lines.take($0) }, errors: .lines { lines.take($0) },
      box: session.box(for: myloader, reading: [place, directory], alone: false))
    let exit = try await session.context.tools.run(command)
    try Task.checkCancellation()
    if let complaint = lines.complaint { throw await session.explained(fault(complaint)) }
    guard exit.isSuccess else {
      throw await session.explained(
        Fault(.toolFailed, "myloader ended with \(exit.status) and gave no reason", advice: "See `drillmark log`", isTransient: true))
    }
  }

  /// `Error restoring shop.orders from file shop.orders.00001.sql: …`.
  private func fault(_ complaint: String) -> Fault {
    let judge = MySQLLoadJudge(installation: session.installation, header: nil)
    let said = complaint.firstMatch(of: /Error restoring (.*?) from file (.*?): (.*)$/)
    let place = said.map { "in the file `\($0.2)`" } ?? "in myloader"
    let message = said.map { String($0.3) } ?? complaint
    let isGone = message.contains("Lost connection") || message.contains("gone away")
    return judge.fault(MySQLLoadError(code: isGone ? 2013 : MyDumperLoad.code(message), line: nil, message: message), kind: nil, at: place)
  }

  /// myloader prints no numbers, so the refusals that matter are known by their words.
  private static func code(_ message: String) -> Int {
    if message.contains("denied") || message.contains("disabled the local infile") || message.contains("--secure-file-priv") { return 1227 }
    if message.contains("Unknown collation") { return 1273 }
    if message.contains("Unknown storage engine") { return 1286 }
    if message.contains("Unknown character set") { return 1115 }
    return 0
  }

  private func compare(_ expected: [MyDumperDirectory.Table: Int64]) async throws {
    let probe = MySQLProbe(session.server.administrator, vendor: session.installation.vendor)
    for table in dump.tables {
      let name = "\(MySQLQuoting.identifier(table.database)).\(MySQLQuoting.identifier(table.name))"
      let found: SQLTable
      do { found = try await probe.query("SELECT count(*) FROM \(name)", timeout: .seconds(86_400), limit: 1) } catch let error
        as ProbeError
      {
        throw Fault(.restoreFailed, "myloader did not make \(table.database).\(table.name): \(error.message)", advice: MySQLLoadJudge.look)
      }
      let rows = found.rows.first?.first.flatMap { $0 }.flatMap { Int64($0) } ?? -1
      let wanted = expected[table] ?? 0
      guard rows == wanted else {
        throw Fault(
          .restoreFailed, "\(table.database).\(table.name) has \(rows) rows after the load, and its files hold \(wanted)",
          advice: "Run the drill again; if it stays so, the directory or myloader is at fault")
      }
    }
  }
}

/// What myloader says. It logs `** (myloader:1): CRITICAL **: …`, and its warnings are lost rows as well.
private final class LoaderLines: Sendable {
  private let first = Mutex<String?>(nil)

  func take(_ line: String) {
    guard line.contains("CRITICAL") || line.contains("WARNING") || line.contains("ERROR") || line.hasPrefix("Error") else { return }
    let text = line.firstMatch(of: /\*\*: (?:[\d:.]+: )?(.*)$/).map { String($0.1) } ?? line
    first.withLock { if $0 == nil { $0 = text } }
  }

  var complaint: String? { first.withLock { $0 } }
}
