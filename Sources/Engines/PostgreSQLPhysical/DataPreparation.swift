import DrillModel
import EngineKit
import Foundation
import Glibc
import PostgreSQLKit
import ToolRunner

/// Takes away what ties a copied data directory to the place that it came from (docs/engines/postgresql-physical.md has the list).
struct DataPreparation: Sendable {
  let data: String
  let owner: Box.User?
  /// Links of the backup that were not made, by their names in the data directory.
  let links: [String: String]

  /// What a server reads at its start, or what belonged to the process that once ran here.
  private static let removed = [
    "postgresql.auto.conf", "postgresql.auto.conf.tmp", "recovery.signal", "standby.signal", "recovery.conf", "promote", "postmaster.pid",
    "postmaster.opts", "tablespace_map", "current_logfiles",
  ]
  /// What a server makes anew at its start, and what would hold back or reach another server (the manual's "Backing Up the Data Directory").
  private static let emptied = [
    "pg_replslot", "pg_dynshmem", "pg_notify", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans", "pg_wal/archive_status",
  ]
  private static let needed = [
    "pg_commit_ts", "pg_dynshmem", "pg_logical", "pg_logical/mappings", "pg_logical/snapshots", "pg_notify", "pg_replslot", "pg_serial",
    "pg_snapshots", "pg_stat", "pg_stat_tmp", "pg_subtrans", "pg_tblspc", "pg_twophase", "pg_wal", "pg_wal/archive_status",
  ]

  /// Points tablespaces at where they were unpacked.
  ///
  /// - Parameter directories: By number; what a link or the tablespace_map of the backup names and is not among them is missing.
  /// - Throws: `Fault` with code `restore_failed` for a tablespace that the backup does not hold.
  func place(tablespaces directories: [String: String]) throws {
    for (name, target) in links.sorted(by: { $0.key < $1.key }) where name.hasPrefix("pg_tblspc/") {
      let number = String(name.dropFirst("pg_tblspc/".count))
      guard directories[number] == nil else { continue }
      throw missing(number, "it holds only a link to \(InertText.line(target, limit: 200))")
    }
    for (number, target) in mapped.sorted(by: { $0.key < $1.key }) where directories[number] == nil {
      var status = stat()
      guard lstat("\(data)/pg_tblspc/\(number)", &status) != 0 else { continue }
      throw missing(number, "its tablespace_map says that it was at \(InertText.line(target, limit: 200))")
    }
    guard !directories.isEmpty else { return }
    try make("pg_tblspc")
    for (number, directory) in directories {
      let link = "\(data)/pg_tblspc/\(number)"
      guard symlink(directory, link) == 0 || errno == EEXIST, owner.map({ lchown(link, $0.uid, $0.gid) == 0 }) ?? true else {
        throw unusable("pg_tblspc/\(number)")
      }
    }
  }

  /// The tablespaces that archives of pg_basebackup tell of instead of links, by number: a line each of it and its place.
  private var mapped: [String: String] {
    let lines = (SmallText.read("\(data)/tablespace_map") ?? "").split(separator: "\n")
    let pairs = lines.compactMap { line -> (String, String)? in
      let number = line.prefix { $0 != " " }
      return UInt32(number) == nil ? nil : (String(number), String(line.dropFirst(number.count + 1)))
    }
    return Dictionary(pairs) { $1 }
  }

  private func missing(_ number: String, _ why: String) -> Fault {
    Fault(
      .restoreFailed, "the tablespace \(InertText.line(number, limit: 20)) is not in the backup: \(why)",
      advice:
        "Back it up with pg_basebackup -Ft, whose archives hold every tablespace, and give the directory of all of them; no link is followed"
    )
  }

  /// Removes, empties and makes what has to be so; after the backup's manifest was compared.
  ///
  /// - Returns: Sentences for the record.
  func prepare() throws -> [String] {
    var notes: [String] = []
    for name in DataPreparation.removed { try remove(name) }
    var missing: [String] = []
    for name in DataPreparation.needed where try make(name) { missing.append(name) }
    for name in DataPreparation.emptied {
      for inner in (try? FileManager.default.contentsOfDirectory(atPath: "\(data)/\(name)")) ?? [] { try remove("\(name)/\(inner)") }
    }
    if links["pg_wal"] != nil { notes.append("pg_wal was a link in the backup, so that its log had to come from elsewhere") }
    let own = missing.filter { !$0.hasPrefix("pg_wal") }
    if !own.isEmpty {
      notes.append(
        "the backup lacks \(own.count) directories that are empty in a server (\(own.prefix(3).joined(separator: ", "))), which were made here; "
          + "whoever restores it by hand must make them too")
    }
    let others = links.keys.filter { $0 != "pg_wal" && !$0.hasPrefix("pg_tblspc/") }.sorted()
    if !others.isEmpty {
      notes.append(
        "\(others.count) links in the backup were left out: \(InertText.line(others.prefix(3).joined(separator: ", "), limit: 200))")
    }
    return notes
  }

  /// Writes what makes the server recover from an archive.
  func signalRecovery() throws { try Accounts.writeFile("\(data)/recovery.signal", "", owner: owner) }

  /// Whether it had to be made.
  @discardableResult
  private func make(_ name: String) throws -> Bool {
    let path = "\(data)/\(name)"
    var status = stat()
    if lstat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFDIR else { throw Fault(.restoreFailed, "\(name) is no directory in the backup") }
      return false
    }
    try Accounts.makeDirectory(path, owner: owner, mode: 0o700)
    return true
  }

  private func remove(_ name: String) throws {
    do { try FileManager.default.removeItem(atPath: "\(data)/\(name)") } catch {
      if access("\(data)/\(name)", F_OK) == 0 { throw unusable(name) }
    }
  }

  private func unusable(_ name: String) -> Fault {
    Fault(.scratchUnusable, "\(name) of the restored data directory cannot be prepared: \(systemMessage(errno))")
  }
}
