import DrillModel
package import EngineKit
import Foundation

/// A `pg_dump` output format, told by content; names lie.
package enum DumpFormat: Sendable, Hashable {
  case custom(ArchiveHeader)
  case tar(ArchiveHeader)
  case directory(ArchiveHeader)
  case plain(PlainHeader)

  /// Tells the format.
  ///
  /// - Throws: `Fault` that says what the content is instead.
  package init(_ head: ContentHead) throws {
    if let directory = head.directory {
      self = try DumpFormat.directory(at: directory, name: head.name)
      return
    }
    let bytes = head.bytes
    let name = head.name
    guard !bytes.isEmpty else { throw Fault(.backupEmpty, "\(name) is empty: it holds no byte", advice: DumpFormat.lookAtJob) }
    if bytes.starts(with: "PGDMP".utf8) {
      self = .custom(try DumpFormat.header(bytes, name: name, in: head))
    } else if let header = try DumpFormat.tarHeader(bytes, head) {
      self = .tar(header)
    } else {
      try KnownFormat.refuseEncrypted(bytes)
      if let other = ForeignContent(bytes) { throw other.fault(name) }
      self = .plain(PlainHeader(String(decoding: bytes.prefix(32 << 10), as: UTF8.self)))
    }
  }

  /// For people and the record.
  package var description: String {
    switch self {
    case .custom(let header): "pg_dump custom format \(header.version) from PostgreSQL \(header.serverVersion)"
    case .tar(let header): "pg_dump tar format \(header.version) from PostgreSQL \(header.serverVersion)"
    case .directory(let header): "pg_dump directory format \(header.version) from PostgreSQL \(header.serverVersion)"
    case .plain(let header):
      switch header.banner {
      case .database: "pg_dump plain SQL\(header.serverVersion.map { " from PostgreSQL \($0)" } ?? "")"
      case .cluster: "pg_dumpall plain SQL"
      case nil: "plain SQL without pg_dump's banner"
      }
    }
  }

  /// The archive's head; nil for plain SQL.
  package var archive: ArchiveHeader? {
    switch self {
    case .custom(let header), .tar(let header), .directory(let header): header
    case .plain: nil
    }
  }

  static let lookAtJob = "Look at the backup job's own log; the next older backup may be whole"

  private static func header(_ bytes: some Collection<UInt8>, name: String, in head: ContentHead) throws -> ArchiveHeader {
    do { return try ArchiveHeader(bytes) } catch let fault as Fault {
      throw Fault(fault.code, "\(name): \(fault.message)", advice: lookAtJob)
    }
  }

  private static func tarHeader(_ bytes: [UInt8], _ head: ContentHead) throws -> ArchiveHeader? {
    guard bytes.count >= 262, let first = tarMember(bytes) else { return nil }
    if first.hasPrefix("._") || first.contains("/._") {
      throw Fault(
        .backupWrongFormat, "\(head.name) is a tar that macOS packed again: it begins with \(first), and pg_restore needs toc.dat there",
        advice: "Keep the file that pg_dump -Ft wrote, or pack without the ._ members (COPYFILE_DISABLE=1)")
    }
    guard first == "toc.dat" else {
      throw Fault(
        .backupWrongFormat, "\(head.name) is a tar archive that begins with \(first), not one that pg_dump -Ft wrote",
        advice: "A packed directory-format dump must be unpacked first; other archives belong to the engine `files`")
    }
    return try header(bytes.dropFirst(512), name: head.name, in: head)
  }

  /// The first member's name when the bytes begin with a tar header, whose checksum is verified.
  private static func tarMember(_ bytes: [UInt8]) -> String? {
    guard bytes.count >= 512 else { return nil }
    let stored = String(decoding: bytes[148..<156].prefix { $0 != 0 }.filter { $0 != 32 }, as: UTF8.self)
    guard let checksum = Int(stored, radix: 8) else { return nil }
    let sum = bytes[0..<512].enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
    guard sum == checksum else { return nil }
    return String(decoding: bytes[0..<100].prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func directory(at path: String, name: String) throws -> DumpFormat {
    guard let file = FileHandle(forReadingAtPath: "\(path)/toc.dat") else {
      throw Fault(
        .backupWrongFormat, "the directory \(name) holds no readable toc.dat, so it is not a directory-format dump",
        advice: "Point the drill at the directory that pg_dump -Fd wrote")
    }
    let bytes = [UInt8](try file.read(upToCount: 64 << 10) ?? Data())
    guard !bytes.isEmpty else { throw Fault(.backupEmpty, "toc.dat of \(name) is empty", advice: lookAtJob) }
    do { return .directory(try ArchiveHeader(bytes)) } catch let fault as Fault {
      throw Fault(fault.code, "toc.dat of \(name): \(fault.message)", advice: lookAtJob)
    }
  }
}

extension DumpFormat {
  /// Tells the format of an archive on disk.
  init(archiveAt path: String) throws {
    var isDirectory: ObjCBool = false
    let name = URL(fileURLWithPath: path).lastPathComponent
    if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
      try self.init(ContentHead(name: name, bytes: [], directory: path))
      return
    }
    guard let file = FileHandle(forReadingAtPath: path) else { throw Fault(.backupUnreadable, "the archive \(path) cannot be read") }
    try self.init(ContentHead(name: name, bytes: [UInt8](try file.read(upToCount: 64 << 10) ?? Data())))
  }
}
