import DrillModel
import EngineKit
import Glibc
import MySQLKit
import ToolRunner

/// Loads a directory in two goes where sessions of myloader could lock each other out.
///
/// With unique and foreign key checks off, MariaDB locks a whole table for the first rows of an empty one (MDEV-515): two sessions that begin
/// the same table at the same moment end in a deadlock, and the rows of one are lost. myloader leaves the checks on since version 0.14
/// (mydumper/mydumper#988); for older ones, the first go begins every table with one file, and the second brings the rest into tables with rows.
struct MyDumperPasses: Sendable {
  let session: MySQLLoadSession
  let dump: MyDumperDirectory

  /// The directories that myloader loads, one after the other.
  ///
  /// - Parameter place: Where the run's user reads the dump; links lead to its files.
  func directories(of myloader: String, at place: String) async throws -> [String] {
    let passes = dump.passes
    guard passes.count > 1, session.options.jobs > 1, session.installation.vendor == .mariadb, try await isAffected(myloader) else {
      return [place]
    }
    return try passes.enumerated().map { index, files in
      let directory = "\(session.context.directory)/pass-\(index + 1)"
      try Accounts.makeDirectory(directory, owner: session.server.confinement.user, mode: 0o700)
      for name in ["metadata"] + files.map(\.name) {
        guard symlink("\(place)/\(name)", "\(directory)/\(name)") == 0 else {
          throw Fault(
            errno == ENOSPC ? .noSpace : .toolFailed, "the links to the dump's files cannot be made: \(systemMessage(errno))",
            advice: "Check the space and the inodes of scratch.directory")
        }
      }
      return directory
    }
  }

  /// Of `myloader 0.10.0, built against MySQL 10.11.14`.
  private func isAffected(_ myloader: String) async throws -> Bool {
    let exit = try await session.context.tools.run(ToolCommand(myloader, ["--version"]), deadline: .seconds(30))
    guard let version = exit.outputText.firstMatch(of: /myloader v?(\d+)\.(\d+)/), let major = Int(version.1), let minor = Int(version.2)
    else { return false }
    return (major, minor) < (0, 14)
  }
}

extension MyDumperDirectory {
  /// All files in the order of their loading: with what defines tables, one file of rows of each of them, its largest; then all others, where
  /// there are more. Within one go, no two files hold rows of the same table unless the go before began it.
  var passes: [[File]] {
    let rows = Dictionary(grouping: files.filter { $0.kind == .data }, by: \.table)
    // An empty file would leave the table empty for the second go.
    let beginnings = Set(rows.values.compactMap { $0.max { $0.bytes < $1.bytes }?.name })
    let rest = files.filter { $0.kind == .data && !beginnings.contains($0.name) }
    guard !rest.isEmpty else { return [files] }
    let isFirst = { (file: File) in [.database, .schema].contains(file.kind) || beginnings.contains(file.name) }
    return [files.filter(isFirst), files.filter { !isFirst($0) }]
  }
}
