import DrillModel
import EngineKit
import Foundation
import Glibc
import Selecting
import Synchronization
import ToolRunner

/// The log in a backup tool's repository, fetched by the tool file by file, as an archive that a roll-forward can pull from.
final class RepositoryLog: Sendable {
  private let work: String
  private let location: String
  private let listing: @Sendable () async throws -> [Artefact]
  private let fetching: @Sendable (_ name: String, _ directory: String) async throws -> Bool
  private let owner: Box.User?
  private let state = Mutex(Fetched())

  private struct Fetched {
    var count = 0
    var stored: [String: Int64] = [:]
  }

  /// - Parameters:
  ///   - work: A directory of the tool's user, for what is fetched.
  ///   - fetching: Fetches a file into a directory; false where it is not there.
  ///   - directoryOwner: The tool's user; that of the run where it is nil.
  init(
    work: String, location: String, user: Box.User?, listing: @escaping @Sendable () async throws -> [Artefact],
    fetching: @escaping @Sendable (_ name: String, _ directory: String) async throws -> Bool, directoryOwner: Box.User? = nil
  ) {
    self.work = work
    self.location = location
    self.listing = listing
    self.fetching = fetching
    owner = directoryOwner ?? user
  }

  var archive: LogArchive { LogArchive(location: location, listing: listing, opening: { try await self.open($0) }) }

  /// What was fetched, in one line of the record; nil where nothing was.
  var record: ArtefactRecord? {
    let stored = state.withLock { $0.stored }
    guard let first = stored.keys.min(), let last = stored.keys.max() else { return nil }
    let names = first == last ? first : "\(first) to \(last), \(stored.count) files"
    return ArtefactRecord(location: "\(location): \(names)", bytes: stored.values.reduce(0, +), sha256: nil)
  }

  private func open(_ artefact: Artefact) async throws -> OpenedLink {
    let number = state.withLock { state in
      state.count += 1
      return state.count
    }
    let directory = "\(work)/fetch-\(number)"
    try Accounts.makeDirectory(directory, owner: owner, mode: 0o700)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    guard try await fetching(artefact.name, directory) else {
      throw Fault(
        .restoreFailed, "\(InertText.line(artefact.name, limit: 60)) is listed in \(location) and cannot be fetched: it is not there",
        advice: "Find out what removed it, and take a new backup")
    }
    let raw = Glibc.open("\(directory)/\(artefact.name)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard raw >= 0 else {
      throw Fault(.scratchUnusable, "the fetched \(InertText.line(artefact.name, limit: 60)) cannot be opened: \(systemMessage(errno))")
    }
    // The open file outlives its name.
    let file = Descriptor(owning: raw)
    var head = [UInt8](repeating: 0, count: 64 << 10)
    let count = pread(raw, &head, head.count, 0)
    state.withLock { $0.stored[artefact.name] = artefact.bytes ?? 0 }
    return OpenedLink(.stream(file), head: Array(head.prefix(max(0, count))))
  }
}
