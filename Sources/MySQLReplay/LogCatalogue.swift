import DrillModel
import EngineKit
import Selecting

/// The binary logs of an archive in order, from the one in which a backup ends.
struct LogCatalogue: Sendable {
  let location: String
  /// Of the logs that begin where the backup ends, by number.
  let logs: [(number: Int, artefact: Artefact)]
  /// The number behind the last one that follows without a hole, where there is a later one.
  let hole: (missing: Int, next: Int)?
  let base: String

  /// - Throws: `Fault` with code `nothing_to_restore` or `restore_failed` when the backup's own log is not there.
  init(_ archive: LogArchive, startingAt start: BinaryLogPosition) async throws {
    guard let first = BinaryLogName(start.file) else {
      throw Fault(.backupDamaged, "the backup names a binary log that none can have: \(InertText.line(start.file, limit: 80))")
    }
    let listed = try await archive.list()
    let named = listed.compactMap { artefact -> (BinaryLogName, Artefact)? in
      guard case .file = artefact.kind, let name = BinaryLogName(artefact.name) else { return nil }
      return (name, artefact)
    }
    var newest: [Int: Artefact] = [:]
    for (name, artefact) in named where name.base == first.base {
      // A log and its compressed copy may both be there for a while; what came later is the more whole.
      if let other = newest[name.number], other.order >= artefact.order { continue }
      newest[name.number] = artefact
    }
    guard !newest.isEmpty else {
      let others = Set(named.map(\.0.base)).sorted().prefix(3).map { InertText.line($0, limit: 40) }.joined(separator: ", ")
      throw Fault(
        .nothingToRestore,
        "\(archive.location) holds no binary log \(first.base).NNNNNN" + (others.isEmpty ? "" : ", but logs named \(others)"),
        advice: "Check `logs`, and whether they are of the server that was backed up")
    }
    guard newest[first.number] != nil else {
      throw Fault(
        .restoreFailed, "the binary log \(start.file), in which the backup ends, is missing in \(archive.location)",
        advice: "Keep logs at least as long as the oldest backup that they are to roll forward")
    }
    let numbers = newest.keys.filter { $0 >= first.number }.sorted()
    var following: [(number: Int, artefact: Artefact)] = []
    var hole: (missing: Int, next: Int)?
    for number in numbers {
      guard number == first.number + following.count else {
        hole = (first.number + following.count, number)
        break
      }
      if let artefact = newest[number] { following.append((number, artefact)) }
    }
    location = archive.location
    logs = following
    self.hole = hole
    base = first.base
  }

  /// Bytes stored of all that may be read, where known.
  var bytes: Int64? { logs.reduce(Optional(0)) { sum, log in sum.flatMap { sum in log.artefact.bytes.map { sum + $0 } } } }

  func holeFault(_ target: ReplayTarget) -> Fault? {
    guard let hole else { return nil }
    return Fault(
      .restoreFailed,
      "the binary log \(base).\(LogCatalogue.padded(hole.missing)) is missing in \(location), and \(base).\(LogCatalogue.padded(hole.next)) is there: \(target.description) cannot be reached",
      advice: "Everything behind the hole is lost to this backup; find out why the log was not kept, and take a new backup")
  }

  static func padded(_ number: Int) -> String { String(repeating: "0", count: max(0, 6 - String(number).count)) + String(number) }
}

extension Artefact {
  fileprivate var order: Timestamp { modified ?? Timestamp(milliseconds: .min) }
}
