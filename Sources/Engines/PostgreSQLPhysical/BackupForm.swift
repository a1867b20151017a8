import DrillModel
import EngineKit
import Foundation
import TreeKit

/// How a physical backup that is a directory is laid out.
enum BackupForm: Sendable, Hashable {
  /// A data directory as it is, at this path.
  case plain(String)
  /// The tar archives that `pg_basebackup -Ft` writes: of the data directory, of the log, and of tablespaces by number.
  case archives(base: String, log: String?, tablespaces: [String: String], manifest: String?)

  private static let endings = ["", ".gz", ".zst", ".lz4", ".xz", ".bz2"]

  /// - Throws: `Fault` that tells an empty directory from one that holds something else.
  init(at path: String) throws {
    let files = FileManager.default
    guard let names = try? files.contentsOfDirectory(atPath: path) else {
      throw Fault(.backupUnreadable, "the directory of the backup cannot be read: \(path)", advice: "Check its owner and mode")
    }
    if names.contains("PG_VERSION") {
      self = .plain(path)
      return
    }
    func archive(_ name: String) -> String? {
      BackupForm.endings.map { name + ".tar" + $0 }.first(where: names.contains).map { "\(path)/\($0)" }
    }
    if let base = archive("base") {
      var tablespaces: [String: String] = [:]
      for name in names {
        let number = String(name.prefix { $0.isNumber })
        if !number.isEmpty, let found = archive(number) { tablespaces[number] = found }
      }
      let manifest = names.contains("backup_manifest") ? "\(path)/backup_manifest" : nil
      self = .archives(base: base, log: archive("pg_wal"), tablespaces: tablespaces, manifest: manifest)
      return
    }
    let inner = names.filter { files.fileExists(atPath: "\(path)/\($0)/PG_VERSION") && !names.contains("toc.dat") }
    if inner.count == 1 {
      self = .plain("\(path)/\(inner[0])")
      return
    }
    guard !names.isEmpty else { throw Fault(.backupEmpty, "the backup is an empty directory", advice: "Look at the job that writes it") }
    if names.contains("toc.dat") {
      throw Fault(
        .backupWrongFormat, "the backup is a dump that pg_dump -Fd wrote, not a physical backup", advice: "Use `engine: postgresql`")
    }
    let isLog = names.contains { LogFile($0, size: 16 << 20) != nil }
    throw Fault(
      .backupWrongFormat,
      isLog
        ? "the backup is a directory of write-ahead log without a base backup"
        : "the backup is a directory with neither a data directory (PG_VERSION) nor archives of pg_basebackup (base.tar) in it",
      advice: isLog ? "Give the archive as `logs`, and `from` the place of base backups" : "Check `from` and `match`")
  }

  /// The major version, where it can be read without unpacking anything.
  var major: Int? {
    guard case .plain(let path) = self else { return nil }
    return BackupForm.major(of: path)
  }

  /// What a data directory's PG_VERSION says.
  static func major(of data: String) -> Int? {
    guard let text = try? String(contentsOfFile: "\(data)/PG_VERSION", encoding: .utf8) else { return nil }
    return Int(text.trimmingCharacters(in: .whitespacesAndNewlines).prefix { $0.isNumber })
  }

  /// Bytes of its files, as they lie there.
  var storedBytes: Int64 {
    switch self {
    case .plain(let path): BackupForm.bytes(below: path)
    case .archives(let base, let log, let tablespaces, _):
      ([base] + [log].compactMap(\.self) + tablespaces.values).map { BackupForm.size($0) * ($0.hasSuffix(".tar") ? 1 : 5) }.reduce(0, +)
    }
  }

  private static func bytes(below path: String) -> Int64 {
    let keys: Set<URLResourceKey> = [.fileSizeKey]
    let all = FileManager.default.enumerator(at: URL(fileURLWithPath: path), includingPropertiesForKeys: Array(keys))
    var total: Int64 = 0
    for case let file as URL in all ?? .init() { total += Int64((try? file.resourceValues(forKeys: keys))?.fileSize ?? 0) }
    return total
  }

  private static func size(_ path: String) -> Int64 {
    ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int).map { Int64($0) } ?? 0
  }
}

/// The beginning of a tar archive of a data directory.
struct ArchiveBeginning {
  var label: BackupLabel?
  var major: Int?
  var isDump = false

  /// Looks at the members that the first bytes hold whole.
  init(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while rest.count >= TarHeader.blockSize {
      let block = Array(rest.prefix(TarHeader.blockSize))
      guard TarHeader.isWhole(block), let header = TarHeader(block), header.size < Int64(bytes.count) else { return }
      rest = rest.dropFirst(TarHeader.blockSize)
      let content = rest.prefix(Int(header.size))
      guard content.count == Int(header.size) else { return }
      let text = String(decoding: content, as: UTF8.self)
      switch header.name.split(separator: UInt8(ascii: "/")).last.map({ String(decoding: $0, as: UTF8.self) }) {
      case "backup_label": label = BackupLabel(text)
      case "PG_VERSION": major = major ?? Int(text.prefix { $0.isNumber })
      case "toc.dat": isDump = content.starts(with: "PGDMP".utf8)
      default: break
      }
      rest = rest.dropFirst((Int(header.size) + TarHeader.blockSize - 1) / TarHeader.blockSize * TarHeader.blockSize)
    }
  }
}
