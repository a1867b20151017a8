import DrillModel
import EngineKit
import Glibc
import ToolRunner

/// The manifest of an append-only file in several parts (Redis 7 and later): a base and the increments after it.
///
/// Lines `file NAME seq NUMBER type b|i|h` (aof.c of Redis 7.0); files of type `h` only wait to be removed.
package struct AppendOnlyManifest: Sendable, Hashable {
  /// The manifest's own path.
  package var path: String
  /// Nil when there is none, as in a server that never rewrote its file.
  package var base: String?
  /// In the order in which they are replayed.
  package var increments: [String]

  /// Files that only wait to be removed.
  private var history: Set<String> = []
  /// The number of the first increment; nil when there is none.
  private var first: Int64?

  package var files: [String] { (base.map { [$0] } ?? []) + increments }

  package var directory: String { path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") }

  /// Reads a manifest's text.
  ///
  /// - Throws: `Fault` with code `backup_damaged` for a text that Redis would refuse.
  package init(_ text: String, path: String) throws {
    self.path = path
    increments = []
    var last: Int64 = 0
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() where !line.isEmpty {
      if line.hasPrefix("#") { continue }
      let words = line.split(separator: " ")
      guard words.count >= 6, words[0] == "file", words[2] == "seq", words[4] == "type", let sequence = Int64(words[3]),
        let name = AppendOnlyManifest.name(words[1])
      else { throw AppendOnlyManifest.damaged(path, "cannot be understood in line \(number + 1)") }
      switch words[5] {
      case "b" where base == nil: base = name
      case "i" where sequence > last:
        increments.append(name)
        first = first ?? sequence
        last = sequence
      case "h": history.insert(name)
      default: throw AppendOnlyManifest.damaged(path, "names its files out of order in line \(number + 1)")
      }
    }
    guard !files.isEmpty else { throw AppendOnlyManifest.damaged(path, "names no file") }
  }

  /// Reads the manifest at `path`.
  ///
  /// - Throws: as above, and with code `backup_unreadable`.
  package init(at path: String) throws {
    try self.init(String(decoding: try RedisFile.small(path), as: UTF8.self), path: path)
  }

  /// Proves that every file that the manifest names is there, without one of which Redis would not start, and that it names all it should.
  ///
  /// - Returns: Their bytes.
  /// - Throws: `Fault` with code `backup_damaged` that names the missing ones, or `backup_truncated` for a base of no bytes.
  @discardableResult
  package func requireFiles() throws -> Int64 {
    var missing: [String] = []
    var total: Int64 = 0
    for name in files {
      var status = stat()
      guard lstat("\(directory)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        missing.append(name)
        continue
      }
      total += Int64(status.st_size)
    }
    guard missing.isEmpty else {
      throw Fault(
        .backupDamaged,
        "the manifest \(path) names \(files.count) files, and of these \(missing.prefix(5).joined(separator: ", ")) "
          + (missing.count == 1 ? "is" : "are") + " not there", advice: AppendOnlyManifest.copyWhole)
    }
    try requireBase()
    try refuseUnnamed()
    return total
  }

  /// Redis takes a base of no bytes, and increments without one, for an empty beginning, and writes neither over data: a base that is an RDB
  /// file has a header at least, and the increments from the first on are there until a base takes their place.
  private func requireBase() throws {
    if let base, base.hasSuffix(".rdb"), RedisFile.size("\(directory)/\(base)") == 0 {
      throw Fault(.backupTruncated, "the base \(base) of the append-only file holds no byte", advice: RedisFormat.lookAtJob)
    }
    if base == nil, let first, first > 1 {
      throw Fault(
        .backupDamaged, "the manifest \(path) names no base, and increments from number \(first) on: what went before is missing",
        advice: AppendOnlyManifest.copyWhole)
    }
  }

  /// An increment that was begun behind the first of the manifest's, and holds commands that the manifest knows nothing of.
  private func refuseUnnamed() throws {
    let known = history.union(files)
    let prefix = (path.split(separator: "/").last ?? "").dropLast(".manifest".count)
    for name in try RedisFormat.names(in: directory)
    where name.hasPrefix("\(prefix).") && name.hasSuffix(".incr.aof") && !known.contains(name) {
      guard let number = Int64(name.dropFirst(prefix.count + 1).dropLast(".incr.aof".count)), number > first ?? 0,
        RedisFile.size("\(directory)/\(name)") > 0
      else { continue }
      throw Fault(
        .backupDamaged,
        "the manifest \(path) does not name \(name) beside it, whose commands would be lost: it is older than the file, or cut",
        advice: AppendOnlyManifest.copyWhole)
    }
  }

  private static let copyWhole = "Copy the whole directory, after switching automatic rewrites off"

  /// Redis writes names as they are, and only in quotes when they hold white space; ours must be plain.
  private static func name(_ word: Substring) -> String? {
    guard !word.contains("/"), !word.hasPrefix("\""), !word.hasPrefix("."), word.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
      return nil
    }
    return String(word)
  }

  private static func damaged(_ path: String, _ how: String) -> Fault {
    Fault(.backupDamaged, "the manifest \(path) of the append-only files \(how)", advice: RedisFormat.lookAtJob)
  }
}
