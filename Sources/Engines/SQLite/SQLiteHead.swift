import DrillModel
import EngineKit

/// The 100-byte header of a database file (sqlite.org/fileformat2.html, section 1.3).
struct SQLiteHeader: Sendable, Hashable {
  static let length = 100
  static let magic = Array("SQLite format 3\0".utf8)

  /// Bytes of a page, 512 to 65536.
  let pageSize: Int64
  /// Pages that the file must hold; nil where an old library left the count out of date.
  let pageCount: Int64?
  let isWAL: Bool
  /// Of the library that last wrote the file, as SQLITE_VERSION_NUMBER.
  let writerVersion: Int32

  /// - Throws: `Fault` with code `backup_damaged` when the bytes do not make a header.
  init(_ bytes: [UInt8]) throws {
    guard bytes.count >= Self.length else {
      throw Fault(.backupTruncated, "the backup ends inside the SQLite header, after \(bytes.count) bytes")
    }
    func number(_ offset: Int) -> Int64 { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int64($1) } }
    let stored = Int64(bytes[16]) << 8 | Int64(bytes[17])
    pageSize = stored == 1 ? 65_536 : stored
    guard pageSize >= 512, pageSize & (pageSize - 1) == 0 else {
      throw Fault(.backupDamaged, "the SQLite header is damaged: it gives a page size of \(stored) bytes")
    }
    let count = number(28)
    pageCount = count > 0 && number(24) == number(92) ? count : nil
    isWAL = bytes[18] == 2 || bytes[19] == 2
    writerVersion = Int32(truncatingIfNeeded: number(96))
  }
}

/// What the decoded beginning of a backup is.
enum SQLiteFormat: Sendable, Hashable {
  case database(SQLiteHeader)
  case dump

  /// Tells a database, a dump, and everything else apart.
  ///
  /// - Parameter size: Decoded bytes in all, where known.
  /// - Throws: `Fault` that names what it is instead.
  init(head bytes: [UInt8], size: Int64?) throws {
    guard !bytes.isEmpty else {
      throw Fault(.backupEmpty, "the backup holds 0 bytes", advice: "Look at the job that writes it: even an empty database has a header")
    }
    if bytes.starts(with: SQLiteHeader.magic) {
      self = .database(try SQLiteHeader(bytes))
      return
    }
    if let encryption = KnownFormat.encryption(of: bytes) {
      throw Fault(.backupEncrypted, "the backup is \(encryption)", advice: "Give the drill a decrypted copy")
    }
    if let name = KnownFormat.name(of: bytes) {
      throw Fault(
        .backupWrongFormat, "the backup is \(name), not a SQLite database or SQL dump", advice: "Check `match` and the job that writes it")
    }
    try Self.refuseBrokenDatabase(bytes, size: size)
    // Zero bytes further on are damage, which the loader finds and places.
    guard Self.isText(bytes.prefix(16)), Self.beginsWithSQL(bytes) else {
      throw Fault(.backupWrongFormat, "the backup is neither a SQLite database nor a SQL dump", advice: "Check `match` and `engine`")
    }
    self = .dump
  }

  /// Encrypted databases look random from the first byte (SQLCipher) or but for bytes 16 to 23 (SEE); a damaged header does not.
  private static func refuseBrokenDatabase(_ bytes: [UInt8], size: Int64?) throws {
    let wholePages = (size ?? 512) % 512 == 0
    let threshold = bytes.count >= 16_384 ? 7.9 : bytes.count >= 4096 ? 7.8 : 7.2
    if bytes.count >= 512, wholePages, KnownFormat.entropy(of: bytes) > threshold {
      throw Fault(
        .backupEncrypted, "the backup is encrypted (SQLCipher or SEE) or not a SQLite database: its bytes look random from the start",
        advice: "Give the drill a decrypted copy")
    }
    let fixed: [UInt8] = [64, 32, 32]
    let agreeing = zip(bytes, SQLiteHeader.magic).count { $0 == $1 }
    guard (bytes.count >= 24 && Array(bytes[21..<24]) == fixed) || (agreeing >= 8 && bytes.contains(0)) else { return }
    throw Fault(.backupDamaged, "the SQLite header is damaged: its first 16 bytes are not \"SQLite format 3\"")
  }

  private static func isText(_ bytes: ArraySlice<UInt8>) -> Bool {
    !bytes.contains { $0 == 0 || ($0 < 32 && ![9, 10, 12, 13, 27].contains($0)) }
  }

  private static func beginsWithSQL(_ bytes: [UInt8]) -> Bool {
    var tokens = SQLTokens(bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes)
    // Only comments, or a comment longer than the head: left to the loader.
    guard let first = tokens.next() else { return true }
    let starters: Set<String> = [
      "PRAGMA", "BEGIN", "CREATE", "INSERT", "REPLACE", "DROP", "SAVEPOINT", "ANALYZE", "SELECT", "UPDATE", "DELETE", "ALTER", "WITH",
      "ATTACH", "COMMIT", "ROLLBACK", "VACUUM", "END", "RELEASE", "DETACH", "REINDEX",
    ]
    return starters.contains(first.word) || first.text == [UInt8(ascii: ".")] || first.text == [UInt8(ascii: "#")]
  }
}
