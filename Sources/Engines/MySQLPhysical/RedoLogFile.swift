import DrillModel
import Glibc

/// The redo log that was copied with a backup, looked at before the tool reads it: a cut one makes the tool stop early and call that a
/// success.
///
/// Format: MariaDB 10.8 and later, storage/innobase/include/log0log.h; older formats are judged by what the tool says alone.
enum RedoLogFile {
  private static let firstByteOfLog: UInt64 = 0x3000
  /// `Phys`, and the same for an encrypted log.
  private static let formats: [[UInt8]] = [[0x50, 0x68, 0x79, 0x73], [0xD0, 0x68, 0x79, 0x73]]

  /// - Throws: `Fault` with code `backup_truncated` for a log that is shorter than the backup says that it is.
  static func judge(_ directory: String, _ metadata: BackupMetadata, name: String) throws {
    let file = open("\(directory)/ib_logfile0", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
    var status = stat()
    var header = [UInt8](repeating: 0, count: 16)
    guard fstat(file, &status) == 0, pread(file, &header, header.count, 0) == header.count, formats.contains(Array(header.prefix(4)))
    else { return }
    let first = header[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard first <= metadata.lastLSN else {
      throw Fault(.backupDamaged, "the redo log in \(name) begins at LSN \(first), after the backup's end at \(metadata.lastLSN)")
    }
    let (size, needed) = (UInt64(max(0, status.st_size)), firstByteOfLog + (metadata.lastLSN - first))
    guard size >= needed else {
      throw Fault(
        .backupTruncated,
        "the redo log in \(name) is \(size) bytes long, and the \(needed) bytes to LSN \(metadata.lastLSN) belong to the backup: the rest was lost",
        advice: "Look at how the backup is copied; the tool itself does not notice this")
    }
  }
}
