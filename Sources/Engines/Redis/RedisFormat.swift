package import DrillModel
package import EngineKit
import Foundation

/// What a Redis backup is, told by content; names lie.
package enum RedisFormat: Sendable, Hashable {
  /// One RDB file; in a directory, its path.
  case snapshot(RDBHeader, path: String?)
  /// One append-only file, perhaps with an RDB file as its beginning; in a directory, its path.
  case log(RDBHeader?, path: String?)
  /// A directory with a manifest of append-only files.
  case parts(AppendOnlyManifest, bytes: Int64)

  static let lookAtJob = "Look at the backup job's own log; the next older backup may be whole"

  /// - Throws: `Fault` that says what the content is instead.
  package init(_ head: ContentHead) throws {
    if let directory = head.directory {
      self = try RedisFormat(directory: directory)
    } else {
      self = try RedisFormat(bytes: head.bytes, name: head.name)
    }
  }

  init(bytes: [UInt8], name: String, path: String? = nil) throws {
    guard !bytes.isEmpty else { throw Fault(.backupEmpty, "\(name) is empty: it holds no byte", advice: Self.lookAtJob) }
    if let header = try RDBHeader(bytes, name: name) {
      self = header.isPreamble ? .log(header, path: path) : .snapshot(header, path: path)
      return
    }
    guard !Self.beginsLog(bytes) else {
      self = .log(nil, path: path)
      return
    }
    try KnownFormat.refuseEncrypted(bytes)
    let other = KnownFormat.name(of: bytes).map { "is \($0)" } ?? "begins neither like an RDB file nor like an append-only file"
    throw Fault(.backupWrongFormat, "\(name) \(other)", advice: "Check `engine` and `match`")
  }

  /// A directory with a manifest, or one that holds Redis's data: its append-only files count before its RDB file.
  private init(directory: String) throws {
    let names = try Self.names(in: directory)
    for place in [directory] + (names.contains("appendonlydir") ? ["\(directory)/appendonlydir"] : []) {
      let manifests = (place == directory ? names : try Self.names(in: place)).filter {
        // What Redis writes before it renames it.
        $0.hasSuffix(".manifest") && !$0.hasPrefix("temp-")
      }
      if manifests.count > 1 {
        throw Fault(.backupWrongFormat, "\(place) holds \(manifests.count) manifests of append-only files", advice: "Check `match`")
      }
      if let manifest = manifests.first {
        let parts = try AppendOnlyManifest(at: "\(place)/\(manifest)")
        self = .parts(parts, bytes: try parts.requireFiles())
        return
      }
    }
    if names.contains(where: { $0.hasSuffix(".incr.aof") || $0.hasSuffix(".base.aof") || $0.hasSuffix(".base.rdb") }) {
      throw Fault(
        .backupDamaged, "\(directory) holds parts of an append-only file and no manifest, without which Redis would start empty",
        advice: "Copy the whole directory, the file that ends in .manifest included")
    }
    let files = names.filter { $0.hasSuffix(".aof") } + names.filter { $0.hasSuffix(".rdb") }
    guard let file = files.first else {
      throw Fault(.backupWrongFormat, "\(directory) holds no manifest, no .aof and no .rdb file", advice: "Check `engine` and `match`")
    }
    guard files.count(where: { $0.hasSuffix(file.suffix(4)) }) == 1 else {
      throw Fault(.backupWrongFormat, "\(directory) holds several files like \(file)", advice: "Drill one of them, with `match`")
    }
    let path = "\(directory)/\(file)"
    self = try RedisFormat(bytes: try RedisFile.head(path), name: file, path: path)
  }

  /// For people and the record.
  package var description: String {
    switch self {
    case .snapshot(let header, _): header.description
    case .log(nil, _): "append-only file"
    case .log(let header?, _): "append-only file that begins with \(header.description)"
    case .parts(let manifest, _): "append-only file of \(manifest.files.count) parts"
    }
  }

  /// When the save began that the whole backup is; an append-only file is newer than its beginning.
  package var takenAt: Timestamp? {
    if case .snapshot(let header, _) = self { header.created } else { nil }
  }

  var header: RDBHeader? {
    switch self {
    case .snapshot(let header, _): header
    case .log(let header, _): header
    case .parts: nil
    }
  }

  /// A command (`*2\r\n$6…`) or an annotation (`#TS:1700000000\r\n`).
  private static func beginsLog(_ bytes: [UInt8]) -> Bool {
    if bytes.starts(with: "#TS:".utf8) { return true }
    guard bytes.first == UInt8(ascii: "*") else { return false }
    let digits = bytes.dropFirst().prefix { (48...57).contains($0) }
    return (1...10).contains(digits.count) && bytes.dropFirst(1 + digits.count).starts(with: "\r\n$".utf8)
  }

  static func names(in directory: String) throws -> [String] {
    do { return try FileManager.default.contentsOfDirectory(atPath: directory).sorted() } catch {
      throw Fault(.backupUnreadable, "the directory \(directory) cannot be listed", advice: "Check owner and mode")
    }
  }
}
