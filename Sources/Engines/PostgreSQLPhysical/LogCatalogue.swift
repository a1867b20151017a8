import DrillModel
import EngineKit
import Selecting

/// What of a log archive matters to one restore.
struct LogCatalogue: Sendable {
  let location: String
  let size: UInt64
  private(set) var segments: [Segment: Artefact] = [:]
  private(set) var histories: [UInt32: Artefact] = [:]
  /// The files that tell where the backup ended.
  private(set) var backupHistories: [Artefact] = []
  /// The newest segment of any timeline, older ones than the backup included.
  private(set) var newest: Segment?
  private(set) var partial: String?
  /// Folders, which a listing names and does not look into.
  private(set) var folders = 0

  /// - Parameters:
  ///   - first: The segment in which the backup began; older ones are left out.
  ///   - size: Bytes of a segment.
  init(_ artefacts: [Artefact], location: String, from first: UInt64, size: UInt64) {
    self.location = location
    self.size = size
    folders = artefacts.count { $0.kind == .directory }
    for artefact in artefacts where artefact.kind == .file {
      guard let name = artefact.name.split(separator: "/").last, let file = LogFile(name, size: size) else { continue }
      switch file {
      case .segment(let segment):
        if newest.map({ ($0.number, $0.timeline) < (segment.number, segment.timeline) }) ?? true { newest = segment }
        guard segment.number >= first else { continue }
        // Where the same segment lies there twice, the one without a compression.
        if let other = segments[segment], other.name.utf8.count <= artefact.name.utf8.count { continue }
        segments[segment] = artefact
      case .history(let timeline): histories[timeline] = artefact
      case .backupHistory(let segment): if segment.number == first { backupHistories.append(artefact) }
      case .partial(let segment): partial = max(partial ?? "", segment.name(size: size))
      }
    }
  }

  var isEmpty: Bool { newest == nil }

  /// The highest timeline that anything in the archive belongs to.
  var newestTimeline: UInt32 { max(segments.keys.map(\.timeline).max() ?? 0, histories.keys.max() ?? 0) }

  /// Where the server will look for a segment first.
  func candidate(_ number: UInt64, on chain: TimelineChain) -> Segment? {
    chain.timelines(of: number, size: size).lazy.map { Segment(timeline: $0, number: number) }.first { segments[$0] != nil }
  }

  /// The numbers of segments that the chain can use, in order.
  func numbers(on chain: TimelineChain) -> [UInt64] {
    let numbers = segments.keys.filter { chain.timelines(of: $0.number, size: size).contains($0.timeline) }.map(\.number)
    return Set(numbers).sorted()
  }

  /// A gap: the first segment that is missing, and the next one that is there.
  struct Hole: Sendable, Hashable {
    var missing: UInt64
    var next: UInt64
  }

  /// The first gap from `first` on.
  ///
  /// - Parameter local: Segments that the backup brought itself.
  func hole(from first: UInt64, on chain: TimelineChain, local: Set<UInt64>) -> Hole? {
    var expected = first
    for number in numbers(on: chain) where number >= first {
      while expected < number, local.contains(expected) { expected += 1 }
      if expected < number { return Hole(missing: expected, next: number) }
      expected = number + 1
    }
    return nil
  }

  func name(_ number: UInt64, on chain: TimelineChain) -> String {
    Segment(timeline: chain.timelines(of: number, size: size).first ?? chain.newest, number: number).name(size: size)
  }
}
