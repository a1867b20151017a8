import DrillModel
import EngineKit
import Selecting
import Synchronization
import ToolRunner

/// Opens what a recovery point needs beside its first artefact, and remembers what came of each.
struct LinkOpener: Sendable {
  let source: any BackupSource
  let unwrapper: Unwrapper
  /// How long opening one may take.
  let limit: Duration
  /// Told of each that came through whole.
  let arrived: @Sendable (Artefact, StreamSummary?) -> Void

  func open(_ artefact: Artefact) async throws -> OpenedLink {
    let (source, arrived) = (source, arrived)
    let late = Fault(
      .sourceUnreachable, "\(artefact.location) could not be opened within \(limit.readable)",
      advice: "Check the store, or raise deadlines.select", isTransient: true)
    switch try await withDeadline(limit, otherwise: late, { try await source.open(artefact) }) {
    case .file(let descriptor, _, let bytes): return try await unwrap(StoredStream(descriptor, bytes: bytes), artefact)
    case .stream(let stored): return try await unwrap(stored, artefact)
    case .directory(let path): return OpenedLink(.directory(path: path), finishing: { arrived(artefact, nil) })
    case .handle:
      throw Fault(
        .configuration, "\(artefact.location) gives no bytes, and nothing can be applied from it", advice: "Look at what `from` names")
    }
  }

  private func unwrap(_ stored: StoredStream, _ artefact: Artefact) async throws -> OpenedLink {
    let stream = try await unwrapper.open(
      stored.descriptor, name: artefact.name, bytes: stored.bytes, expectedSHA256: stored.expectedSHA256 ?? artefact.expectedSHA256,
      feed: stored.feed)
    return OpenedLink(
      .stream(stream.descriptor), head: stream.head,
      finishing: { [arrived] in arrived(artefact, try await stream.finish()) }, stopping: { stream.stop() })
  }
}

/// What came through whole beside the first artefact of a recovery point.
final class Arrivals: Sendable {
  private struct Found {
    var links: [String: ArtefactRecord] = [:]
    var logs: [String: Int64] = [:]
    var firstLog: String?
    var lastLog: String?
  }

  private let found = Mutex(Found())

  func link(_ artefact: Artefact, _ summary: StreamSummary?) {
    let record = ArtefactRecord(location: artefact.location, bytes: summary?.storedBytes ?? artefact.bytes, sha256: summary?.sha256)
    found.withLock { $0.links[artefact.location] = record }
  }

  /// Of logs there may be very many, and one may be read more than once, so that only their names' ends and bytes are kept.
  func log(_ artefact: Artefact, _ summary: StreamSummary?) {
    found.withLock { found in
      found.logs[artefact.name] = summary?.storedBytes ?? artefact.bytes ?? 0
      found.firstLog = found.firstLog.map { min($0, artefact.name) } ?? artefact.name
      found.lastLog = found.lastLog.map { max($0, artefact.name) } ?? artefact.name
    }
  }

  /// Those of a chain that were not read to their end, which a restored system must not be without.
  func missing(of chain: ArraySlice<Artefact>) -> [Artefact] {
    let links = found.withLock { $0.links }
    return chain.filter { links[$0.location] == nil }
  }

  /// The chain for the record, with digests of what was read, and the logs that were read, in one line.
  func records(of chain: ArraySlice<Artefact>, logs location: String?) -> [ArtefactRecord] {
    let found = found.withLock { $0 }
    let links = chain.map { found.links[$0.location] ?? ArtefactRecord(location: $0.location, bytes: $0.bytes, sha256: nil) }
    guard let location, let first = found.firstLog, let last = found.lastLog else { return links }
    let names = first == last ? first : "\(first) to \(last), \(found.logs.count) files"
    return links + [ArtefactRecord(location: "\(location): \(names)", bytes: found.logs.values.reduce(0, +), sha256: nil)]
  }
}
