import DrillModel
import Glibc

/// Names what a file is when it is not what an engine expected, so that a wrong backup is told from a damaged one.
package enum KnownFormat {
  /// What `bytes`, the decoded beginning of a file, are the beginning of; nil when nothing known fits.
  ///
  /// Signatures: file(1)'s magic database; RFC 4880 section 4.2 for OpenPGP.
  package static func name(of bytes: [UInt8]) -> String? {
    for (signature, offset, name) in signatures where bytes.dropFirst(offset).starts(with: signature) { return name }
    return textName(of: bytes)
  }

  /// How an encrypted file was encrypted; nil when it does not say that it is.
  package static func encryption(of bytes: [UInt8]) -> String? {
    if bytes.starts(with: Array("Salted__".utf8)) { return "encrypted with openssl enc" }
    if bytes.starts(with: Array("age-encryption.org/".utf8)) || bytes.starts(with: Array("-----BEGIN AGE ENCRYPTED".utf8)) {
      return "encrypted with age"
    }
    if bytes.starts(with: Array("-----BEGIN PGP MESSAGE".utf8)) { return "encrypted with OpenPGP" }
    // A session-key packet, old (0x84, 0x85, 0x8c) or new (0xc1, 0xc3) format, of version 3 or 4.
    guard let tag = bytes.first, [0x84, 0x85, 0x8C, 0xC1, 0xC3].contains(tag) else { return nil }
    let version = bytes.dropFirst(tag == 0x85 ? 3 : 2).first
    return version == 3 || version == 4 ? "encrypted with OpenPGP" : nil
  }

  /// - Throws: `Fault` for content that says that it is encrypted.
  package static func refuseEncrypted(_ bytes: [UInt8]) throws {
    guard let encryption = encryption(of: bytes) else { return }
    throw Fault(.backupEncrypted, "the backup is \(encryption)", advice: "Give the drill a decrypted copy")
  }

  /// Shannon entropy in bits a byte; random and encrypted content come close to 8.
  package static func entropy(of bytes: [UInt8]) -> Double {
    guard !bytes.isEmpty else { return 0 }
    var counts = [Int](repeating: 0, count: 256)
    for byte in bytes { counts[Int(byte)] += 1 }
    let total = Double(bytes.count)
    return counts.reduce(0) { sum, count in
      guard count > 0 else { return sum }
      let share = Double(count) / total
      return sum - share * log2(share)
    }
  }

  private static func textName(of bytes: [UInt8]) -> String? {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      return "UTF-16 text (a shell redirect that converts, such as PowerShell's, makes this of a binary backup)"
    }
    let start = String(decoding: bytes.prefix(512), as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") { return "an HTML page (an error page saved as the backup?)" }
    if start.hasPrefix("<?xml") { return "an XML document (an error answer saved as the backup?)" }
    if start.contains("-- postgresql database dump") || start.contains("-- postgresql database cluster dump") {
      return "a plain pg_dump"
    }
    if start.contains("-- mysql dump") || start.contains("-- mariadb dump") || start.contains("enable the sandbox mode") {
      return "a MySQL or MariaDB dump"
    }
    return nil
  }

  private static let signatures: [([UInt8], Int, String)] = [
    ([0x1F, 0x8B], 0, "gzip data"), ([0x28, 0xB5, 0x2F, 0xFD], 0, "zstd data"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A], 0, "xz data"),
    (Array("BZh".utf8), 0, "bzip2 data"), ([0x04, 0x22, 0x4D, 0x18], 0, "lz4 data"),
    (Array("PGDMP".utf8), 0, "a pg_dump custom archive"), (Array("SQLite format 3\0".utf8), 0, "a SQLite database"),
    (Array("ustar".utf8), 257, "a tar archive"), ([0x50, 0x4B, 3, 4], 0, "a zip archive"), ([0x50, 0x4B, 5, 6], 0, "an empty zip archive"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], 0, "a 7-Zip archive"), (Array("Rar!".utf8), 0, "a RAR archive"),
    ([0x7F, 0x45, 0x4C, 0x46], 0, "an ELF program"), (Array("070701".utf8), 0, "a cpio archive"),
    (Array("070707".utf8), 0, "a cpio archive"), (Array("REDIS".utf8), 0, "a Redis database"), (Array("%PDF".utf8), 0, "a PDF document"),
    (Array("TAPE".utf8), 0, "a SQL Server backup"), (Array("!<arch>".utf8), 0, "an ar archive"),
  ]

}
