import DrillModel
import ToolRunner

/// Makes of a server's log and end the fault of a run, and of a good load its notes.
struct LoadJudge: Sendable {
  let log: LoadLog
  /// The version of the server that is used.
  let server: String
  let format: RedisFormat

  /// Commands that Redis never writes into an append-only file, and that would reach for the host or for other servers.
  static let forbidden = [
    "REPLICAOF", "SLAVEOF", "MIGRATE", "CONFIG", "MODULE", "SHUTDOWN", "DEBUG", "SAVE", "BGSAVE", "BGREWRITEAOF", "FAILOVER", "CLUSTER",
    "ACL", "SYNC", "PSYNC", "MONITOR",
  ]

  private var lookAtJob: String { RedisFormat.lookAtJob }
  private var tail: String { log.tail.suffix(4).joined(separator: "; ") }

  /// Why a server that ended before it was ready did so.
  func fault(_ status: ToolExit.Status) -> Fault {
    if case .cancelled = status { return Fault(.interrupted, "the scratch server was stopped") }
    if let trouble = log.trouble, let fault = fault(trouble) { return fault }
    if log.isCrashed || status == .signalled(6) || status == .signalled(11) {
      return Fault(
        .restoreFailed, "Redis itself crashed while it loaded the backup (\(status)): \(tail)",
        advice: "A file that was damaged where no checksum covers it does this; drill an older one")
    }
    if case .signalled(9) = status { return outOfMemory }
    return Fault(
      .toolFailed, "the scratch server ended before it was ready (\(status)): \(tail)", advice: "Run `drillmark log` for all it said")
  }

  private func fault(_ trouble: LoadLog.Trouble) -> Fault? {
    switch trouble {
    case .newerFormat(let version):
      Fault(
        .toolTooOld, "the backup is of RDB version \(version), which \(server) cannot read; this says nothing about the backup",
        advice: "Install the version that wrote it, or a newer one, where drills run")
    case .wrongSignature:
      format.header?.isValkey == true
        ? Fault(
          .toolTooOld, "the backup is a file of Valkey, which \(server) cannot read; this says nothing about the backup",
          advice: "Install valkey-server where drills run")
        : Fault(.backupWrongFormat, "Redis does not recognise the file as one of its own", advice: lookAtJob)
    case .module(let name):
      Fault(
        .toolMissing,
        "the backup holds data of the module \(name), which drills load no modules to read; this says nothing about the backup",
        advice: "Such a server cannot be drilled so far: no other data of the file can be read without the module")
    case .moreDatabases:
      Fault(
        .configuration, "the backup uses a database of a higher number than the scratch server has",
        advice: "Set `databases` under `restore` to what production has")
    case .outOfMemory: outOfMemory
    case .checksum:
      Fault(.backupDamaged, "the checksum of the RDB file is wrong: a byte was changed after Redis wrote it", advice: lookAtJob)
    case .truncated(let place):
      Fault(.backupTruncated, "the RDB file ends before its format says that it ends \(place)".trimmed, advice: lookAtJob)
    case .brokenRDB(let how):
      log.looksWhole
        ? outOfMemory : Fault(.backupDamaged, "the RDB file is damaged: \(how.isEmpty ? "Redis cannot read on" : how)", advice: lookAtJob)
    case .brokenLog(let how): Fault(.backupDamaged, "the append-only file \(how)", advice: lookAtJob)
    case .cutLog(let how): Fault(.backupTruncated, "the append-only file \(how)", advice: lookAtJob)
    case .unknownCommand(let name): unknown(name)
    case .ours(let text): Fault(.toolFailed, "the scratch server could not start: \(text)", advice: "Run `drillmark log` for all it said")
    }
  }

  private func unknown(_ name: String) -> Fault {
    if Self.forbidden.contains(name.uppercased()) {
      return Fault(
        .unsafeContent, "the append-only file holds the command \(name.uppercased()), which Redis never writes there",
        advice: "Find out who can write to the backups")
    }
    guard name.utf8.count <= 40, name.utf8.allSatisfy({ Self.isNameByte($0) }), !name.isEmpty else {
      return Fault(.backupDamaged, "the append-only file holds a command that is none", advice: lookAtJob)
    }
    return Fault(
      .toolTooOld, "the append-only file holds the command \(name), which \(server) does not know: a module's or a newer server's",
      advice: "Install the version that wrote it where drills run; data of modules cannot be drilled so far")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte) || (48...57).contains(byte) || [45, 46, 95].contains(byte)
  }

  private var outOfMemory: Fault {
    Fault(
      .toolFailed, "the scratch server ran out of memory while it loaded the backup; this says nothing about the backup",
      advice: "Give the host more memory, or raise `memory` under `restore`")
  }

  /// Judges a load that ended with the server ready, and says what of it people should know.
  ///
  /// - Parameter sizes: Bytes of the append-only files before the server had them, by name.
  /// - Throws: `Fault` for a server that is up and has not loaded what the backup holds.
  func notes(cutTail: RedisOptions.CutTail, sizes: [String: Int64]) throws -> [String] {
    var notes: [String] = []
    switch format {
    case .snapshot: notes += try snapshotNotes()
    case .log, .parts: notes += try logNotes(cutTail, sizes)
    }
    if case .log(let header?, _) = format, header.isBase {
      notes.append("the file is the base of an append-only file in parts: commands that lie in its other files were not restored")
    }
    if log.hasNoChecksum || (format.header?.version).map({ $0 < 5 }) == true {
      notes.append("the RDB file carries no checksum, so that a changed byte inside a value cannot be seen")
    }
    return notes
  }

  private func snapshotNotes() throws -> [String] {
    guard let keys = log.keys else {
      throw Fault(.notReady, "the scratch server is up and never said that it loaded the backup: \(tail)", advice: "Please report it")
    }
    if keys.loaded == 0, keys.skipped > 0 {
      throw Fault(
        .backupDamaged,
        "the server is up and empty: the file's \(keys.skipped) keys hold nothing, which Redis never writes, and were skipped",
        advice: lookAtJob)
    }
    var notes: [String] = []
    if keys.skipped > 0 { notes.append("\(keys.skipped) keys hold nothing, which Redis never writes, and were skipped") }
    if keys.expired > 0 {
      notes.append("\(keys.expired) keys had expired since the backup was taken and were not loaded, as in a real restore")
    }
    if keys.loaded == 0, keys.expired == 0 { notes.append("the backup is whole and holds no keys") }
    return notes
  }

  private func logNotes(_ cutTail: RedisOptions.CutTail, _ sizes: [String: Int64]) throws -> [String] {
    guard log.isReplayed else {
      throw Fault(.notReady, "the scratch server is up and never said that it replayed the backup: \(tail)", advice: "Please report it")
    }
    if log.failedCommands > 0 {
      throw Fault(
        .backupDamaged,
        "\(log.failedCommands) commands of the append-only file failed when they were replayed"
          + (log.firstFailure.map { ", the first a \($0)" } ?? "") + ": the data is not what it was", advice: lookAtJob)
    }
    var notes: [String] = []
    for cut in log.cutTails {
      let lost = sizes[cut.file].map { "its last \(max(0, $0 - cut.offset)) of \($0) bytes" } ?? "what follows offset \(cut.offset)"
      guard cutTail == .accept else {
        throw Fault(
          .backupTruncated, "the append-only file \(cut.file) ends inside a command: \(lost) cannot be replayed", advice: lookAtJob)
      }
      notes.append("the append-only file \(cut.file) ends inside a command: \(lost) were dropped, as Redis does by default, and are lost")
    }
    return notes
  }
}

extension String {
  fileprivate var trimmed: String { hasSuffix(" ") ? String(dropLast()) : self }
}
