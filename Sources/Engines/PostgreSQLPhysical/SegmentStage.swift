import DrillModel
import EngineKit
import Glibc
import ToolRunner

/// Holds the next few segments of the log ready in the staging directory, so that fetching one and replaying another go on at once.
///
/// It never holds more than a window of them, however long the log is.
actor SegmentStage {
  private let file: SegmentFile
  private let chain: TimelineChain
  private let window: UInt64
  private var coming: [Segment: (name: String, fetch: Task<Void, any Error>)] = [:]
  /// What the server waits for now.
  private var awaited: Task<Void, any Error>?
  private var count = 0

  /// Segments in the window, and the bytes that they may take together where they are large.
  private static let most: UInt64 = 6
  private static let mostBytes: UInt64 = 256 << 20

  init(_ file: SegmentFile, chain: TimelineChain) {
    self.file = file
    self.chain = chain
    window = max(1, min(SegmentStage.most, SegmentStage.mostBytes / max(1, file.catalogue.size)))
  }

  /// The name in the staging directory under which a segment lies whole; it is the caller's from then on.
  ///
  /// - Throws: what fetching throws.
  func take(_ segment: Segment) async throws -> String {
    let own = coming.removeValue(forKey: segment) ?? begin(segment)
    forget(outside: segment.number)
    // What comes next is fetched while this one is awaited and replayed.
    for number in (segment.number + 1)..<(segment.number + window) {
      guard let next = file.catalogue.candidate(number, on: chain) else { break }
      if coming[next] == nil { coming[next] = begin(next) }
    }
    awaited = own.fetch
    try await own.fetch.value
    return own.name
  }

  /// Ends whatever is being fetched.
  func stop() async {
    let all = coming.values.map(\.fetch) + (awaited.map { [$0] } ?? [])
    coming = [:]
    for fetch in all { fetch.cancel() }
    for fetch in all { _ = try? await fetch.value }
  }

  private func begin(_ segment: Segment) -> (name: String, fetch: Task<Void, any Error>) {
    count += 1
    let name = "segment-\(count)"
    let file = file
    return (name, Task { try await file.fetch(segment, as: name) })
  }

  /// Drops what the server went past, as at a switch of timelines or when it reads a segment again.
  private func forget(outside number: UInt64) {
    for (segment, one) in coming where segment.number <= number || segment.number >= number + window {
      coming[segment] = nil
      one.fetch.cancel()
      let staging = file.staging
      Task {
        _ = try? await one.fetch.value
        unlinkat(staging.raw, one.name, 0)
      }
    }
  }
}
