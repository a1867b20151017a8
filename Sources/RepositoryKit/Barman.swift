import Digesting
package import DrillModel
import EngineKit
import Foundation
import Glibc
package import Selecting
package import ToolRunner

/// Barman on this machine, with one server's backups. It only ever reads them, and asks that server nothing.
package struct Barman: Sendable {
  package let server: String
  package let configuration: BarmanConfiguration
  package let reader: RepositoryReader
  let program: String
  private let user: String
  let tools: any ToolRunning
  private let path: String?

  static let patience = Duration.seconds(300)

  /// - Parameter run: The run's user; nil when we are not root.
  /// - Throws: `Fault` with code `tool_missing`, `configuration`, `permission_denied` or `source_unreachable`.
  package init(server: String, configuration path: String?, run: Box.User?, tools: any ToolRunning) throws {
    program = try tools.locate("barman", package: "barman")
    configuration = try BarmanConfiguration.read(path, server: server)
    guard access(configuration.home, F_OK) == 0 || errno == EACCES else {
      throw Fault(
        .sourceUnreachable, "Barman's home \(InertText.line(configuration.home, limit: 300)) is not there",
        advice: "Mount it, or correct barman_home in \(configuration.place)")
    }
    // Barman refuses to work as anybody but its own user.
    reader = RepositoryReader(ownerOf: configuration.home, for: run)
    guard let user = reader.name else {
      throw Fault(
        .configuration, "the owner of \(configuration.home) has no name on this machine", advice: "Give it Barman's user as owner")
    }
    self.user = user
    self.server = server
    self.tools = tools
    self.path = path
  }

  /// `3.4.0`.
  package func version(in work: String) async throws -> String {
    let answer = try await ask(["--version"], in: work)
    return String(decoding: answer.output, as: UTF8.self).split(separator: " ").first.map { InertText.line($0, limit: 30) } ?? "unknown"
  }

  /// The backups of the server.
  ///
  /// - Parameter work: A directory of the tool's user, prepared.
  package func artefacts(in work: String) async throws -> [Artefact] {
    let output = try await answer(["list-backups", server], "listing the backups of server \(server)", in: work)
    guard let listed = BarmanCatalogue.answer([BarmanCatalogue.Listed].self, of: server, output) else { throw unclear }
    let configuration = configuration
    let isBackingUp = try await onThread("barman lock") { HeldLocks.hold(configuration.backupLock) }
    return BarmanCatalogue.artefacts(listed, server: server, isBackingUp: isBackingUp)
  }

  /// What is to be restored of a backup that was listed.
  ///
  /// - Throws: `Fault` with code `backup_unreadable` when it is gone by now.
  package func point(_ artefact: Artefact, in work: String) async throws -> RepositoryPoint {
    let output = try await answer(["show-backup", server, artefact.name], "looking at \(artefact.name)", in: work)
    guard let shown = BarmanCatalogue.answer(BarmanCatalogue.Shown.self, of: server, output), let base = shown.base else { throw unclear }
    var point = RepositoryPoint(tool: .barman, owner: server, label: shown.id)
    point.configuration = path
    point.tablespaces = (shown.tablespaces ?? []).map { RepositoryPoint.Tablespace(name: $0.name, number: $0.number?.text) }
    point.began = base.began?.time
    point.ended = base.ended?.time
    point.firstPosition = base.first
    point.lastPosition = base.last
    point.major = shown.version.map { $0 / 10_000 }
    point.storedBytes = artefact.bytes
    point.restoredBytes = base.bytes
    return point
  }

  /// The server's archived log, and what waits to be archived, by names alone.
  package func log() async throws -> [Artefact] {
    let places = [configuration.log, configuration.incoming]
    return try await onThread("barman wals") {
      try places.flatMap { place in
        let names: [String]
        do { names = try FileManager.default.subpathsOfDirectory(atPath: place) } catch {
          guard access(place, R_OK) != 0, errno != ENOENT else { throw error }
          if errno == ENOENT { return [Artefact]() }
          throw Fault(
            .permissionDenied, "the log archive \(InertText.line(place, limit: 300)) cannot be read: \(systemMessage(errno))",
            advice: "Run drillmark as Barman's user or as root")
        }
        return names.compactMap { name in
          var status = stat()
          guard lstat("\(place)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
          return Artefact(
            location: "\(place)/\(name)", name: String(name.split(separator: "/").last ?? ""), bytes: Int64(status.st_size),
            modified: nil)
        }
      }
    }
  }

  /// The catalogue's entry of a backup, which is a file: its place, size and SHA-256; nil where it cannot be had.
  package func entry(of label: String) async throws -> ArtefactRecord? {
    let path = "\(configuration.base)/\(label)/backup.info"
    return try await onThread("barman entry") {
      guard let text = try ConfigurationText.read(path) else { return nil }
      let digest = SHA256.digest(of: Array(text.utf8))
      return ArtefactRecord(location: path, bytes: Int64(text.utf8.count), sha256: Hexadecimal.encode(digest))
    }
  }

  /// Restores the files of one backup; the log is fetched when the server asks for it. What Barman changed of the files is put back.
  ///
  /// - Parameters:
  ///   - data: An empty directory of the tool's user.
  ///   - tablespaces: The same, for tablespaces.
  package func restore(_ point: RepositoryPoint, to data: String, tablespaces: String, in work: String) async throws {
    var arguments = ["recover", "--get-wal", "--recovery-staging-path", work]
    for (index, space) in point.tablespaces.enumerated() {
      guard !space.name.contains(":") else {
        throw Fault(.configuration, "Barman cannot move the tablespace \(InertText.line(space.name, limit: 63)), whose name has a colon")
      }
      let directory = "\(tablespaces)/\(space.number.flatMap { UInt32($0) }.map { String($0) } ?? "space-\(index)")"
      try Accounts.makeDirectory(directory, owner: reader.user, mode: 0o700)
      arguments += ["--tablespace", "\(space.name):\(directory)"]
    }
    let doing = "restoring \(point.label)"
    let exit = try await tools.run(
      command(arguments + [server, point.label, data], config: "restore.conf", in: work, writing: [data, tablespaces, work]))
    try judge(exit, doing)
    try await onThread("barman files") { try Barman.putBack(data, label: point.label) }
  }

  /// Fetches one file of the log into a directory of the tool's user; false where the archive does not hold it.
  package func fetch(_ name: String, into directory: String, work: String) async throws -> Bool {
    let exit = try await tools.run(
      command(["get-wal", "--output-directory", directory, server, name], config: "log.conf", in: work, writing: [directory, work]),
      deadline: Barman.patience)
    let said = exit.errorText + exit.outputText
    if case .exited = exit.status, said.contains("not found in server") { return false }
    try judge(exit, "fetching \(InertText.line(name, limit: 60))")
    return access("\(directory)/\(name)", F_OK) == 0
  }

  /// Writes the configurations into a directory of the tool's user. To be called once for each directory.
  package func prepare(_ work: String) throws {
    for name in ["none", "wals"] { try Accounts.makeDirectory("\(work)/\(name)", owner: reader.user, mode: 0o700) }
    for name in (try? FileManager.default.contentsOfDirectory(atPath: configuration.log)) ?? [] where name != "xlog.db" {
      guard symlink("\(configuration.log)/\(name)", "\(work)/wals/\(name)") == 0 else {
        throw Fault(.scratchUnusable, "no link can be made in \(work): \(systemMessage(errno))", advice: "Check scratch.directory")
      }
    }
    for (name, archives) in [("restore.conf", false), ("log.conf", true)] {
      let text = configuration.text(user: user, work: work, archives: archives)
      try Accounts.writeFile("\(work)/\(name)", text, owner: reader.user)
    }
  }
}
