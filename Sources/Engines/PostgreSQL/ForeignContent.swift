import DrillModel
import EngineKit

/// Content that is not a PostgreSQL dump, told by its beginning.
enum ForeignContent: Hashable {
  case mangledArchive, mangledText
  case zeroes, html, database, compressed, mysql, binary
  /// What else is known by its first bytes.
  case other(String)

  /// Nil when the bytes look like SQL text.
  init?(_ bytes: [UInt8]) {
    let lower = String(decoding: bytes.prefix(2048), as: UTF8.self).lowercased()
    let text = lower.drop { $0.isWhitespace }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      self = bytes.dropFirst(2).filter { $0 != 0 }.starts(with: "PGDMP".utf8) ? .mangledArchive : .mangledText
    } else if bytes.allSatisfy({ $0 == 0 }) {
      self = .zeroes
    } else if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") || text.hasPrefix("<?xml") {
      self = .html
    } else if bytes.starts(with: "SQLite format 3\0".utf8) {
      self = .database
    } else if bytes.starts(with: [0x1F, 0x8B]) || bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || bytes.starts(with: "PK\u{3}\u{4}".utf8)
      || bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A]) || bytes.starts(with: [0x37, 0x7A, 0xBC, 0xAF])
    {
      self = .compressed
    } else if lower.contains("-- mysql dump") || lower.contains("-- mariadb dump") || lower.contains("/*m!999999")
      || lower.contains("/*!40101")
    {
      self = .mysql
    } else if let name = KnownFormat.name(of: bytes), name != "a plain pg_dump" {
      self = .other(name)
    } else if bytes.prefix(4096).contains(where: { $0 == 0 }) {
      self = .binary
    } else {
      return nil
    }
  }

  func fault(_ name: String) -> Fault {
    switch self {
    case .mangledArchive:
      Fault(
        .backupWrongFormat,
        "\(name) does not appear to be a valid archive: a shell redirect re-encoded the dump as UTF-16, and its bytes are lost",
        advice: "Let pg_dump write the file itself (pg_dump -Fc -f FILE); PowerShell's > changes binary output")
    case .mangledText:
      Fault(
        .backupWrongFormat, "\(name) is UTF-16 text: a shell redirect re-encoded the dump, and psql does not read it",
        advice: "Let pg_dump write the file itself (pg_dump -f FILE)")
    case .zeroes:
      Fault(
        .backupDamaged, "\(name) is filled with zero bytes: space was allocated and the dump never written",
        advice: "Look at the backup job and the file system it wrote to")
    case .html: Fault(.backupWrongFormat, "\(name) is a web page, not a dump: a download saved an error page", advice: DumpFormat.lookAtJob)
    case .database: Fault(.backupWrongFormat, "\(name) is an SQLite database, not a PostgreSQL dump", advice: "Use the engine `sqlite`")
    case .compressed:
      Fault(.backupWrongFormat, "\(name) is a compressed file of a kind that was not taken off", advice: DumpFormat.lookAtJob)
    case .mysql: Fault(.backupWrongFormat, "\(name) is a MySQL or MariaDB dump, not one of PostgreSQL", advice: "Use the engine for it")
    case .other(let what):
      Fault(.backupWrongFormat, "\(name) is \(what), not a PostgreSQL dump", advice: "Check `match` and the job that writes it")
    case .binary:
      Fault(.backupWrongFormat, "\(name) is neither a pg_dump archive nor SQL text: it holds zero bytes", advice: DumpFormat.lookAtJob)
    }
  }
}
