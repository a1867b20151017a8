import DrillModel
import Foundation
import Glibc

/// Walks the members of a tar archive by their headers alone.
///
/// A tar that ends early makes `pg_restore` of PostgreSQL 15 read at the end for ever, so its whole length is proved before.
/// Format: POSIX.1-2017, pax, "ustar Interchange Format"; sizes past 8 GiB in base 256 as GNU tar and pg_dump write them.
enum TarWalk {
  /// - Throws: `Fault` with code `backup_truncated` or `backup_damaged`.
  static func verify(_ path: String) throws {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Fault(.backupUnreadable, "the archive \(path) cannot be opened: \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw Fault(.backupUnreadable, "the archive \(path) cannot be looked at") }
    let length = Int64(status.st_size)
    var position: Int64 = 0
    while true {
      guard position + 512 <= length else { throw truncated("it has no end mark", at: position) }
      let header = try block(file, at: position)
      if header.allSatisfy({ $0 == 0 }) { return }
      guard let size = size(in: header) else {
        throw Fault(
          .backupDamaged, "the tar archive is damaged: the member header at byte \(position) is not one", advice: DumpFormat.lookAtJob)
      }
      let end = position + 512 + (size + 511) / 512 * 512
      guard end <= length else {
        let name = String(decoding: header.prefix(100).prefix { $0 != 0 }, as: UTF8.self)
        throw truncated("the member \(name) needs \(end - length) bytes more", at: length)
      }
      position = end
    }
  }

  private static func truncated(_ what: String, at position: Int64) -> Fault {
    Fault(.backupTruncated, "the tar archive ends before its end, at byte \(position): \(what)", advice: DumpFormat.lookAtJob)
  }

  private static func block(_ file: Int32, at position: Int64) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 512)
    var filled = 0
    while filled < 512 {
      let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress.map { $0 + filled }, 512 - filled, off_t(position) + filled) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw Fault(.backupUnreadable, "the archive cannot be read at byte \(position)", advice: "Check the disk it lies on")
      }
      filled += count
    }
    return bytes
  }

  /// The member's length when the header's checksum holds.
  static func size(in header: [UInt8]) -> Int64? {
    guard header.count == 512, let checksum = octal(header[148..<156]) else { return nil }
    let sum = header.enumerated().reduce(Int64(0)) { $0 + ((148..<156).contains($1.offset) ? 32 : Int64($1.element)) }
    guard sum == checksum else { return nil }
    let field = header[124..<136]
    if field.first == 0x80 {
      let value = field.dropFirst(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return value <= UInt64(Int64.max / 2) ? Int64(value) : nil
    }
    return octal(field)
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int64? {
    let digits = field.drop { $0 == 32 }.prefix { $0 != 0 && $0 != 32 }
    // A sign would be a number too; a negative length would send the walk back to where it was.
    guard digits.allSatisfy({ (0x30...0x37).contains($0) }) else { return nil }
    return Int64(String(decoding: digits, as: UTF8.self), radix: 8)
  }
}
