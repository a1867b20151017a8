import DrillModel
import EngineKit
import Foundation
import Glibc
import PostgreSQLKit
import RepositoryKit
import ToolRunner
import TreeKit

/// A data directory that was copied, verified and prepared, and whose server has not been started yet.
struct RestoredData: Sendable {
  var data: String
  /// Where tablespaces lie that came as archives of their own.
  var tablespaces: String
  var installation: Installation
  var control: ControlData
  var backup: LogPlan.Backup
  var notes: [String]
  /// The log that the same repository holds; nil for a backup that is files.
  var log: RepositoryLog?
  /// What was read beside the backup itself, for the record.
  var artefacts: [ArtefactRecord] = []

  /// The log to roll forward with: the repository's, or the drill's own.
  func archive(_ context: EngineContext) -> LogArchive? { log?.archive ?? context.logs }
}

/// Brings a backup's content into the run's directory as a data directory.
struct DataRestore: Sendable {
  let context: EngineContext
  let options: PhysicalOptions
  let confinement: Confinement

  private var root: String { "\(context.directory)/data" }
  private var tablespaces: String { "\(context.directory)/tablespaces" }

  /// - Throws: `Fault` that tells what is wrong with the backup from what is missing here.
  func run(_ content: BackupContent) async throws -> RestoredData {
    if case .handle(let handle) = content { return try await restore(RepositoryPoint(handle: handle)) }
    for directory in [root, tablespaces] { try Accounts.makeDirectory(directory, owner: confinement.user, mode: 0o700) }
    let copied: (links: [String: String], tablespaces: [String: String])
    switch content {
    case .directory(let path): copied = try await restore(BackupForm(at: path))
    case .stream(let descriptor): copied = (try await unpack(descriptor, into: root), [:])
    case .file(let path, _, _): copied = (try await unpack(archive: path, into: root), [:])
    case .handle: throw Fault(.internalError, "the engine postgresql-physical was given no content")
    }
    return try await prepare(copied.links, copied.tablespaces)
  }

  /// A backup in a tool's repository is the tool's to restore.
  private func restore(_ point: RepositoryPoint) async throws -> RestoredData {
    if let major = point.major { _ = try await server(major) }
    let outcome = try await RepositoryRestore(context: context, confinement: confinement, point: point).run(
      to: root, tablespaces: tablespaces)
    var restored = try await prepare([:], [:], from: point, isVerified: outcome.isVerified)
    restored.notes = outcome.notes + restored.notes
    restored.log = outcome.log
    restored.artefacts = outcome.artefacts
    return restored
  }

  private func restore(_ form: BackupForm) async throws -> (links: [String: String], tablespaces: [String: String]) {
    switch form {
    case .plain(let path):
      // Before hours of copying.
      if let major = BackupForm.major(of: path) { _ = try await server(major) }
      return (try await fill(root) { try $0.copy(path) }, [:])
    case .archives(let base, let log, let spaces, let manifest):
      let links = try await unpack(archive: base, into: root)
      if let log {
        try? FileManager.default.removeItem(atPath: "\(root)/pg_wal")
        try Accounts.makeDirectory("\(root)/pg_wal", owner: confinement.user, mode: 0o700)
        _ = try await unpack(archive: log, into: "\(root)/pg_wal")
      }
      var placed: [String: String] = [:]
      for (number, path) in spaces {
        let directory = "\(tablespaces)/\(number)"
        try Accounts.makeDirectory(directory, owner: confinement.user, mode: 0o700)
        _ = try await unpack(archive: path, into: directory)
        placed[number] = directory
      }
      if let manifest { try await copy(manifest) }
      return (links, placed)
    }
  }

  /// The manifest lies beside the archives.
  private func copy(_ manifest: String) async throws {
    let (target, owner) = ("\(root)/backup_manifest", confinement.user)
    let copy = try await context.tools.run(ToolCommand("/bin/cp", ["--", manifest, target]))
    guard copy.isSuccess else {
      throw Fault(.backupUnreadable, "backup_manifest cannot be copied: \(InertText.line(copy.errorText, limit: 200))")
    }
    if let owner { _ = try await context.tools.run(ToolCommand("/bin/chown", ["\(owner.uid):\(owner.gid)", target])) }
  }

  private func unpack(archive path: String, into directory: String) async throws -> [String: String] {
    let raw = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    let name = (path as NSString).lastPathComponent
    guard raw >= 0 else { throw Fault(.backupUnreadable, "\(InertText.line(name, limit: 100)) of the backup cannot be opened") }
    let stream = try await Unwrapper(tools: context.tools, limits: context.limits, user: confinement.user).open(
      Descriptor(owning: raw), name: name)
    do {
      try TarFormat.judge(stream.head)
      let links = try await unpack(stream.descriptor, into: directory)
      _ = try await stream.finish()
      return links
    } catch {
      // A stream that is cut or damaged is why the archive in it is.
      if !(error is CancellationError), !Task.isCancelled { _ = try await stream.finish() }
      stream.stop()
      throw error
    }
  }

  private func unpack(_ source: Descriptor, into directory: String) async throws -> [String: String] {
    try await fill(directory) { files in
      defer { source.close() }
      try files.unpack(source)
    }
  }

  private func fill(_ directory: String, _ work: @escaping @Sendable (DataDirectory) throws -> Void) async throws -> [String: String] {
    let (stop, owner, context) = (StopFlag(), confinement.user, context)
    return try await withTaskCancellationHandler {
      try await onThread("pg restore") {
        let files = try DataDirectory(
          directory, journal: "\(context.directory)/directories-\(RandomText.hex(4))", owner: owner, limits: context.limits, stop: stop
        ) { context.progress(.restore, $0, nil) }
        try work(files)
        try files.finish()
        return files.links
      }
    } onCancel: {
      stop.set()
    }
  }

  private func server(_ major: Int) async throws -> Installation {
    guard major >= PhysicalEngine.oldest else {
      throw Fault(
        .toolTooOld, "the backup is of PostgreSQL \(major); physical backups can be drilled from \(PhysicalEngine.oldest) on",
        advice: "Drill a dump of it with `engine: postgresql`")
    }
    return try await Installation.find(exactly: major, atLeast: 0, tools: context.tools)
  }

  /// - Parameters:
  ///   - point: Where a tool restored it from.
  ///   - isVerified: Whether the tool compared it with checksums of its own.
  private func prepare(
    _ links: [String: String], _ placed: [String: String], from point: RepositoryPoint? = nil, isVerified: Bool = false
  ) async throws -> RestoredData {
    let data = try dataDirectory()
    guard let major = BackupForm.major(of: data) else {
      throw Fault(.backupDamaged, "the backup's PG_VERSION says no version", advice: "Use another backup")
    }
    let installation = try await server(major)
    guard FileManager.default.fileExists(atPath: "\(data)/global/pg_control") else {
      throw Fault(
        .backupTruncated, "the backup has no global/pg_control, which is copied last: it was not finished",
        advice: "Look at the job that writes it")
    }
    let control = try await ControlData.read(data, installation, confinement, context.tools)
    let inner = data == root ? "" : String(data.dropFirst(root.count + 1)) + "/"
    let own = Dictionary(links.map { ($0.key.hasPrefix(inner) ? String($0.key.dropFirst(inner.count)) : $0.key, $0.value) }) { $1 }
    let preparation = DataPreparation(data: data, owner: confinement.user, links: own)
    try preparation.place(tablespaces: placed)
    let verification = ManifestVerification(
      installation: installation, confinement: confinement, tools: context.tools, use: options.manifest,
      // Barman leaves these out of every restore.
      leftOut: point?.tool == .barman ? ["log", "pg_log", "tablespace_map"] : [])
    var notes =
      isVerified ? [] : try await verification.verify(data, tablespaces: tablespaces, segmentBytes: control.segmentBytes)
    let label = (try? String(contentsOfFile: "\(data)/backup_label", encoding: .utf8)).flatMap { BackupLabel($0) }
    try judge(label, control, data, &notes)
    let backup = LogPlan.Backup(
      data: data, control: control, label: label, manifest: ManifestSummary(at: "\(data)/backup_manifest"),
      controlTime: ControlHead(at: "\(data)/global/pg_control")?.time, ended: point?.ended,
      stop: point?.lastPosition.flatMap { LogPosition($0) })
    notes += try preparation.prepare()
    if context.durability == .production { try await onThread("pg sync") { try TreeSync.run(data) } }
    return RestoredData(
      data: data, tablespaces: tablespaces, installation: installation, control: control, backup: backup, notes: notes)
  }

  /// Without its label, a copy of files in use starts as if it were whole, and is not.
  private func judge(_ label: BackupLabel?, _ control: ControlData, _ data: String, _ notes: inout [String]) throws {
    if label == nil, FileManager.default.fileExists(atPath: "\(data)/backup_label") {
      throw Fault(.backupDamaged, "the backup's backup_label is damaged: it does not say where the log begins that is needed")
    }
    // A backup's control file is copied after its label was made, so that it knows of the checkpoint that the label begins with.
    if let start = label?.start, let redo = control.redo, start > redo {
      throw Fault(
        .backupDamaged,
        "backup_label belongs to another backup: it says that the log which is needed begins at \(start), and the files are older: their last "
          + "checkpoint began at \(redo)",
        advice:
          "Keep the label that pg_backup_stop gave with the files of the same backup; with another one they start, and are silently wrong")
    }
    guard label == nil else { return }
    if control.isClean {
      notes.append("the backup is a copy of a server that was shut down; it needs no log to be consistent")
      return
    }
    guard !options.snapshot else {
      notes.append("the backup has no backup_label and is taken for an atomic snapshot, as the drill says")
      return
    }
    let was =
      FileManager.default.fileExists(atPath: "\(data)/backup_label.old") ? ": a server was started on it (backup_label.old is there)" : ""
    throw Fault(
      .restoreFailed,
      "the backup has no backup_label and is of a server that was \(control.state)\(was); a copy of files in use without it starts, and is "
        + "silently wrong",
      advice: "Take backups with pg_basebackup or between pg_backup_start and pg_backup_stop; an atomic snapshot needs `snapshot: true`")
  }

  /// The archive may hold the directory itself, under any name.
  private func dataDirectory() throws -> String {
    let files = FileManager.default
    if files.fileExists(atPath: "\(root)/PG_VERSION") { return root }
    var found: [String] = []
    for name in (try? files.contentsOfDirectory(atPath: root)) ?? [] {
      let path = "\(root)/\(name)"
      if files.fileExists(atPath: "\(path)/PG_VERSION") { found.append(path) }
      for inner in (try? files.contentsOfDirectory(atPath: path)) ?? [] where files.fileExists(atPath: "\(path)/\(inner)/PG_VERSION") {
        if name != "base" { found.append("\(path)/\(inner)") }
      }
    }
    guard found.count == 1 else {
      let what = found.isEmpty ? "no data directory of PostgreSQL (no PG_VERSION at its top)" : "\(found.count) data directories"
      throw Fault(.backupWrongFormat, "the backup holds \(what)", advice: "Check `match` and `engine`")
    }
    return found[0]
  }
}
