import DrillModel
import EngineKit
import Foundation
import MySQLKit
import Synchronization
import ToolRunner

/// Prepares a backup: applies the redo log copied with it, or an incremental backup on top.
struct Preparation: Sendable {
  let context: EngineContext
  let confinement: Confinement
  let programs: PhysicalPrograms

  /// - Parameters:
  ///   - target: The directory of the base, which changes.
  ///   - increment: The directory of the incremental backup to apply; nil for the base itself.
  ///   - isLast: Whether nothing is applied afterwards.
  ///   - metadata: Of whichever is applied.
  ///   - name: Of the artefact, for faults.
  func run(_ target: String, increment: String?, isLast: Bool, metadata: BackupMetadata, name: String) async throws {
    let program = try programs.preparer()
    let temporary = "\(context.directory)/prepare"
    if !FileManager.default.fileExists(atPath: temporary) {
      try Accounts.makeDirectory(temporary, owner: confinement.user, mode: 0o700)
    }
    var arguments = [
      "--no-defaults", "--prepare", "--target-dir=\(target)", "--use-memory=\(Preparation.memory)M", "--tmpdir=\(temporary)",
    ]
    if let increment { arguments.append("--incremental-dir=\(increment)") }
    // MariaDB's tool leaves unfinished transactions in place by itself until the server starts.
    if programs.installation.vendor == .mysql, !isLast { arguments.append("--apply-log-only") }
    let log = PreparationLog()
    let exit = try await context.tools.run(
      ToolCommand(
        program, arguments, environment: MySQLServer.environment, directory: target, output: .lines { log.add($0) },
        errors: .lines { log.add($0) },
        box: confinement.box(
          for: program, reading: programs.installation.readable + [program],
          writing: [target, temporary, "/dev/null"] + (increment.map { [$0] } ?? []))))
    try Task.checkCancellation()
    try log.judge(exit, name: name, metadata: metadata, vendor: programs.installation.vendor)
    try confirm(target, metadata, name)
  }

  /// What the tool wrote must agree with what it said.
  private func confirm(_ target: String, _ metadata: BackupMetadata, _ name: String) throws {
    let after = try BackupMetadata.read(target)
    guard after.isPrepared else {
      throw Fault(.restoreFailed, "\(name) was prepared, and its files still say \(InertText.line(after.type, limit: 40))")
    }
    guard after.toLSN == metadata.toLSN else {
      throw Fault(.restoreFailed, "\(name) was applied, and the files stand at LSN \(after.toLSN) in place of \(metadata.toLSN)")
    }
  }

  private static var memory: Int { min(4096, max(128, Int(ProcessInfo.processInfo.physicalMemory >> 20) / 8)) }
}

/// What the preparing tool said, kept as far as it decides.
final class PreparationLog: Sendable {
  private struct Said {
    var last = ""
    var errors: [String] = []
    var logEnd: UInt64?
  }

  private let said = Mutex(Said())

  func add(_ line: String) {
    guard !line.allSatisfy(\.isWhitespace) else { return }
    said.withLock { said in
      said.last = line
      if line.contains("[ERROR]") || line.lowercased().contains("error:") || line.contains("[FATAL]")
        || line.contains("srv_start() returned")
      {
        if said.errors.count < 20 { said.errors.append(InertText.line(line, limit: 300)) }
      }
      // MariaDB: storage/innobase/log/log0recv.cc.
      if let found = line.firstMatch(of: /End of log at LSN=([0-9]+)/) { said.logEnd = UInt64(found.1) }
    }
  }

  /// The tool's exit status alone proves nothing: it ends with 0 and `completed OK!` on a redo log that was cut.
  func judge(_ exit: ToolExit, name: String, metadata: BackupMetadata, vendor: MySQLVendor) throws {
    let said = said.withLock { $0 }
    guard exit.isSuccess, said.last.hasSuffix("completed OK!") else { throw failure(exit, name, said.errors, said.last) }
    if let error = said.errors.first {
      throw Fault(.backupDamaged, "\(name) was prepared with errors: \(error)", advice: "Run `drillmark log` for all that was said")
    }
    guard vendor == .mariadb, !metadata.isPrepared else { return }
    // Nothing was there to recover when the log ends where the pages do.
    let end = said.logEnd ?? metadata.toLSN
    let slack: UInt64 = said.logEnd == nil ? 4096 : 0
    guard end + slack >= metadata.lastLSN else {
      throw Fault(
        .backupTruncated,
        "the redo log in \(name) ends at LSN \(end), and the backup says that it reaches \(metadata.lastLSN): the rest was lost",
        advice: "Look at how the backup is copied; the tool itself does not notice this")
    }
  }

  private func failure(_ exit: ToolExit, _ name: String, _ errors: [String], _ last: String) -> Fault {
    let text = (errors.isEmpty ? [InertText.line(last, limit: 300)] : errors).suffix(3).joined(separator: "; ")
    let what = "\(name) could not be prepared, \(exit.status): \(text)"
    let all = text.lowercased()
    if all.contains("no space left") || all.contains("error number 28") || all.contains("errcode: 28") { return Fault(.noSpace, what) }
    if all.contains("not to be proper for the target") || all.contains("failed to find a valid lsn") {
      return Fault(.restoreFailed, what, advice: "An incremental backup is missing, out of order or of another server")
    }
    if all.contains("unsupported redo log format") || all.contains("upgrade after a crash") || all.contains("redo log was created with") {
      return Fault(
        .toolTooOld, what, advice: "Install mariadb-backup and mariadb-server of the series that the backup was made with")
    }
    if case .signalled(9) = exit.status, errors.isEmpty {
      return Fault(.toolFailed, what, advice: "Look at this machine's memory: the kernel kills what takes too much")
    }
    if all.contains("corrupt") || all.contains("checksum") || all.contains("missing") {
      return Fault(.backupDamaged, what, advice: "Run `drillmark log` for all that was said")
    }
    return Fault(.restoreFailed, what, advice: "Run `drillmark log` for all that was said")
  }
}
