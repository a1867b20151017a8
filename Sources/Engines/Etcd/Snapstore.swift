import DrillModel
import Selecting

/// A store of etcd-backup-restore, as its names tell it: full snapshots, and deltas that build on them. Every full and every delta is a
/// recovery point.
struct Snapstore {
  /// A file of the store.
  struct Item {
    var name: SnapshotName
    var candidate: Candidate
  }

  private let items: [Item]
  /// What was rejected already.
  private let broken: [Broken]

  /// A file of the store that cannot be used.
  private struct Broken {
    var name: SnapshotName
    var reason: String
    var isSettling: Bool
  }

  private init(_ items: [Item], _ broken: [Broken]) {
    self.items = items.sorted { SnapshotName.isBefore($0.name, $1.name) }
    self.broken = broken
  }

  /// The survey with its files put together to recovery points; unchanged where none is of such a store.
  ///
  /// - Throws: `Fault` with code `configuration` when several stores lie there.
  static func assemble(_ survey: Survey) throws -> Survey {
    let items = survey.candidates.compactMap { candidate in
      SnapshotName(candidate.artefact.name).map { Item(name: $0, candidate: candidate) }
    }
    let broken = survey.rejected.compactMap { rejection in
      SnapshotName(rejection.artefact.name).map { name in
        // A copy has a new modification time; the name has the time at which the tool wrote it.
        let isYoung = name.taken + survey.rules.settle > survey.now
        return Broken(name: name, reason: rejection.reason, isSettling: rejection.isSettling && isYoung)
      }
    }
    guard !items.isEmpty || !broken.isEmpty else { return try refusingData(survey) }
    let stores = Set(items.map(\.name.store)).union(broken.map(\.name.store)).sorted()
    guard stores.count == 1 else {
      throw Fault(
        .configuration, "there are \(stores.count) snapstores in one place, which are of different clusters: \(list(stores))",
        advice: "Point `from` at one of them, or let `match` begin with its folder")
    }
    var result = survey
    let strangers = survey.candidates.filter { SnapshotName($0.artefact.name) == nil }
    // etcd-backup-restore passes over what is not named as it names things.
    result.leftOut.unmatched += strangers.count
    result.leftOut.examples = Array((strangers.map(\.artefact.name) + result.leftOut.examples).prefix(3))
    let points = Snapstore(items.filter { !$0.name.isChunk }, broken).points()
    result.candidates = points.candidates
    let others = survey.rejected.filter { SnapshotName($0.artefact.name).map { !$0.isChunk } ?? false }
    result.rejected = (others.map(dated) + points.rejected).sorted {
      ($0.time?.milliseconds ?? .min, $0.artefact.name) < ($1.time?.milliseconds ?? .min, $1.artefact.name)
    }
    return result
  }

  /// The data directory of a server, copied while it ran or not, is no snapshot; its newest file would be drilled otherwise.
  private static func refusingData(_ survey: Survey) throws -> Survey {
    var result = survey
    func isData(_ candidate: Candidate) -> Bool {
      let folders = candidate.artefact.name.split(separator: "/").dropLast()
      return candidate.artefact.kind == .file && (folders.contains("snap") || folders.contains("wal"))
    }
    for candidate in survey.candidates where isData(candidate) {
      result.rejected.append(
        Rejection(
          artefact: candidate.artefact, reason: "a file of a server's data directory, not a snapshot", time: candidate.order,
          isSettling: candidate.isSettling(rules: survey.rules, now: survey.now)))
    }
    result.candidates.removeAll(where: isData)
    return result
  }

  private static func dated(_ rejection: Rejection) -> Rejection {
    var copy = rejection
    copy.time = SnapshotName(rejection.artefact.name)?.taken ?? rejection.time
    return copy
  }

  private static func list(_ stores: [String]) -> String {
    stores.prefix(5).map { $0.isEmpty ? "(the root)" : InertText.line($0, limit: 100) }.joined(separator: ", ")
  }

  // MARK: Points

  /// How far the way from the last full snapshot is unbroken.
  private struct Way {
    var full: Item?
    var deltas: [Item] = []
    var last: Int64 = 0
    var breach: Breach?
  }

  /// Why nothing that comes now can be restored.
  private struct Breach {
    var reason: String
    /// Whether the file that it is for may still be arriving. The tool begins a delta when the one before it is stored, so that what is not there
    /// at all behind one that is will not come.
    var isSettling = false
  }

  /// Walks the files in the tool's order. A full snapshot begins a new way; a delta must begin where the way ends.
  private func points() -> (candidates: [Candidate], rejected: [Rejection]) {
    var (way, candidates, rejected) = (Way(), [Candidate](), [Rejection]())
    var brokenFulls = broken.filter { $0.name.kind == .full && !$0.name.isChunk }.sorted { SnapshotName.isBefore($0.name, $1.name) }[...]
    for item in items {
      // The tool restores from the newest full snapshot, whatever it holds.
      while let full = brokenFulls.first, SnapshotName.isBefore(full.name, item.name) {
        candidates += points(of: way)
        way = Way(
          breach: Breach(reason: "the full snapshot that it builds on is unusable (\(full.reason))", isSettling: full.isSettling))
        brokenFulls.removeFirst()
      }
      if item.name.kind == .full {
        candidates += points(of: way)
        way = Way(full: item, last: item.name.last)
        continue
      }
      extend(&way, with: item)
      guard let breach = way.breach ?? (way.full == nil ? Breach(reason: "no full snapshot comes before it") : nil) else { continue }
      let candidate = Candidate(artefact: item.candidate.artefact, time: item.name.taken, origin: .name)
      rejected.append(
        Rejection(
          artefact: item.candidate.artefact, reason: breach.reason, time: candidate.order, isSettling: breach.isSettling))
    }
    return (candidates + points(of: way), rejected)
  }

  /// The full snapshot and each delta of a way; all of them share one array of deltas.
  private func points(of way: Way) -> [Candidate] {
    guard let full = way.full else { return [] }
    let deltas = way.deltas.map(\.candidate.artefact)
    return [Candidate(artefact: full.candidate.artefact, time: full.name.taken, origin: .name)]
      + way.deltas.enumerated().map { index, delta in
        Candidate(artefact: full.candidate.artefact, chain: deltas[...index], time: delta.name.taken, origin: .name)
      }
  }

  private func extend(_ way: inout Way, with item: Item) {
    guard way.full != nil, way.breach == nil else { return }
    let isFirst = way.deltas.isEmpty
    // The name of a full snapshot may lag behind its content, so its first delta may overlap; the others follow on each other exactly.
    if isFirst ? item.name.start > way.last + 1 : item.name.start != way.last + 1 {
      way.breach = breach(from: way.last, to: item.name, isFirst: isFirst)
      return
    }
    way.deltas.append(item)
    way.last = isFirst ? max(way.last, item.name.last) : item.name.last
  }

  private func breach(from last: Int64, to name: SnapshotName, isFirst: Bool) -> Breach {
    guard name.start > last + 1 else {
      return Breach(
        reason:
          "its revisions \(name.start) to \(name.last) overlap those before it, which end at \(last): two backups ran at once, or files of "
          + "different clusters are mixed")
    }
    let hole = last + 1...name.start - 1
    let bad = broken.first { $0.name.kind == .delta && $0.name.start <= hole.upperBound && $0.name.last >= hole.lowerBound }
    let why = bad.map { "their file is unusable (\($0.reason))" } ?? "no file holds them"
    return Breach(
      reason:
        "the \(isFirst ? "first" : "middle") delta is missing: it needs revisions \(hole.lowerBound) to \(hole.upperBound), and \(why)",
      isSettling: bad?.isSettling ?? false)
  }
}
