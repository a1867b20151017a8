import DrillModel
import EngineKit
import Foundation
import PostgreSQLKit
import ToolRunner

/// What `pg_controldata` says of a data directory.
struct ControlData: Sendable, Hashable {
  private let values: [String: String]

  /// Reads what the tool printed in the C locale.
  init(_ output: String) {
    var values: [String: String] = [:]
    for line in output.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      values[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    self.values = values
  }

  var system: String { values["Database system identifier"] ?? "" }
  /// `shut down`, `in production`, `in archive recovery`, …
  var state: String { values["Database cluster state"] ?? "" }
  var segmentBytes: UInt64 { values["Bytes per WAL segment"].flatMap { UInt64($0) } ?? 16 << 20 }
  var redo: LogPosition? { values["Latest checkpoint's REDO location"].flatMap { LogPosition($0) } }
  var timeline: UInt32? { values["Latest checkpoint's TimeLineID"].flatMap { UInt32($0) } }
  var logLevel: String { values["wal_level setting"] ?? "" }
  var tracksCommitTimestamps: Bool { values["track_commit_timestamp setting"] == "on" }

  /// A setting that the log was written under; `fallback` where it is not told.
  func setting(_ name: String, _ fallback: Int) -> Int { values["\(name) setting"].flatMap { Int($0) } ?? fallback }

  /// Whether the server was ended in order, so that its files need no log.
  var isClean: Bool { state == "shut down" || state == "shut down in recovery" }

  /// Asks the tool, boxed: the file is the backup's.
  ///
  /// - Throws: `Fault` with code `backup_damaged` for a control file that is not whole.
  static func read(_ data: String, _ installation: Installation, _ confinement: Confinement, _ tools: any ToolRunning) async throws
    -> ControlData
  {
    let program = installation.program("pg_controldata")
    let exit = try await tools.run(
      ToolCommand(
        program, ["-D", data], environment: ["LC_ALL": "C", "TZ": "UTC", "PATH": "/nonexistent"], directory: data,
        box: confinement.box(for: program, of: installation, reading: [data], alone: true)), deadline: .seconds(60))
    let said = exit.errorText + exit.outputText
    guard exit.isSuccess, !said.contains("Calculated CRC checksum does not match"), !said.contains("invalid WAL segment size") else {
      let line = exit.errorText.split(separator: "\n").first.map(String.init) ?? "its checksum is wrong"
      if exit.status == .cancelled { throw CancellationError() }
      throw Fault(
        .backupDamaged, "the backup's global/pg_control is damaged or of another version: \(InertText.line(line, limit: 300))",
        advice: "Without it nothing starts; use another backup")
    }
    return ControlData(exit.outputText)
  }
}

/// The beginning of a control file, for a look before anything is restored (pg_control.h; unchanged from PostgreSQL 12 to 17).
struct ControlHead: Sendable, Hashable {
  var state: UInt32
  /// When the server last wrote the file.
  var time: Timestamp

  /// DB_SHUTDOWNED and DB_SHUTDOWNED_IN_RECOVERY.
  var isClean: Bool { state == 1 || state == 2 }

  init?(at path: String) {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: 32), data.count == 32 else { return nil }
    state = data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 16, as: UInt32.self) }
    let seconds = data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 24, as: Int64.self) }
    guard state <= 6, seconds > 0, seconds < 253_402_300_800 else { return nil }
    time = Timestamp(seconds: seconds)
  }
}
