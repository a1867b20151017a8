import DrillModel
import EngineKit
import Foundation
import MySQLKit
import ToolRunner
import TreeKit

/// Brings one backup of a chain into the run's directory, and leaves nothing in it that reaches out of there.
struct BackupUnpacking: Sendable {
  let context: EngineContext
  let confinement: Confinement
  let programs: PhysicalPrograms

  /// - Returns: The directory that holds the backup's files, at or below `target`.
  func unpack(_ content: BackupContent, as format: BackupFormat, to target: String) async throws -> String {
    switch content {
    case .directory(let path):
      let root = try BackupRoot.find(path)
      try await blocking { try $0.copy(root, to: target) }
    case .stream(let stream):
      if format == .xbstream {
        try await extract(stream, to: target)
        // What tells a backup is written last.
        guard BackupMetadata.isBackup(target) else {
          throw Fault(
            .backupTruncated, "the xbstream ends before xtrabackup_checkpoints and xtrabackup_info, which are written last: it was cut",
            advice: "Look at the job that makes it: its last line must be `completed OK!`")
        }
      } else {
        try await blocking { try $0.unpack(stream, to: target) }
      }
    case .file, .handle: throw Fault(.internalError, "a physical backup was given in a form that was not asked for")
    }
    let root = try BackupRoot.find(target)
    try await onThread("backup sweep") { try BackupSweep.sweep(root) }
    return root
  }

  private func blocking(_ work: @escaping @Sendable (BackupCopy) throws -> Void) async throws {
    let stop = StopFlag()
    let copy = BackupCopy(context: context, stop: stop)
    try await withTaskCancellationHandler {
      try await onThread("backup copy") { try work(copy) }
    } onCancel: {
      stop.set()
    }
  }

  /// The format has no public specification, so the vendor's own program reads it, in a box that holds nothing but the new directory.
  private func extract(_ stream: Descriptor, to target: String) async throws {
    let program: String
    do {
      program = try programs.streamReader()
      try Accounts.makeDirectory(target, owner: confinement.user, mode: 0o700)
    } catch {
      stream.close()
      throw error
    }
    let exit = try await context.tools.run(
      ToolCommand(
        program, ["-x", "-C", target], environment: MySQLServer.environment, directory: target, input: .descriptor(stream),
        box: confinement.box(for: program, reading: programs.installation.readable + [program], writing: [target, "/dev/null"])))
    try Task.checkCancellation()
    // It ends with 0 where it could not make a file or start a thread, and says nothing when all went well.
    guard exit.isSuccess, !exit.errorText.contains("failed"), !exit.errorText.contains("Can't") else { throw failure(exit) }
  }

  private func failure(_ exit: ToolExit) -> Fault {
    let said = exit.errorText.split(separator: "\n").suffix(2).map { InertText.line($0, limit: 300) }.joined(separator: "; ")
    if said.contains("No space left") || said.contains("Errcode: 28") { return Fault(.noSpace, "the scratch directory is full: \(said)") }
    if case .signalled = exit.status {
      return Fault(.backupDamaged, "the xbstream cannot be unpacked, \(exit.status): \(said)")
    }
    return Fault(
      said.contains("my_read() failed") || said.contains("unexpected end") ? .backupTruncated : .backupDamaged,
      "the xbstream cannot be unpacked, \(exit.status): \(said)", advice: "Look at the job that writes it and at its log")
  }
}

/// The vendor's programs for physical backups.
struct PhysicalPrograms: Sendable {
  let installation: MySQLInstallation
  let tools: any ToolRunning

  private var isMariaDB: Bool { installation.vendor == .mariadb }

  /// Percona's packages are not Debian's; their names carry the series of MySQL.
  private var package: String { isMariaDB ? "mariadb-backup" : "percona-xtrabackup-80" }

  /// What prepares backups.
  func preparer() throws -> String {
    try resolved(isMariaDB ? ["mariadb-backup", "mariabackup"] : ["xtrabackup"], package)
  }

  /// What unpacks xbstreams.
  func streamReader() throws -> String { try resolved(isMariaDB ? ["mbstream"] : ["xbstream"], package) }

  /// What checks every page of a tablespace.
  func pageChecker() throws -> String { try resolved(["innochecksum"], installation.vendor.package) }

  private func resolved(_ names: [String], _ package: String) throws -> String {
    let found = try installation.program(names, package: package, tools: tools)
    return URL(fileURLWithPath: found).resolvingSymlinksInPath().path
  }
}
