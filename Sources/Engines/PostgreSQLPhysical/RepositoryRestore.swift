import DrillModel
import EngineKit
import Foundation
import Glibc
import RepositoryKit
import ToolRunner

/// Lets a backup tool restore from its own repository into the run's directory.
struct RepositoryRestore: Sendable {
  let context: EngineContext
  let confinement: Confinement
  let point: RepositoryPoint

  /// What came of it.
  struct Outcome: Sendable {
    var log: RepositoryLog
    var artefacts: [ArtefactRecord]
    var notes: [String]
    /// Whether the tool compared every file with a checksum while it wrote it.
    var isVerified: Bool
  }

  private var work: String { "\(context.directory)/repository" }

  /// - Parameters:
  ///   - data: A directory that is not there yet; it is the run's user's in the end.
  ///   - tablespaces: The same, for tablespaces.
  func run(to data: String, tablespaces: String) async throws -> Outcome {
    switch point.tool {
    case .pgBackRest: try await pgBackRest(data, tablespaces)
    case .barman: try await barman(data, tablespaces)
    }
  }

  private func pgBackRest(_ data: String, _ tablespaces: String) async throws -> Outcome {
    let tool = try PgBackRest(
      stanza: point.owner, configuration: point.configuration, repository: point.repository, run: context.user, tools: context.tools)
    try makeDirectories([data, tablespaces, work], for: tool.reader)
    try tool.prepare(work)
    let version = try await tool.version()
    try await tool.restore(point, to: PgBackRest.Destination(data: data, tablespaces: tablespaces, work: work))
    try await own([data, tablespaces], tool.reader)
    let control = try copyControl(of: data, for: tool.reader)
    let log = RepositoryLog(
      work: work, location: "the archive of stanza \(point.owner)", user: confinement.user,
      listing: { [point] in
        guard let archive = point.archive else { return [] }
        return try await tool.log(archive)
      },
      fetching: { [work] name, directory in
        try await tool.fetch(name, control: control, to: "\(directory)/\(name)", in: work)
      })
    var note = "pgBackRest \(version) restored it and compared every file with its checksum"
    if let taken = point.takenBy, taken != version { note += "; pgBackRest \(taken) had taken it" }
    return Outcome(
      log: log, artefacts: references + [try await tool.manifest(of: point)].compactMap(\.self), notes: [note, untold],
      isVerified: true)
  }

  private func barman(_ data: String, _ tablespaces: String) async throws -> Outcome {
    let tool = try Barman(
      server: point.owner, configuration: point.configuration, run: context.user, tools: context.tools)
    try makeDirectories([data, tablespaces, work], for: tool.reader)
    try tool.prepare(work)
    let version = try await tool.version(in: work)
    try await tool.restore(point, to: data, tablespaces: tablespaces, in: work)
    try await own([data, tablespaces], tool.reader)
    let log = RepositoryLog(
      work: work, location: "the archive of Barman's server \(point.owner)", user: confinement.user, listing: { try await tool.log() },
      fetching: { [work] name, directory in try await tool.fetch(name, into: directory, work: work) }, directoryOwner: tool.reader.user)
    return Outcome(
      log: log, artefacts: [try await tool.entry(of: point.label)].compactMap(\.self), notes: ["Barman \(version) restored it", untold],
      isVerified: false)
  }

  /// What cannot be had is said rather than left to be wondered about.
  private var untold: String {
    "\(point.tool.name) read the repository itself, so the record has the catalogue's sizes and no digest of the backup's bytes"
  }

  private var references: [ArtefactRecord] {
    point.references.map { reference in
      ArtefactRecord(location: point.location(of: reference.label), bytes: reference.bytes, sha256: nil)
    }
  }

  private func makeDirectories(_ paths: [String], for reader: RepositoryReader) throws {
    for path in paths { try Accounts.makeDirectory(path, owner: reader.user, mode: 0o700) }
  }

  /// Gives what the tool wrote as its own user to the run's; links themselves, never what they lead to.
  private func own(_ paths: [String], _ reader: RepositoryReader) async throws {
    guard reader.isOther, let user = confinement.user else { return }
    let exit = try await context.tools.run(
      ToolCommand("/bin/chown", ["-R", "-P", "--no-dereference", "\(user.uid):\(user.gid)", "--"] + paths))
    if exit.status == .cancelled { throw CancellationError() }
    guard exit.isSuccess else {
      throw Fault(.scratchUnusable, "the restored files cannot be given to the run's user: \(InertText.line(exit.errorText, limit: 200))")
    }
  }

  /// By this file pgBackRest finds which server's log is asked for. The data itself is no business of a tool that fetches log.
  private func copyControl(of data: String, for reader: RepositoryReader) throws -> String {
    let control = "\(work)/control"
    try Accounts.makeDirectory(control, owner: reader.user, mode: 0o700)
    try Accounts.makeDirectory("\(control)/global", owner: reader.user, mode: 0o700)
    let bytes = SmallText.bytes("\(data)/global/pg_control", limit: 64 << 10)
    let path = "\(control)/global/pg_control"
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Fault(.scratchUnusable, "\(path) cannot be written: \(systemMessage(errno))") }
    defer { close(file) }
    guard write(file, bytes, bytes.count) == bytes.count, reader.user.map({ fchown(file, $0.uid, $0.gid) == 0 }) ?? true else {
      throw Fault(.scratchUnusable, "\(path) cannot be written: \(systemMessage(errno))")
    }
    return control
  }
}
