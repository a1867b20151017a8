import DrillModel
import Foundation

/// The directory of a backup that holds its files: itself, or the only one in it that does.
enum BackupRoot {
  /// - Throws: `Fault` with code `backup_empty` or `backup_wrong_format`.
  static func find(_ directory: String) throws -> String {
    if BackupMetadata.isBackup(directory) { return directory }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).filter { !$0.hasPrefix(".") }
    guard !names.isEmpty else { throw Fault(.backupEmpty, "the backup's directory is empty", advice: "Look at the job that writes it") }
    let below = names.prefix(1000).map { "\(directory)/\($0)" }.filter { BackupMetadata.isBackup($0) && !isLink($0) }
    if below.count == 1, let only = below.first { return only }
    if below.count > 1 {
      throw Fault(
        .backupWrongFormat, "the directory holds \(below.count) backups, and one was expected",
        advice: "Let `match` name each backup's own directory")
    }
    if names.contains("ibdata1") {
      throw Fault(
        .backupWrongFormat, "the directory is a copy of a server's data directory, and no backup of mariadb-backup or xtrabackup",
        advice: "Files copied from under a running server cannot be restored reliably")
    }
    throw Fault(
      .backupWrongFormat, "the directory holds no backup of mariadb-backup or xtrabackup: neither checkpoints nor info are there")
  }

  private static func isLink(_ path: String) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType == .typeSymbolicLink
  }
}
