import DrillModel
import Foundation
import Glibc
import MySQLKit
import MySQLReplay

/// What a backup of mariadb-backup or xtrabackup says of itself.
///
/// Sources: Percona's manual, "Files created by XtraBackup"; MariaDB's knowledge base, "Files Created by mariadb-backup". MariaDB 11.1
/// renamed them from `xtrabackup_…` to `mariadb_backup_…`.
struct BackupMetadata: Sendable, Hashable {
  /// `full-backuped`, `incremental`, `log-applied` or `full-prepared`.
  var type: String
  var fromLSN: UInt64
  var toLSN: UInt64
  /// Where the redo log ends that was copied beside the pages.
  var lastLSN: UInt64
  /// What `…_info` holds.
  var info: [String: String]
  var position: BinaryLogPosition?
  /// The global transaction ids beside the position; empty where there are none.
  var transactions: [String] = []

  var isIncremental: Bool { type == "incremental" }
  var isPrepared: Bool { type == "log-applied" || type == "full-prepared" }
  var serverVersion: String? { info["server_version"] }
  var vendor: MySQLVendor {
    let said = [info["tool_name"], info["server_version"], info["tool_version"]].compactMap(\.self).joined(separator: " ").lowercased()
    return said.contains("mariadb") || said.contains("mariabackup") || !said.contains("xtrabackup") ? .mariadb : .mysql
  }

  /// The moment that the backup's state is of, in the zone of the server, which nothing says.
  var ended: CivilTime? { info["end_time"].flatMap(BackupMetadata.civil) }
  var started: CivilTime? { info["start_time"].flatMap(BackupMetadata.civil) }

  /// The names that the two families of tools use.
  static let families = ["xtrabackup", "mariadb_backup"]

  /// Whether a directory holds any trace of such a backup.
  static func isBackup(_ directory: String) -> Bool {
    let names = families.flatMap { ["\($0)_checkpoints", "\($0)_info"] } + ["backup-my.cnf", "xtrabackup_logfile"]
    return names.contains { FileManager.default.fileExists(atPath: "\(directory)/\($0)") }
  }

  /// Reads the small files in a backup's directory.
  ///
  /// - Throws: `Fault` with code `backup_truncated` for a backup that was not finished, `backup_damaged` for one that contradicts itself.
  static func read(_ directory: String) throws -> BackupMetadata {
    guard let family = families.first(where: { SmallFile.exists("\(directory)/\($0)_checkpoints") }) else {
      throw Fault(
        .backupTruncated, "the backup holds no xtrabackup_checkpoints, which is written at the end: it was not finished",
        advice: "Look at the job that makes it: its last line must be `completed OK!`")
    }
    guard let checkpoints = pairs("\(directory)/\(family)_checkpoints"), let type = checkpoints["backup_type"],
      let from = checkpoints["from_lsn"].flatMap({ UInt64($0) }), let to = checkpoints["to_lsn"].flatMap({ UInt64($0) }),
      let last = checkpoints["last_lsn"].flatMap({ UInt64($0) })
    else {
      throw Fault(.backupDamaged, "the backup's \(family)_checkpoints does not say which changes it holds (backup_type, from_lsn, to_lsn)")
    }
    guard let info = pairs("\(directory)/\(family)_info"), info["end_time"] != nil else {
      throw Fault(
        .backupTruncated, "the backup holds no whole \(family)_info, which is written last: it was not finished",
        advice: "Look at the job that makes it: its last line must be `completed OK!`")
    }
    var found = BackupMetadata(type: type, fromLSN: from, toLSN: to, lastLSN: last, info: info)
    try found.judge(family)
    if let text = SmallFile.text("\(directory)/\(family)_binlog_info") { found.readPosition(text) }
    return found
  }

  private func judge(_ family: String) throws {
    guard ["full-backuped", "incremental", "log-applied", "full-prepared"].contains(type) else {
      throw Fault(.backupDamaged, "the backup says that it is of the type \(InertText.line(type, limit: 40)), which does not exist")
    }
    guard fromLSN <= toLSN, toLSN <= lastLSN || isPrepared, !isIncremental || fromLSN > 0 else {
      throw Fault(.backupDamaged, "the backup says that it holds changes from \(fromLSN) to \(toLSN), last \(lastLSN), which cannot be")
    }
    let own = (from: info["innodb_from_lsn"].flatMap { UInt64($0) }, to: info["innodb_to_lsn"].flatMap { UInt64($0) })
    // Preparing incremental backups moves on the one file and not always the other.
    if !isPrepared, let from = own.from, let to = own.to, from != fromLSN || to != toLSN {
      throw Fault(
        .backupDamaged,
        "\(family)_checkpoints says that the backup holds changes from \(fromLSN) to \(toLSN), and \(family)_info from \(from) to \(to)",
        advice: "One of them was changed after the backup was made")
    }
  }

  /// Columns file, position and global transaction ids, separated by tabs.
  private mutating func readPosition(_ text: String) {
    let columns = text.split(separator: "\n", omittingEmptySubsequences: false).first?.split(separator: "\t").map(String.init) ?? []
    guard columns.count >= 2, let offset = Int64(columns[1]) else { return }
    let name = (columns[0] as NSString).lastPathComponent
    guard BinaryLogName(name) != nil else { return }
    position = BinaryLogPosition(file: name, offset: offset)
    guard columns.count > 2 else { return }
    transactions =
      text.split(separator: "\t", maxSplits: 2).last.map { list in
        list.split { $0 == "," || $0.isNewline || $0 == " " }.map(String.init)
      } ?? []
  }

  private static func pairs(_ path: String) -> [String: String]? {
    guard let text = SmallFile.text(path) else { return nil }
    var pairs: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      guard let sign = line.firstRange(of: " = ") else { continue }
      let key = String(line[..<sign.lowerBound])
      // Of a line that appears again the first counts: nothing that was quoted further down can change it.
      if pairs[key] == nil { pairs[key] = String(line[sign.upperBound...]).trimmingCharacters(in: .whitespaces) }
    }
    return pairs
  }

  /// `2026-11-21 22:50:30`.
  private static func civil(_ text: String) -> CivilTime? {
    guard let match = text.wholeMatch(of: /(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)/) else { return nil }
    let numbers = [match.1, match.2, match.3, match.4, match.5, match.6].compactMap { Int($0) }
    guard numbers.count == 6 else { return nil }
    let time = CivilTime(
      year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4], second: numbers[5])
    return time.isValid ? time : nil
  }
}

/// A file of a backup that is small when it is what it should be.
enum SmallFile {
  private static let limit = 256 << 10

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Its text; nil when there is none, it is no regular file, or too large.
  static func text(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else { return nil }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count <= limit {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return count == 0 ? String(decoding: bytes, as: UTF8.self) : nil }
      bytes += buffer[..<count]
    }
    return nil
  }
}
