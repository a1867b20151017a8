import DrillModel
import EngineKit
import Foundation
import Glibc
import MySQLKit
import Selecting
import ToolRunner
import TreeKit

/// Unpacks and prepares a full backup with its chain, and starts a server on it.
struct PhysicalRestore: Sendable {
  let context: EngineContext
  let confinement: Confinement
  let options: MySQLPhysicalOptions
  /// Of the full backup.
  let format: BackupFormat

  /// What a server can be started on.
  struct Prepared: Sendable {
    var data: String
    var programs: PhysicalPrograms
    var settings: InnoDBSettings
    /// What the last backup that was applied says of itself.
    var last: BackupMetadata
    var notes: [String]
  }

  /// - Throws: `Fault`; every step is judged by what it said, not by its exit status alone.
  func run(_ content: BackupContent) async throws -> Prepared {
    var programs = PhysicalPrograms(installation: try await installation(nil), tools: context.tools)
    let unpacking = BackupUnpacking(context: context, confinement: confinement, programs: programs)
    let data = try await unpacking.unpack(content, as: format, to: "\(context.directory)/data")
    let base = try BackupMetadata.read(data)
    try judgeBase(base)
    programs = PhysicalPrograms(installation: try await installation(base), tools: context.tools)
    try requireLog(data, base, "the full backup")
    let settings = try InnoDBSettings.read(data)
    try settings.write(to: data, owner: confinement.user)
    let preparation = Preparation(context: context, confinement: confinement, programs: programs)
    if !base.isPrepared {
      try await preparation.run(data, increment: nil, isLast: context.chain.isEmpty, metadata: base, name: "the full backup")
    }
    let last = try await apply(context.chain, to: data, base, unpacking, preparation)
    // Preparing syncs what it changes; the copied files that it leaves as they are would not be on the disk yet.
    if context.durability == .production { try await onThread("mysql sync") { try TreeSync.run(data) } }
    if options.pageChecksums { try await PageCheck(context: context, confinement: confinement, programs: programs).run(data) }
    return Prepared(data: data, programs: programs, settings: settings, last: last, notes: notes(base))
  }

  /// Starts a server of our own on the prepared files.
  func start(_ prepared: Prepared, socket: String, rollsForward: Bool) async throws -> MySQLServer {
    var extra = prepared.settings.arguments
    if options.lowerCaseNames { extra.append("--lower-case-table-names=1") }
    // LOAD DATA in logs comes as files that the reader writes beside them.
    if rollsForward { extra.append("--local-infile=1") }
    do {
      return try await MySQLServer(
        prepared.programs.installation, context, confinement, socket: socket, data: prepared.data, extra: extra)
    } catch let fault as Fault where fault.code == .toolFailed {
      throw judged(fault)
    }
  }

  // MARK: Steps

  private func apply(
    _ chain: [ChainLink], to data: String, _ base: BackupMetadata, _ unpacking: BackupUnpacking, _ preparation: Preparation
  ) async throws -> BackupMetadata {
    var last = base
    for (index, link) in chain.enumerated() {
      let name = link.artefact.name
      let place = "\(context.directory)/increment-\(index + 1)"
      let opened = try await link.open()
      let root: String
      do {
        root = try await withTaskCancellationHandler {
          try await unpacking.unpack(opened.content, as: try PhysicalRestore.format(of: opened, name), to: place)
        } onCancel: {
          opened.stop()
        }
      } catch {
        // A stream that broke explains what was not understood in it.
        if !Task.isCancelled { try await opened.finish() }
        opened.stop()
        throw error
      }
      try await opened.finish()
      let metadata = try BackupMetadata.read(root)
      try judge(metadata, after: last, name)
      try requireLog(root, metadata, name)
      try InnoDBSettings.read(root).write(to: root, owner: confinement.user)
      try await preparation.run(data, increment: root, isLast: index == chain.count - 1, metadata: metadata, name: name)
      try? FileManager.default.removeItem(atPath: place)
      last = metadata
    }
    return last
  }

  private static func format(of link: OpenedLink, _ name: String) throws -> BackupFormat {
    guard case .directory(let path) = link.content else { return try BackupFormat(ContentHead(name: name, bytes: link.head)) }
    return try BackupFormat(ContentHead(name: name, bytes: [], directory: path))
  }

  private func judgeBase(_ base: BackupMetadata) throws {
    guard !base.isIncremental else {
      throw Fault(
        .restoreFailed, "the backup is incremental (from LSN \(base.fromLSN)) and holds only changes",
        advice: "Keep the full backup beside it")
    }
    guard base.fromLSN == 0 else { throw Fault(.backupDamaged, "the full backup says that it begins at LSN \(base.fromLSN)") }
    guard base.info["partial"] != "Y" else {
      throw Fault(
        .configuration, "the backup holds some databases only (partial = Y), and no server can start on it",
        advice: "Drill a backup of the whole server")
    }
    guard base.info["encrypted"].map({ $0 == "N" }) ?? true else {
      throw Fault(.backupEncrypted, "the backup's files are encrypted", advice: "Give the drill a decrypted copy")
    }
  }

  private func judge(_ metadata: BackupMetadata, after last: BackupMetadata, _ name: String) throws {
    guard metadata.isIncremental else {
      throw Fault(
        .restoreFailed, "\(name) stands among the incremental backups and is of the type \(InertText.line(metadata.type, limit: 40))",
        advice: "Names of incremental backups hold `inc`, and those of full ones do not")
    }
    guard metadata.fromLSN == last.toLSN else {
      throw Fault(
        .restoreFailed, "\(name) begins at LSN \(metadata.fromLSN), and what comes before it ends at \(last.toLSN)",
        advice: "An incremental backup is missing, out of order or of another server")
    }
    guard metadata.lastLSN >= last.lastLSN else {
      throw Fault(.restoreFailed, "\(name) ends at LSN \(metadata.lastLSN), before the \(last.lastLSN) of what comes before it")
    }
  }

  private func requireLog(_ directory: String, _ metadata: BackupMetadata, _ name: String) throws {
    guard !metadata.isPrepared else { return }
    guard ["ib_logfile0", "xtrabackup_logfile"].contains(where: { SmallFile.exists("\(directory)/\($0)") }) else {
      throw Fault(
        .backupDamaged, "\(name) holds no redo log (ib_logfile0 or xtrabackup_logfile), without which its pages do not fit together",
        advice: "Look at how the backup is copied")
    }
    try RedoLogFile.judge(directory, metadata, name: name)
  }

  /// The servers' files fit those of their own series only.
  private func installation(_ base: BackupMetadata?) async throws -> MySQLInstallation {
    let found = try await MySQLInstallation.find(preferring: base?.vendor ?? .mariadb, tools: context.tools)
    guard let base else { return found }
    let version = InertText.line(base.serverVersion ?? "unknown", limit: 60)
    guard found.vendor == base.vendor else {
      throw Fault(
        .toolMissing, "the backup is of \(base.vendor.title) \(version), and this machine has \(found.description) only",
        advice:
          "Install \(base.vendor == .mysql ? "mysql-server and percona-xtrabackup" : "mariadb-server and mariadb-backup") of its series")
    }
    let wanted = MySQLInstallation.numbers(base.serverVersion ?? "").prefix(2)
    guard wanted.count == 2, Array(found.numbers.prefix(2)) != Array(wanted) else { return found }
    let series = wanted.map(String.init).joined(separator: ".")
    throw Fault(
      Array(found.numbers.prefix(2)).lexicographicallyPrecedes(Array(wanted)) ? .toolTooOld : .toolMissing,
      "the backup is of \(base.vendor.title) \(version), and this machine has \(found.description)",
      advice: "Physical backups need their own series: install mariadb-server and mariadb-backup \(series)")
  }

  private func notes(_ base: BackupMetadata) -> [String] {
    var notes: [String] = []
    if base.isPrepared { notes.append("the backup had been prepared before") }
    if base.serverVersion == nil { notes.append("the backup does not say which server it is of") }
    return notes
  }

  /// A server that does not start on files of a backup speaks of the backup, unless it says otherwise.
  private func judged(_ fault: Fault) -> Fault {
    let text = fault.message
    if text.contains("No space left") || text.contains("error number 28") { return Fault(.noSpace, text, advice: fault.advice) }
    guard text.contains("[ERROR]") || text.contains("Assertion") else { return fault }
    let isDamage = text.lowercased().contains("corrupt")
    return Fault(isDamage ? .backupDamaged : .restoreFailed, "on the prepared files \(text)", advice: fault.advice)
  }
}
