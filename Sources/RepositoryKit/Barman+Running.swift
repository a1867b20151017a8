import DrillModel
import Glibc
import ToolRunner

extension Barman {
  /// Barman is a program of Python's and starts rsync and small programs of the system, so that it needs their directories.
  func command(_ arguments: [String], config: String, in work: String, writing: [String]) -> ToolCommand {
    let python = ["/usr/lib/python3", "/usr/local/lib", "/etc/python3", "/etc/group", "/usr/share", "/dev/null", "/proc/self"]
    let box = Box(
      user: reader.user, executable: ["/usr/bin", "/bin", program],
      readable: (configuration.directories + python).filter { access($0, F_OK) == 0 }, writable: writing + ["/dev/null"])
    let environment = [
      "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin", "HOME": work, "TMPDIR": work, "PYTHONDONTWRITEBYTECODE": "1",
    ]
    return ToolCommand(
      program, ["--config", "\(work)/\(config)"] + arguments, environment: environment, directory: work, box: box, grace: .seconds(10))
  }

  func ask(_ arguments: [String], in work: String) async throws -> RepositoryAnswer {
    let command = command(["--format", "json"] + arguments, config: "restore.conf", in: work, writing: [work])
    return try await RepositoryAnswer.ask(command, deadline: Barman.patience, tools: tools)
  }

  func answer(_ arguments: [String], _ doing: String, in work: String) async throws -> [UInt8] {
    let answer = try await ask(arguments, in: work)
    let errors = BarmanCatalogue.errors(answer.output)
    if errors.contains(where: { $0.contains("Unknown backup") }) {
      throw Fault(.backupUnreadable, "a backup is gone since it was listed: \(InertText.line(errors.joined(separator: "; "), limit: 200))")
    }
    var exit = answer.exit
    exit.output = Array(errors.joined(separator: "; ").utf8)
    try judge(exit, doing)
    return answer.output
  }

  func judge(_ exit: ToolExit, _ doing: String) throws {
    if exit.status == .cancelled { throw CancellationError() }
    if let fault = PgBackRestFault.ended(exit.status, doing: doing, tool: "Barman") { throw fault }
    guard !exit.isSuccess else { return }
    let said = exit.outputText + "\n" + exit.errorText
    let lines = said.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("WARNING") }
    let errors = lines.filter { $0.contains("ERROR") || $0.contains("EXCEPTION") || $0.contains("rsync") }
    let words = InertText.line((errors.isEmpty ? Array(lines.suffix(3)) : Array(errors.prefix(4))).joined(separator: "; "), limit: 400)
    if said.contains("No space left on device") {
      throw Fault(.noSpace, "the scratch file system is full while \(doing): \(words)", advice: "Free some space")
    }
    if said.contains("/xlog.db"), access("\(configuration.log)/xlog.db", F_OK) != 0, errno == ENOENT {
      throw Fault(
        .configuration, "Barman's own list of the archived log is missing: \(InertText.line("\(configuration.log)/xlog.db", limit: 300))",
        advice: "Make it anew with `barman rebuild-xlogdb \(server)`; a drill only reads")
    }
    if said.contains("Permission denied") {
      throw Fault(
        .permissionDenied, "Barman may not read its own files while \(doing): \(words)",
        advice: "Run drillmark as root or as Barman's user, and see whether all of \(configuration.home) is that user's")
    }
    if said.contains("invalid compressed data") || said.contains("not in gzip format") || said.contains("Decompress") {
      throw Fault(.backupDamaged, "a file of Barman's is damaged: \(doing) failed: \(words)", advice: "Take a new backup")
    }
    throw Fault(
      .restoreFailed, "Barman failed while \(doing): \(words)", advice: "Run `drillmark log` for all it said; by hand it would fail alike")
  }

  var unclear: Fault {
    Fault(.toolTooOld, "Barman's catalogue of server \(server) cannot be understood", advice: "Versions from 2.12 on are known to be")
  }

  /// A recovery of Barman's renames the manifest and comments settings out; with the backup's own files the manifest can be compared.
  static func putBack(_ data: String, label: String) throws {
    let renamed = ["backup_manifest.\(label)": "backup_manifest"]
    let origins = ["postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf"].map { ("\($0).origin", $0) }
    for (from, to) in Array(renamed) + origins where access("\(data)/\(from)", F_OK) == 0 {
      guard rename("\(data)/\(from)", "\(data)/\(to)") == 0 else {
        throw Fault(.scratchUnusable, "\(to) of the restored files cannot be put back: \(systemMessage(errno))")
      }
    }
    for name in [".barman-recover.info", "recovery.signal", "standby.signal"] { unlink("\(data)/\(name)") }
  }
}
