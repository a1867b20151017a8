import DrillModel
import Glibc
import ToolRunner

/// Small reads from backup files.
enum RedisFile {
  /// A file's bytes, which must be few.
  ///
  /// - Throws: `Fault` with code `backup_unreadable` or, for more than 1 MiB, `backup_wrong_format`.
  static func small(_ path: String) throws -> [UInt8] {
    let bytes = try head(path, limit: 1 << 20 + 1)
    guard bytes.count <= 1 << 20 else { throw Fault(.backupWrongFormat, "\(path) is too large for a manifest") }
    return bytes
  }

  /// The first bytes of a regular file.
  ///
  /// - Throws: `Fault` with code `backup_unreadable`.
  static func head(_ path: String, limit: Int = 64 << 10) throws -> [UInt8] {
    let file = try open(path)
    var bytes = [UInt8](repeating: 0, count: limit)
    var count = 0
    while count < limit {
      let got = bytes.withUnsafeMutableBytes { read(file.raw, $0.baseAddress?.advanced(by: count), limit - count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw unreadable(path) }
      if got == 0 { break }
      count += got
    }
    return Array(bytes.prefix(count))
  }

  /// Opens a regular file for reading, through no link.
  ///
  /// - Throws: `Fault` with code `backup_unreadable`.
  static func open(_ path: String) throws -> Descriptor {
    let raw = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard raw >= 0 else { throw unreadable(path) }
    let file = Descriptor(owning: raw)
    var status = stat()
    guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Fault(.backupUnreadable, "\(path) is not a regular file")
    }
    return file
  }

  /// Bytes of a file; 0 when it is not there.
  static func size(_ path: String) -> Int64 {
    var status = stat()
    return lstat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  private static func unreadable(_ path: String) -> Fault {
    Fault(.backupUnreadable, "cannot read \(path): \(systemMessage(errno))", advice: "Check owner and mode, and the medium it lies on")
  }
}
