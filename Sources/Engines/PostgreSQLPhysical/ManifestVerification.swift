import DrillModel
import EngineKit
import Foundation
import PostgreSQLKit
import ToolRunner

/// Compares a restored data directory with the backup's own manifest, before anything in it is changed.
struct ManifestVerification: Sendable {
  let installation: Installation
  let confinement: Confinement
  let tools: any ToolRunning
  let use: PhysicalOptions.ManifestUse
  /// What whoever restored the files does not restore.
  var leftOut: [String] = []

  /// - Parameters:
  ///   - tablespaces: The directory that links in pg_tblspc lead to.
  ///   - segmentBytes: For finding whether the backup holds the log that it needs.
  /// - Returns: Sentences for the record.
  /// - Throws: `Fault` with code `backup_damaged` that says what differs.
  func verify(_ data: String, tablespaces: String, segmentBytes: UInt64) async throws -> [String] {
    let path = "\(data)/backup_manifest"
    guard FileManager.default.fileExists(atPath: path) else {
      return ["the backup has no backup_manifest, so its files were compared with nothing before the server started"]
    }
    guard use != .ignore else { return ["backup_manifest was left alone, as the drill says"] }
    guard installation.has("pg_verifybackup") else {
      throw Fault(
        .toolMissing, "pg_verifybackup of PostgreSQL \(installation.version) is not on this machine",
        advice: "Install it: apt-get install postgresql-\(installation.major); or say `manifest: ignore`")
    }
    guard let summary = ManifestSummary(at: path) else {
      throw Fault(
        .backupTruncated, "the backup's backup_manifest is cut or damaged: it does not say at its end what log the backup needs",
        advice: "A manifest is written last: the backup was not finished, or not copied whole")
    }
    let hasLog = summary.ranges.allSatisfy { holdsLog($0, data, segmentBytes) }
    let program = installation.program("pg_verifybackup")
    var arguments = (hasLog ? [] : ["--no-parse-wal"]) + leftOut.map { "--ignore=\($0)" }
    if use == .sizes { arguments.append("--skip-checksums") }
    // It starts pg_waldump, which lies beside it, through the shell.
    var box = confinement.box(for: program, of: installation, reading: [data, tablespaces], writing: ["/dev/null"])
    box?.executable += [installation.program("pg_waldump"), "/bin/sh", "/usr/bin/dash"]
    let exit = try await tools.run(
      ToolCommand(
        program, arguments + [data], environment: ["LC_ALL": "C", "TZ": "UTC", "PATH": "/nonexistent"], directory: data, box: box))
    if exit.status == .cancelled { throw CancellationError() }
    return try judge(exit, hasLog: hasLog)
  }

  private func holdsLog(_ range: ManifestSummary.Range, _ data: String, _ size: UInt64) -> Bool {
    (range.start.bytes / size...max(range.start.bytes, range.end.bytes - 1) / size).allSatisfy { number in
      FileManager.default.fileExists(atPath: "\(data)/pg_wal/\(Segment(timeline: range.timeline, number: number).name(size: size))")
    }
  }

  private func judge(_ exit: ToolExit, hasLog: Bool) throws -> [String] {
    if exit.isSuccess {
      return hasLog ? [] : ["the log that the backup itself needs comes from the archive, so it was not verified beforehand"]
    }
    let prefix = "pg_verifybackup: error: "
    let lines = exit.errorText.split(whereSeparator: \.isNewline).map {
      $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : String($0)
    }
    let extra = lines.filter { $0.contains("is present on disk but not in the manifest") }
    let wrong = lines.filter { !extra.contains($0) && !$0.hasPrefix("pg_waldump") && !$0.isEmpty }
    if wrong.isEmpty, !extra.isEmpty, case .exited(1) = exit.status {
      return ["the backup holds \(extra.count) files that its manifest does not know: \(shown(extra))"]
    }
    guard case .exited = exit.status else {
      throw Fault(.toolFailed, "pg_verifybackup was ended by \(exit.status)", advice: "See `drillmark log`; check memory")
    }
    throw Fault(
      .backupDamaged, "the backup is not what its manifest says, in \(max(1, wrong.count)) places: \(shown(wrong))",
      advice: "Take a new backup, and look at what copied this one and at the storage it lay on")
  }

  private func shown(_ lines: [String]) -> String {
    lines.prefix(3).map { InertText.line($0, limit: 200) }.joined(separator: "; ")
  }
}
