import DrillModel
import EngineKit
import Foundation
import Glibc
import MySQLReplay

/// A directory that mydumper wrote: a schema file for each table, any number of data files, and `metadata` once it was done.
///
/// The source is mydumper's own documentation, "Output files".
struct MyDumperDirectory: Sendable {
  let path: String
  /// What consistent reading began with, in the dumping machine's local time.
  private(set) var started: CivilTime?
  /// Where in the binary logs of the dumped server it was taken; nil where the server kept none.
  private(set) var coordinates: DumpCoordinates?
  /// Of all files, as stored.
  private(set) var bytes: Int64 = 0
  private(set) var files: [File] = []
  var isCompressed: Bool { files.contains { $0.isCompressed } }
  /// Tables without views, which have a schema file too: a table that stands in for them while others are made.
  var tables: [Table] {
    let views = Set(files.filter { $0.kind == .view }.compactMap(\.table))
    let all = Set(files.filter { $0.kind == .schema || $0.kind == .data }.compactMap(\.table)).subtracting(views)
    return all.sorted { ($0.database, $0.name) < ($1.database, $1.name) }
  }
  var description: String { "mydumper directory of \(tables.count) tables" }

  struct Table: Hashable, Sendable {
    var database: String
    var name: String
  }

  struct File: Hashable, Sendable {
    var name: String
    var kind: Kind
    var table: Table?
    /// As stored.
    var bytes: Int64 = 0
    var isCompressed: Bool { name.hasSuffix(".gz") }

    enum Kind: Hashable, Sendable { case database, schema, view, code, data }
  }

  /// - Throws: `Fault` that tells an unfinished dump from something else.
  init(_ path: String) throws {
    self.path = path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    guard names.contains("metadata") else {
      if names.contains("metadata.partial") {
        throw Fault(
          .backupTruncated, "mydumper did not finish: there is `metadata.partial` and no `metadata`", advice: MySQLEngine.lookAtJob)
      }
      if names.isEmpty { throw Fault(.backupEmpty, "the directory is empty", advice: MySQLEngine.lookAtJob) }
      throw Fault(
        .backupWrongFormat, "the directory holds no `metadata`, so it is not one of mydumper",
        advice: "Check `engine` and `match`; a physical backup has an engine of its own")
    }
    try readMetadata()
    for name in names.sorted() where name != "metadata" { try add(name) }
    guard files.contains(where: { $0.kind == .schema || $0.kind == .view }) else {
      throw Fault(.backupEmpty, "the mydumper directory holds no table", advice: MySQLEngine.lookAtJob)
    }
    try refuseOrphans()
  }

  private mutating func readMetadata() throws {
    let text = String(decoding: (FileManager.default.contents(atPath: "\(path)/metadata") ?? Data()).prefix(1 << 20), as: UTF8.self)
    guard let begun = text.firstMatch(of: /Started dump at: (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)/) else {
      throw Fault(.backupWrongFormat, "`metadata` does not say when the dump was started, so it is not one of mydumper")
    }
    guard text.contains("Finished dump at:") else {
      throw Fault(.backupTruncated, "mydumper did not finish: `metadata` has no `Finished dump at`", advice: MySQLEngine.lookAtJob)
    }
    let fields = [begun.1, begun.2, begun.3, begun.4, begun.5, begun.6].map { Int($0) ?? 0 }
    let time = CivilTime(year: fields[0], month: fields[1], day: fields[2], hour: fields[3], minute: fields[4], second: fields[5])
    started = time.isValid ? time : nil
    coordinates = MyDumperDirectory.coordinates(text)
  }

  /// The server's own place, not that of a server which it follows: below `SHOW MASTER STATUS:`, or in the section `[master]` or `[source]`
  /// since version 0.12.
  static func coordinates(_ text: String) -> DumpCoordinates? {
    guard let start = text.firstMatch(of: /(?m)^(?:SHOW MASTER STATUS:|\[(?:master|source)\])\s*$/) else { return nil }
    let rest = text[start.range.upperBound...]
    let end = rest.firstMatch(of: /(?m)^(?:SHOW [A-Z ]+:|\[.*\]|Finished dump at.*)\s*$/)?.range.lowerBound ?? rest.endIndex
    let part = rest[..<end]
    guard let file = part.firstMatch(of: /(?m)^\s*(?:Log:|File\s*=|SOURCE_LOG_FILE\s*=)\s*["']?([^"'\s]+)/),
      let offset = part.firstMatch(of: /(?m)^\s*(?:Pos:|Position\s*=|SOURCE_LOG_POS\s*=)\s*(\d+)/).flatMap({ Int64($0.1) }),
      BinaryLogName(String(file.1)) != nil, offset >= 4
    else { return nil }
    let list = part.firstMatch(of: /(?m)^\s*(?:GTID:|Executed_Gtid_Set\s*=)\s*["']?([0-9,-]+)["']?\s*$/)?.1 ?? ""
    return DumpCoordinates(
      BinaryLogPosition(file: String(file.1), offset: offset), transactions: list.split(separator: ",").map(String.init))
  }

  private mutating func add(_ name: String) throws {
    var status = stat()
    guard lstat("\(path)/\(name)", &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Fault(
        .unsafeContent, "the mydumper directory holds `\(name)`, which is no plain file, and is refused", advice: MySQLLoadJudge.whoWrites)
    }
    if name.hasSuffix(".zst") || name.hasSuffix(".zstd") {
      throw Fault(
        .toolTooOld, "the files of this mydumper directory are compressed with zstd, which the tried myloader does not read",
        advice: "Let mydumper compress with gzip, or not at all")
    }
    if name.hasSuffix(".dat") || name.hasSuffix(".dat.gz") {
      throw Fault(
        .unsafeContent, "the mydumper directory holds `\(name)`, which is loaded by letting the server read files, and is refused",
        advice: "Take the backup without --load-data")
    }
    guard var file = MyDumperDirectory.file(name) else { return }
    file.bytes = Int64(status.st_size)
    bytes += file.bytes
    guard status.st_size > 0 else {
      throw Fault(.backupTruncated, "the file `\(name)` of the mydumper directory is empty", advice: MySQLEngine.lookAtJob)
    }
    files.append(file)
  }

  /// What a file is by its name: `db-schema-create.sql`, `db.table-schema.sql`, `db.table.00001.sql.gz`; nil for others.
  static func file(_ name: String) -> File? {
    let bare = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    guard bare.hasSuffix(".sql") else { return nil }
    let stem = String(bare.dropLast(4))
    if stem.hasSuffix("-schema-create") { return File(name: name, kind: .database) }
    if stem.hasSuffix("-schema-post") || stem.hasSuffix("-schema-triggers") { return File(name: name, kind: .code) }
    func table(_ text: some StringProtocol) -> Table? {
      guard let dot = text.firstIndex(of: ".") else { return nil }
      return Table(database: String(text[..<dot]), name: String(text[text.index(after: dot)...]))
    }
    if stem.hasSuffix("-schema-view") { return File(name: name, kind: .view, table: table(stem.dropLast(12))) }
    if stem.hasSuffix("-schema") { return File(name: name, kind: .schema, table: table(stem.dropLast(7))) }
    guard let found = table(stem) else { return nil }
    // Chunks have numbers behind the table's name.
    let parts = found.name.split(separator: ".", omittingEmptySubsequences: false)
    let chunk = parts.count > 1 && parts.last?.count ?? 0 >= 5 && parts.last?.allSatisfy(\.isNumber) == true
    let bareName = chunk ? parts.dropLast().joined(separator: ".") : found.name
    return File(name: name, kind: .data, table: Table(database: found.database, name: bareName))
  }

  /// Rows of a table whose definition is missing.
  private func refuseOrphans() throws {
    let defined = Set(files.filter { $0.kind == .schema }.compactMap(\.table))
    guard let orphan = files.first(where: { file in file.kind == .data && file.table.map { !defined.contains($0) } == true }) else {
      return
    }
    throw Fault(
      .backupDamaged, "the mydumper directory holds rows in `\(orphan.name)` and no definition of their table",
      advice: "Files were lost on the way. \(MySQLEngine.lookAtJob)")
  }
}
