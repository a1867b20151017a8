import Digesting
package import DrillModel
import EngineKit
import Foundation
import Glibc
package import Selecting
package import ToolRunner

/// pgBackRest on this machine, with a stanza's repositories. It only ever reads them.
package struct PgBackRest: Sendable {
  package let stanza: String
  package let configuration: PgBackRestConfiguration
  let program: String
  let repository: Int?
  let tools: any ToolRunning
  package let reader: RepositoryReader

  /// How long a question about the repository may take.
  static let patience = Duration.seconds(300)

  /// - Parameter run: The run's user; nil when we are not root.
  /// - Throws: `Fault` with code `tool_missing`, `configuration` or `permission_denied`.
  package init(
    stanza: String, configuration path: String?, repository: Int?, run: Box.User?, tools: any ToolRunning
  ) throws {
    program = try tools.locate("pgbackrest", package: "pgbackrest")
    configuration = try PgBackRestConfiguration.read(path, stanza: stanza, repository: repository)
    // Its own directory may be open while what pgBackRest made in it is not.
    let place = configuration.directories.first
    let inner = place.flatMap { root in
      ["\(root)/backup/\(stanza)", "\(root)/backup"].first { (path: String) in access(path, F_OK) == 0 }
    }
    reader = RepositoryReader(of: inner ?? place, for: run)
    self.stanza = stanza
    self.repository = repository
    self.tools = tools
  }

  /// `2.45`.
  package func version() async throws -> String {
    let answer = try await ask(["version"], configured: false)
    return String(decoding: answer.output, as: UTF8.self).split(separator: " ").last.map { InertText.line($0, limit: 30) } ?? "unknown"
  }

  /// What the repositories hold of the stanza.
  ///
  /// - Throws: `Fault` that tells a repository that is not there, one without the stanza, one that is closed, one that cannot be decrypted
  ///   and a damaged one apart.
  package func info() async throws -> PgBackRestInfo {
    for directory in configuration.directories where access(directory, F_OK) != 0 && errno != EACCES {
      throw Fault(
        .sourceUnreachable, "the repository \(InertText.line(directory, limit: 300)) of \(configuration.place) is not there",
        advice: "Mount it, or correct its path")
    }
    let doing = "listing the backups of stanza \(stanza)"
    let answer = try await ask(["info", "--stanza=\(stanza)", "--output=json"] + chosen)
    try judge(answer.exit, doing, isOpen: false)
    guard let all = try? JSONDecoder().decode([PgBackRestInfo].self, from: PgBackRest.json(answer.output)),
      let found = all.first(where: { $0.name == stanza })
    else {
      throw Fault(
        .toolTooOld, "pgBackRest's catalogue of stanza \(stanza) cannot be understood", advice: "Versions from 2.30 on are known to be")
    }
    for repo in found.repo ?? [] { try await judge(repo, doing, among: found) }
    // Before it told of each repository there was one status for all.
    if found.repo == nil, found.status.code != 0, found.status.code != 2 { throw noStanza([]) }
    return found
  }

  /// Its messages may quote bytes of a file that it could not read, which no JSON holds.
  private static func json(_ output: [UInt8]) -> Data {
    Data(String(decoding: output.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self).utf8)
  }

  /// The files of a log archive, by what the server calls them.
  ///
  /// - Parameter archive: The directory of one server's log, `15-1`.
  package func log(_ archive: String) async throws -> [Artefact] {
    let answer = try await ask(["repo-ls", "--recurse", "--output=json", "archive/\(stanza)/\(archive)"] + chosen)
    try judge(answer.exit, "listing the log of stanza \(stanza)", isOpen: true)
    guard let all = try? JSONDecoder().decode([String: StoredFile].self, from: Data(answer.output)) else {
      throw Fault(.toolTooOld, "pgBackRest's list of the log archive cannot be understood")
    }
    return all.compactMap { path, file in
      guard file.type == "file", let name = PgBackRest.logName(path) else { return nil }
      return Artefact(
        location: "\(RepositoryPoint.location(.pgBackRest, stanza, archive, repository))/\(path)", name: name, bytes: file.size,
        modified: file.time.map { Timestamp(seconds: $0) })
    }
  }

  struct StoredFile: Decodable {
    var type: String
    var size: Int64?
    var time: Int64?
  }

  /// `0000000100000000/000000010000000000000003-3a63….zst` is the segment before the digest; histories have their own names.
  private static func logName(_ path: String) -> String? {
    guard let file = path.split(separator: "/").last else { return nil }
    let parts = file.split(separator: "-", maxSplits: 1)
    guard parts.count == 2, parts[1].prefix(40).utf8.count == 40 else { return String(file) }
    return String(parts[0])
  }

  /// A backup's own manifest as it lies in the repository, with every file's checksum in it: its place, size and SHA-256; nil where it
  /// cannot be had.
  package func manifest(of point: RepositoryPoint) async throws -> ArtefactRecord? {
    let command = try command(["repo-get", "--raw", "backup/\(stanza)/\(point.label)/backup.manifest"] + chosen)
    let (exit, found) = try await RepositoryAnswer.run(command, deadline: PgBackRest.patience, tools: tools) { file in
      let hash = SHA256()
      var bytes: Int64 = 0
      RepositoryAnswer.read(file) { part in
        hash.update(part)
        bytes += Int64(part.count)
        return true
      }
      return (digest: hash.finish(), bytes: bytes)
    }
    guard exit.isSuccess, found.bytes > 0 else { return nil }
    return ArtefactRecord(location: "\(point.location): backup.manifest", bytes: found.bytes, sha256: Hexadecimal.encode(found.digest))
  }

  /// Where a restore writes.
  package struct Destination: Sendable {
    /// An empty directory for the data, and one for tablespaces.
    package var data: String
    package var tablespaces: String
    /// A directory of the tool's own user, for its configuration and locks.
    package var work: String

    package init(data: String, tablespaces: String, work: String) {
      self.data = data
      self.tablespaces = tablespaces
      self.work = work
    }
  }

  /// Restores one backup with everything below it. Recovery is left to whoever starts the server.
  ///
  /// - Throws: `Fault`; a damaged or incomplete repository is a fault of the backup.
  package func restore(_ point: RepositoryPoint, to destination: Destination) async throws {
    let options = [
      "restore", "--stanza=\(stanza)", "--set=\(point.label)", "--pg1-path=\(destination.data)",
      "--tablespace-map-all=\(destination.tablespaces)", "--type=none", "--archive-mode=off", "--log-level-console=info",
    ]
    // A store on the network is asked again after a while; what a disk gives stays as it is.
    let exit = try await work(
      options + (configuration.usesNetwork ? [] : ["--job-retry=0"]), in: destination.work,
      writing: [destination.data, destination.tablespaces], reading: [], deadline: nil)
    try judge(exit, "restoring \(point.label)", isOpen: true)
  }

  /// Fetches one file of the log; false where the repository does not hold it.
  ///
  /// - Parameters:
  ///   - control: A directory with a copy of the server's `global/pg_control`, by which the tool finds the server's log.
  ///   - file: The path to write.
  package func fetch(_ name: String, control: String, to file: String, in work: String) async throws -> Bool {
    let options = ["archive-get", "--stanza=\(stanza)", "--pg1-path=\(control)", "--no-archive-async", name, file]
    let exit = try await self.work(options, in: work, writing: [], reading: [control], deadline: PgBackRest.patience)
    if exit.status == .exited(1) { return false }
    try judge(exit, "fetching \(InertText.line(name, limit: 60))", isOpen: true)
    return true
  }

  /// Writes the configuration for `restore` and `fetch` into a directory of the tool's user. To be called once.
  package func prepare(_ work: String) throws {
    try Accounts.writeFile("\(work)/pgbackrest.conf", configuration.text, owner: reader.user)
  }
}
